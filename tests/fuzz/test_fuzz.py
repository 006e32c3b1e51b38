"""Mutated input of every kind is taken or refused with a sentence, quickly.

The kinds, their mutations and their limits are in this folder; benchmarks/fuzz.py
runs the same with more cases.
"""

import contextlib
import json
from random import Random
from zipfile import BadZipFile

import pytest

from helpers.checkpoints.tables import read_table
from tests.freezing.small_models import V2
from tests.fuzz.all_kinds import BY_NAME, KINDS, shared_out
from tests.fuzz.archives import members_of, mutate_zip, zip_of
from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.checkpoint_kinds import BUNDLE, INDEX, Indexes, checkpoint_files
from tests.fuzz.faulty_kinds import FAULTS, WRONG
from tests.fuzz.freezing_kinds import FrozenHdf5, FrozenKeras, FrozenSavedModels
from tests.fuzz.json_mutations import mutate_json
from tests.fuzz.kinds import case_rng
from tests.fuzz.runs import run, table
from tests.fuzz.tables import mutate_table, write_table

pytestmark = pytest.mark.slow

CASES = 300
LONG = 8_000
COSTLY = (FrozenKeras, FrozenHdf5, FrozenSavedModels)  # these import Keras, or save


@pytest.fixture(scope="module")
def results():
    """The results of some cases of each kind that is quick to begin with."""
    counts = shared_out(CASES, tuple(kind for kind in KINDS if kind not in COSTLY))
    return {result.kind: result for result in run(counts)}


@pytest.mark.parametrize("name", [kind.name for kind in KINDS if kind not in COSTLY])
def test_mutated_input_is_taken_or_refused_with_a_sentence(results, name):
    assert results[name].cases > 0
    assert not results[name].findings, table([results[name]])


@pytest.mark.ci
def test_many_cases_of_every_kind_have_no_finding():
    results = run(shared_out(LONG), first=CASES, processes=2)
    assert not any(result.findings for result in results), table(results)


# What is wrong is found


@pytest.fixture(scope="module")
def faults():
    """The results of kinds that go wrong on one of six cases."""
    return {result.kind: result for result in run(dict.fromkeys(FAULTS, 6))}


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.name)
def test_a_case_that_goes_wrong_is_named_and_the_others_run(faults, kind):
    (found,) = faults[kind.name].findings
    assert found.seed == WRONG
    assert found.problem.startswith(FAULTS[kind])
    assert faults[kind.name].taken == 5


def test_the_table_has_the_findings_with_their_numbers(faults):
    text = table([*faults.values()])
    assert f"raises:{WRONG}  TypeError: wrong" in text
    assert text.splitlines()[len(FAULTS) + 1].split() == ["all", str(6 * len(FAULTS))]


# The mutations


def test_a_case_is_the_same_at_every_time(tmp_path):
    kind = Indexes(tmp_path)
    once, again = (kind.make(case_rng("index", 7)) for _ in range(2))
    assert once == again != kind.make(case_rng("index", 8))


def test_names_of_kinds_differ():
    assert len(BY_NAME) == len(KINDS)


def test_most_mutations_change_the_bytes():
    data = bytes(range(200))
    changed = [mutate_bytes(data, Random(seed)) for seed in range(300)]
    assert len({*changed} - {data}) > 250


def test_a_written_table_is_read_back():
    entries = {b"": b"header", b"a": b"1" * 300, b"b/c": b""}
    assert dict(read_table(write_table(entries))) == entries


def are_read(read, cases) -> int:
    """How many of the cases are read."""
    count = 0
    for case in cases:
        with contextlib.suppress(OSError, ValueError, NotImplementedError, BadZipFile):
            count += bool(read(case))
    return count


def test_mutated_tables_keep_their_checksums():
    index = checkpoint_files(V2)[0][INDEX]
    cases = [mutate_table(index, BUNDLE, Random(seed)) for seed in range(50)]
    assert are_read(lambda case: dict(read_table(case)), cases) > 25


def test_members_of_mutated_zips_keep_their_checksums():
    made = zip_of({"config.json": b'{"a": [1, 2]}', "weights": bytes(100)})
    cases = [mutate_zip(made, Random(seed)) for seed in range(50)]
    assert are_read(members_of, cases) > 25


def test_mutated_json_differs():
    value = {"instances": [{"b64": "x"}, [1, 2]]}
    texts = {json.dumps(mutate_json(value, Random(seed))) for seed in range(100)}
    assert len(texts) > 50
    assert value == {"instances": [{"b64": "x"}, [1, 2]]}
