"""`freeze --plain`: graphs for other programs, also of graphs that are frozen."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from helpers.__main__ import cli
from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from helpers.graphs.fingerprint import fingerprint
from helpers.graphs.model_card import card_in
from helpers.serving.frozen_model import FrozenModel
from tests.freezing.small_models import looked_up, read, save

SHIPPED = Path(__file__).parents[2] / "checkpoints" / "frozen" / "dogs-cats" / "1.pb"


def test_the_card_is_beside_a_plain_graph_and_not_in_it(prefix, tmp_path):
    report = freeze(prefix, outputs="y", output=tmp_path / "m.pb", plain=True)
    graph_def = read(report.output)
    card = json.loads((tmp_path / "m.json").read_text())
    assert card_in(graph_def) is None
    assert card == report.card
    assert card["fingerprint"] == fingerprint(graph_def)
    assert report.nodes[1] == len(graph_def.node)


def test_a_plain_copy_of_a_frozen_graph_gets_a_name_of_its_own(prefix, tmp_path):
    frozen = freeze(prefix, outputs="y", output=tmp_path / "m.pb", weights="float16")
    copy = freeze(frozen.output, plain=True)
    assert copy.output == tmp_path / "m-plain.pb"
    assert copy.proof.verdict == "exact"


def test_a_plain_graph_verifies_against_its_checkpoint(prefix, tmp_path):
    plain = freeze(prefix, outputs="y", output=tmp_path / "m.pb", plain=True).output
    assert verify(plain, prefix).proof.verdict == "exact"


def test_a_plain_copy_keeps_the_card_of_the_frozen_graph(prefix, tmp_path):
    frozen = freeze(
        prefix, outputs="y", output=tmp_path / "m.pb", class_names="a,b,c"
    ).card
    copied = freeze(tmp_path / "m.pb", plain=True).card
    changed = {key for key in copied if copied[key] != frozen.get(key)}
    assert changed <= {"plain", "fingerprint"}
    assert copied["checkpoint"]["sha256"]


def test_a_plain_copy_of_a_table_is_filled_as_the_card_says(tmp_path):
    freeze(save(looked_up, tmp_path), outputs="y", output=tmp_path / "m.pb")
    report = freeze(tmp_path / "m.pb", plain=True)
    assert report.card["initialisers"]
    assert report.proof.verdict == "exact"


def test_a_plain_copy_of_a_shipped_model_is_served_alike(tmp_path):
    report = freeze(SHIPPED, output=tmp_path / "1.pb", plain=True)
    images = np.random.default_rng(1).integers(0, 256, [3, 128, 128, 3], np.uint8)
    with FrozenModel.load(SHIPPED) as ours, FrozenModel.load(report.output) as plain:
        assert plain.class_names == ours.class_names
        assert np.allclose(plain.predict(images), ours.predict(images), atol=1e-6)


def test_weights_in_16_bits_are_not_plain(prefix, tmp_path):
    with pytest.raises(FreezeError, match="bfloat16 needs casts") as caught:
        freeze(prefix, output=tmp_path / "m.pb", weights="bfloat16", plain=True)
    assert caught.value.fix == "leave out --plain or --weights"
    assert not list(tmp_path.iterdir())


def test_a_card_that_cannot_be_written_leaves_no_graph(prefix, tmp_path):
    (tmp_path / "m.json").mkdir()
    with pytest.raises(FreezeError, match="cannot be written"):
        freeze(prefix, outputs="y", output=tmp_path / "m.pb", plain=True)
    assert not (tmp_path / "m.pb").exists()


def test_a_frozen_graph_without_plain_is_refused_and_plain_is_named(prefix, tmp_path):
    frozen = freeze(prefix, outputs="y", output=tmp_path / "m.pb").output
    with pytest.raises(FreezeError, match="frozen already") as caught:
        freeze(frozen)
    assert "--plain" in caught.value.fix


def test_the_command_says_where_the_card_is(prefix, tmp_path):
    arguments = ["freeze", prefix, "--output-node-names", "y", "--plain"]
    made = CliRunner().invoke(cli, [*arguments, "--output", f"{tmp_path}/m.pb"])
    assert made.exit_code == 0, made.output
    assert f"{tmp_path}/m.pb, its card {tmp_path}/m.json" in made.stdout
