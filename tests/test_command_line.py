"""`python -m helpers train` and `predict`, in a temporary working directory."""

import json
import math
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from helpers.__main__ import cli
from helpers.checkpoints.checkpoint import card_of
from helpers.data import progress
from helpers.data.data_sets import find_data_set
from helpers.data.decoding import decode_photo
from helpers.data.drawings import draw
from helpers.data.photos import load_photos
from helpers.freezing.by_session import freeze_by_session
from helpers.locks import locked
from helpers.serving.frozen_model import FrozenModel
from helpers.training import runs
from helpers.training.network_session import NetworkSession

ROOT = Path(__file__).parent.parent
KINDS = ("cat", "dog", "rabbit")
PREFIX = "checkpoints/small/model-ckpt"


class Folder:
    """A working directory with data/, where commands run."""

    def __init__(self, root):
        self.root = root
        self.prefix = str(root / PREFIX)

    def start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "helpers", *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments):
        """Exit status, standard output and standard error."""
        process = self.start(*arguments)
        try:
            output, errors = process.communicate(timeout=120)
        finally:
            process.kill()
        return process.returncode, output, errors

    def epochs_done(self):
        """Whole epochs in the latest checkpoint, by its step counter."""
        data_set = find_data_set(self.root / "data")
        steps = math.ceil(len(load_photos(data_set, 8).of("train").labels) / 32)
        latest = tf.train.latest_checkpoint(str(Path(self.prefix).parent))
        return tf.train.load_variable(latest, "training/global_step") / steps


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three classes of drawings as PNG files, twenty of each."""
    root = tmp_path_factory.mktemp("work")
    for kind in KINDS:
        photos = root / "data" / "pets" / kind
        photos.mkdir(parents=True)
        for seed in range(20):
            draw(kind, seed).save(photos / f"{seed}.png")
    return Folder(root)


@pytest.fixture(scope="module")
def killed(folder):
    """The output of a training that was killed (-9) after printing its first epoch."""
    process = folder.start("train", "--epochs", "500")
    printed = []
    try:
        for line in process.stdout:
            printed.append(line)
            if line.startswith("epoch   1"):
                break
    finally:
        process.kill()
        printed.append(process.communicate()[1])
    return "".join(printed)


@pytest.fixture(scope="module")
def resumed(folder, killed):
    """The same command again: epochs in the checkpoint, exit status, output, errors."""
    done = folder.epochs_done()
    return done, *folder.run("train", "--epochs", str(int(done) + 1))


@pytest.fixture(scope="module")
def pets(folder, resumed):
    """The trained network, frozen."""
    outputs = ["y_pred", "model_card"]
    graph_def = freeze_by_session(f"{folder.prefix}.meta", folder.prefix, outputs)
    path = folder.root / "checkpoints" / "frozen" / "pets" / "3.pb"
    path.parent.mkdir(parents=True)
    path.write_bytes(graph_def.SerializeToString())
    return path


@pytest.fixture
def command(folder, monkeypatch):
    """Runs a command in this process, which has already imported TensorFlow."""
    monkeypatch.chdir(folder.root)
    return lambda *arguments: CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.fixture
def unsure(small, tmp_path):
    """A model whose threshold is 1."""
    path = shutil.copy(small.path, tmp_path / "unsure.pb")
    path.with_suffix(".json").write_text('{"threshold": 1}')
    return path


# help


def test_help_answers_at_once_and_without_tensorflow(folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "helpers", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert "Usage: python -m helpers" in shown.stdout
    assert not {"tensorflow", "numpy", "PIL"} & set(shown.stderr.split())
    assert seconds < 2


@pytest.mark.parametrize("name", ["download", "train", "freeze", "predict", "leak"])
def test_help_names_every_command(command, name):
    assert f"\n  {name} " in command("--help").stdout


# train


def test_the_first_lines_name_the_examples_the_time_and_the_first_epoch(killed):
    first, expected, epoch, *_ = killed.splitlines()
    assert first.startswith("training small on 60 photos in pets (20 cat, 20 dog")
    assert re.fullmatch(r"expected: \d+ min at the pace of the first steps", expected)
    assert epoch.split()[:3] == ["epoch", "1", "loss"]


@pytest.mark.ci
def test_a_killed_training_resumes_after_the_last_epoch_it_saved(folder, resumed):
    done, status, output, errors = resumed
    assert (status, errors) == (0, "")
    assert "resuming after " in output
    assert done == int(done) >= 1
    assert f"epoch {int(done) + 1:3}  loss" in output
    assert f"epoch {int(done):3}  loss" not in output
    assert folder.epochs_done() == done + 1


def test_training_ends_with_how_to_freeze(resumed):
    last = resumed[2].splitlines()[-1]
    assert last == (
        f"freeze it: python -m helpers freeze --meta {PREFIX}.meta --prefix {PREFIX}"
    )


def test_any_classes_are_learned_by_the_same_command(folder, resumed):
    card = card_of(f"{folder.prefix}.meta")
    assert card["class_names"] == ["cat", "dog", "rabbit"]
    assert list(card["held_out"]) == ["photos"]


def test_the_card_records_the_whole_command(folder, resumed):
    card = card_of(f"{folder.prefix}.meta")
    assert card["train_command"] == (
        "python -m helpers train data --network small --out checkpoints/small "
        f"--seed 1 --epochs {card['epochs']:g}"
    )


def test_training_ends_with_the_confusion_matrix(resumed):
    *_, head, cat, dog, rabbit, _ = resumed[2].splitlines()
    words = ["true", "class", "answer", "cat", "answer", "dog", "answer", "rabbit"]
    assert head.split() == [*words, "right"]
    assert [line.split()[0] for line in (cat, dog, rabbit)] == ["cat", "dog", "rabbit"]


def test_a_finished_training_asked_again_ends_before_it_decodes_a_photo(
    command, resumed, folder, monkeypatch
):
    def refuse(*arguments):
        raise AssertionError("a photo was read")

    monkeypatch.setattr(runs, "index_photos", refuse)
    epochs = int(resumed[0]) + 1
    again = command("train", "--epochs", epochs)
    assert again.exit_code == 0, again.stderr
    assert again.stdout.startswith(
        f"checkpoints/small holds this training, finished after {epochs} epochs: "
        "nothing to do (held out: "
    )


def test_a_finished_training_of_other_photos_is_not_this_one(command, resumed, folder):
    photo = folder.root / "data" / "pets" / "cat" / "new.png"
    draw("cat", 999).save(photo)
    try:
        refused = command("train", "--epochs", int(resumed[0]) + 1)
    finally:
        photo.unlink()
    assert refused.exit_code == 2
    assert "holds another training: its data is" in refused.stderr


@pytest.mark.ci
def test_sigterm_saves_what_was_learned(folder):
    process = folder.start("train", "--epochs", "500", "--out", "checkpoints/ended")
    try:
        for line in process.stdout:
            if line.startswith("epoch   1"):
                break
        process.terminate()
        errors = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGTERM
    assert errors.endswith("finished steps are saved; the same command resumes\n")
    latest = tf.train.latest_checkpoint(str(folder.root / "checkpoints" / "ended"))
    assert tf.train.load_variable(latest, "training/global_step") >= 2


def test_what_is_left_out_is_said_and_named_in_a_file(command, tmp_path):
    for number, kind in enumerate(("cat", "dog")):
        (tmp_path / "pets" / kind).mkdir(parents=True)
        for seed in range(30 - 15 * number):
            draw(kind, seed, 32).save(tmp_path / "pets" / kind / f"{seed}.png")
    (tmp_path / "pets" / "cat" / "a.avif").write_bytes(b"x")
    (tmp_path / "pets" / "cat" / "b.jpg").write_bytes(b"x")
    (tmp_path / "pets" / "fish").mkdir()
    done = command("train", tmp_path / "pets", "--out", tmp_path / "out", "--epochs", 1)
    assert done.exit_code == 0, done.stderr
    for line in (
        "note: the classes are imbalanced: 30 cat, 15 dog; always answering cat would "
        "be right for 66.7%",
        "note: the images have 32 pixels a side, as no photo is larger than that; "
        "--image-size N changes it",
        "left out: 1 in pets: a folder without photos is no class: fish",
        "left out: 1 in pets/cat: not named like a photo (.avif): a.avif",
        "left out: 3 in all, each named in left_out.txt",
    ):
        assert line in done.stderr.splitlines()
    named = (tmp_path / "out" / "left_out.txt").read_text().splitlines()
    assert [Path(line.split(":")[0]).name for line in named] == [
        "a.avif",
        "b.jpg",
        "fish",
    ]


@pytest.mark.ci
def test_without_a_terminal_there_are_lines_within_an_epoch(
    command, folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.05)
    done = command("train", "--out", tmp_path / "out", "--epochs", 1)
    assert done.exit_code == 0
    lines = [line for line in done.stderr.splitlines() if "1/1, steps: " in line]
    assert re.fullmatch(r"epoch 1/1, steps: \d of 2", lines[0])
    progress.print_progress_lines(False)


def test_no_photos_are_an_error_unless_drawings_are_asked_for(command, tmp_path):
    refused = command("train", tmp_path)
    assert refused.exit_code == 2
    assert refused.stderr == (
        f"train: there are no photos in {tmp_path}: expected one folder of photos per "
        "class, for instance cat/ and dog/; --drawings trains on drawings instead\n"
    )


def test_a_second_training_in_a_folder_is_refused(command, tmp_path):
    with locked(tmp_path) as free:
        assert free
        refused = command("train", "--out", tmp_path)
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1] == (
        f"train: another training runs in {tmp_path}: wait until it ends, or choose "
        "another folder with --out"
    )
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_says_that_the_same_command_resumes(command, tmp_path, monkeypatch):
    def interrupted(session, images, targets, rate):
        if rate:  # the steps that measure the expected time have rate 0
            raise KeyboardInterrupt

    monkeypatch.setattr(NetworkSession, "step", interrupted)
    stopped = command("train", "--out", tmp_path / "new")
    assert stopped.exit_code == 130
    assert stopped.stderr == (
        "\nstopped; finished steps are saved; the same command resumes\n"
    )
    assert (tmp_path / "new" / "model-ckpt-0.index").exists()


@pytest.mark.parametrize(
    "out",
    [
        "checkpoints/frozen",
        "checkpoints/frozen/dogs-cats",
        "checkpoints/small/../frozen/dogs-cats",
        "{root}/checkpoints/frozen/a",
    ],
)
def test_training_never_writes_over_what_is_served(command, folder, out):
    out = out.format(root=folder.root)
    refused = command("train", "--out", out)
    assert refused.exit_code == 2
    assert refused.stderr == (
        f"train: {out} is where finished models are served from: choose another\n"
    )


def test_another_trainings_folder_is_refused(command, resumed):
    refused = command("train", "--seed", 2)
    assert refused.exit_code == 2
    assert refused.stderr == (
        "train: checkpoints/small holds another training: its seed is 1, not 2; "
        "choose another folder with --out, or remove this one\n"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("nowhere", "train: there is no folder nowhere"),
        ("one", "train: one has one class only"),
        ("two", "train: 2 photos in two (1 cat, 1 dog) are too few: by their hashes"),
    ],
)
def test_data_that_is_no_data_set_is_one_sentence(command, folder, data, message):
    for photo in ("one/cat/1.png", "two/cat/1.png", "two/dog/1.png"):
        (folder.root / photo).parent.mkdir(parents=True, exist_ok=True)
        draw(Path(photo).parent.name, 1, 32).save(folder.root / photo)
    refused = command("train", data)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(message)
    assert refused.stderr.count("\n") == 1


def test_a_seed_below_nothing_is_refused(command):
    refused = command("train", "--seed", "-1")
    assert refused.exit_code == 2
    assert "-1 is not in the range x>=0" in refused.stderr


# predict


@pytest.fixture(scope="module")
def answered(folder, pets):
    """Predictions as JSON for two photos, a text file and a missing file."""
    (folder.root / "notes é.txt").write_text("not a photo")
    photos = ["data/pets/cat/1.png", "notes é.txt", "nowhere.png"]
    photos.append("data/pets/rabbit/2.png")
    model = str(pets.relative_to(folder.root))
    status, output, errors = folder.run("predict", model, *photos, "--json")
    return status, [json.loads(line) for line in output.splitlines()], errors


def test_json_has_an_object_a_line_in_the_order_given(answered):
    _, answers, _ = answered
    assert [answer["photo"] for answer in answers] == [
        "data/pets/cat/1.png",
        "notes é.txt",
        "nowhere.png",
        "data/pets/rabbit/2.png",
    ]


def test_an_answer_names_photo_model_version_label_and_probabilities(answered):
    answer = answered[1][0]
    assert list(answer) == ["photo", "model", "version", "label", "probabilities"]
    assert (answer["model"], answer["version"]) == ("pets", 3)
    assert list(answer["probabilities"]) == ["cat", "dog", "rabbit"]
    assert answer["label"] == max(KINDS, key=answer["probabilities"].get)


def test_an_answer_is_the_frozen_models_own(answered, folder, pets):
    photo = folder.root / answered[1][3]["photo"]
    with FrozenModel.load(pets) as model:
        (expected,) = model.predict(decode_photo(photo.read_bytes())[None])
    found = list(answered[1][3]["probabilities"].values())
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_photo_that_cannot_be_read_is_an_error_among_the_answers(answered):
    status, answers, errors = answered
    assert (status, errors) == (1, "")
    assert list(answers[1]) == list(answers[2]) == ["photo", "error"]
    assert "No such file" in answers[2]["error"]


def test_an_answer_for_people_is_a_line(command, small):
    photo = "data/pets/cat/1.png"
    with FrozenModel.load(small.path) as model:
        data = Path(photo).read_bytes()
        (row,) = model.predict(decode_photo(data, model.image_size)[None])
    answer = command("predict", small.path, photo)
    assert (answer.exit_code, answer.stdout) == (
        0,
        f"{photo}: {model.label(row)} (cat {row[0]:.1%}, dog {row[1]:.1%})\n",
    )


def test_an_unsure_model_named_after_its_file_has_no_label_in_json(command, unsure):
    shown = command("predict", unsure, "data/pets/cat/1.png", "--json").stdout
    answer = json.loads(shown)
    assert (answer["model"], answer["version"]) == ("unsure", 1)
    assert answer["label"] is None
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_an_unsure_model_is_not_sure_in_the_text(command, unsure):
    line = command("predict", unsure, "data/pets/cat/1.png").stdout
    assert line.startswith("data/pets/cat/1.png: not sure (cat ")


def test_a_file_that_is_no_model_is_one_line_and_status_2(folder):
    (folder.root / "fake.pb").write_text("not a graph")
    assert folder.run("predict", "fake.pb", "data/pets/cat/1.png") == (
        2,
        "",
        "predict: fake.pb is not a frozen graph: expected a binary GraphDef, as "
        "`python -m helpers freeze` writes it\n",
    )


def test_a_model_that_is_not_there_is_one_line_and_status_2(command):
    refused = command("predict", "nowhere.pb", "data/pets/cat/1.png")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == ("predict: nowhere.pb: No such file or directory\n")
