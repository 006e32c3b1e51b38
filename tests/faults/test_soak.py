"""The soak test of benchmarks/soak, short: the same traffic, the same claims."""

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.soak.__main__ import main
from benchmarks.soak.clients import FALSE
from benchmarks.soak.run import Plan, run
from benchmarks.soak.table import text_of
from benchmarks.soak.verdicts import verdicts
from tests.webapp.running_app import write_model

pytestmark = pytest.mark.slow

REQUESTS = 1500
SIZES = {(64, 64): 3, (300, 225): 3, (1000, 750): 1}
# Of a run of seconds; memory needs minutes to be flat, and probes a machine of its own.
LONG_RUN = ("memory grows", "probes are answered, 99")


@pytest.fixture(scope="module")
def soaked(tmp_path_factory):
    """What a run of seconds found, with two small models that are made here."""
    folder = tmp_path_factory.mktemp("made")
    models = {
        "large": write_model(folder / "large.pb", image_size=64),
        "small": write_model(folder / "small.pb", image_size=32),
    }
    intervals = {"reload_every": 0.5, "look_every": 0.2, "warm": 1.0}
    return run(Plan(0, REQUESTS, sizes=SIZES, models=models, **intervals))


def failed_claims(result) -> list[str]:
    """The claims that fail, but for those that need a long run."""
    return [
        claim
        for claim, holds, _ in verdicts(result)
        if not (holds or claim.startswith(LONG_RUN))
    ]


def test_every_claim_of_a_short_run_holds(soaked):
    assert not failed_claims(soaked), text_of(soaked)


def test_traffic_has_requests_of_every_kind(soaked):
    assert soaked.requests >= REQUESTS
    assert len(soaked.kinds) >= 11
    assert {code for _, code in soaked.codes()} >= {200, 400, 404, 413, 415, 422}


def test_no_probe_fails_and_memory_stays_in_bounds(soaked):
    assert not soaked.watch.problems
    assert len(soaked.watch.probes) > 20
    second, last = (sum(row[quarter] for row in soaked.rss()) for quarter in (1, 3))
    assert last < 1.25 * second


def test_versions_and_broken_ones_are_published_meanwhile(soaked):
    assert soaked.published >= 1
    assert soaked.broken >= 1


def test_photos_of_different_answers_are_told_apart(soaked):
    assert soaked.photos >= 10


def test_table_has_a_line_for_each_claim(soaked):
    lines = text_of(soaked).splitlines()
    told = [line for line in lines if line.startswith(("holds: ", "FAILS: "))]
    assert len(told) == len(verdicts(soaked)) == 11


def test_a_false_answer_fails_the_claim(soaked):
    records = soaked.records._replace(problems=Counter({(FALSE, "body"): 1}))
    failed = failed_claims(replace(soaked, records=records))
    assert failed == ["every answer is that of its own photo"]


@pytest.mark.parametrize("host", ["0.0.0.0", "example.com", "localhost", "::1"])
def test_no_other_host_is_sent_to(host):
    with pytest.raises(SystemExit):
        main(["--host", host])
