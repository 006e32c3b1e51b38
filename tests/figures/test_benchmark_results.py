"""The tables and targets that the README, the notebooks and `make bench` quote."""

import pytest

from helpers.figures.benchmark_results import (
    APP,
    LESSON,
    LIMIT,
    RELOAD,
    Target,
    lines,
    table,
    targets,
    verdicts,
)
from tools import write_results

ONE = {f"{key} {n}": 10.0 for key in ("rate", "p50", "p99") for n in (1, 16, 64)}
ONE |= {f"errors {n}": 0 for n in (1, 16, 64)} | {"MB": 500.0}
SERVERS = {
    LESSON: ONE | {"rate 16": 5},
    RELOAD: ONE | {"rate 16": 4},
    "slow peer": ONE | {"rate 16": 100, "p50 16": 1},
    "best peer": ONE | {"rate 16": 200, "errors 64": 3},
    APP: ONE | {"rate 16": 600.0, "p50 16": 5.0, "raw 16": 700.0},
    LIMIT: {"rate 16": 1000.0},
}
LARGE = {APP: ONE | {"rate 16": 50}, "other": ONE, LIMIT: {"rate 16": 90}}
START = {"import": 2.0, "first answer": 4.0, "bare MB": 500.0, "worker MB": 600.0}
RESULTS = {
    "machine": {"cpu": "two cores"},
    "servers": SERVERS,
    "cases": {"12 megapixels": LARGE},
    "growth": {"start": START},
}


def measured(what: str) -> Target:
    (found,) = [target for target in targets(RESULTS) if target.what.startswith(what)]
    return found


@pytest.mark.parametrize(
    ("what", "ratio", "met"),
    [
        ("times the lesson's", 120, True),
        ("times the best peer (best peer)", 3, True),
        ("of the limit, photo", 0.7, True),
        ("of the limit, multipart", 0.6, True),
        ("the best peer's p50 at 16", 2, True),
        ("the best peer's p99 at 1 ", 1, True),
        ("times the best peer, 12", 5, True),
        ("TensorFlow's import", 1.25, True),
        ("bare TensorFlow's memory", 560 / 600, False),
    ],
)
def test_a_target_is_a_ratio_of_one_run(what, ratio, met):
    target = measured(what)
    assert target.measured == pytest.approx(ratio)
    assert target.met is met
    assert str(target).endswith(": met" if met else ": not met")


def test_the_table_has_the_slowest_first_and_counts_errors():
    rows = table(SERVERS)
    names = [row.split(" | ")[0].strip("|* ") for row in rows[2:]]
    assert names == [RELOAD, LESSON, "slow peer", "best peer", APP, LIMIT]
    assert rows[5].split(" | ")[5] == "3"
    ratios = [row.split(" | ")[-1] for row in rows[5:]]
    assert ratios == ["3.00 x |", "1.00 x |", "0.60 x |"]


def test_a_server_that_answered_nothing_has_neither_latency_nor_ratio():
    rows = table({"dead": ONE | {"rate 16": 0.0}, APP: ONE})
    assert rows[2] == "| dead | 10.0 | 0.0 | 10.0 |  | 0 | 500 |  |"


def test_a_verdict_has_the_value_of_the_previous_run():
    slower = RESULTS | {"servers": SERVERS | {APP: SERVERS[APP] | {"rate 16": 300.0}}}
    del slower["growth"]
    first, *_, last = verdicts(RESULTS, slower)
    verdict = "times the lesson's server: 120.00, wanted 100: met"
    assert first == f"{verdict} (the run before: 60.00)"
    assert last.endswith(": not met")


def test_lines_for_a_terminal_have_cases_and_targets():
    text = "\n".join(lines(RESULTS))
    assert "12 megapixels" in text
    assert "wanted 100: met" in text


def test_the_front_page_has_this_app_the_best_peer_and_the_lesson():
    rows = write_results.summary(RESULTS).splitlines()[2:]
    assert rows == [
        "| **this app** | 600 | 5.0 | 10.0 | 1.0 x |",
        "| best peer, the fastest peer measured | 200 | 10.0 | 10.0 | 3.0 x |",
        f"| {LESSON} | 5.0 | 10.0 | 10.0 | 120.0 x |",
    ]


def test_readme_quotes_the_last_run():
    assert write_results.main(["--check"]) == 0
