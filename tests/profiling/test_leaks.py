"""The leak check, on functions that leak, that do not, and that only seem to."""

import itertools
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.__main__ import cli
from helpers.profiling import services
from helpers.profiling.functions import function_named
from helpers.profiling.leaks import climbs, find_leak

ROOT = Path(__file__).parents[2]
SERVICE = """\
import tensorflow as tf

tf1 = tf.compat.v1
graph = tf.Graph()
kept, cache = [], {}

def leaky():
    with graph.as_default():
        doubled = tf.constant(b"a visitor's photo") + "!"
        return doubled + "?"

def fixed():
    if "graph" not in cache:
        cache["graph"] = tf.Graph()
        with cache["graph"].as_default():
            cache["op"] = tf.constant(1.0)
    return cache["op"]

def new_graph_each_time():
    with tf.Graph().as_default() as own:
        tf.constant(1)

def new_graph_kept():
    kept.append(tf.Graph())
    with kept[-1].as_default():
        tf.constant(1)

@tf.function
def traced(number):
    return tf.constant(1) + number

def retracing():
    kept.append(1)
    traced(len(kept))

def hoarding():
    kept.append(bytes(100_000))

def hoarding_for_a_while():
    kept.append(bytes(100_000 if len(kept) < 200 else 0))  # as many as are asked

def filling_a_cache():
    cache[len(cache) % 60] = bytes(200_000)

def failing():
    raise RuntimeError("no camera\\nat all")

def needing(photo):
    pass

async def waiting():
    pass

number = 7
"""


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The module `service`, new for each test."""
    (tmp_path / "service.py").write_text(SERVICE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "service", raising=False)
    return tmp_path / "service.py"


def line_of(code):
    """The number of the line that holds this code."""
    (number,) = [n for n, line in enumerate(SERVICE.splitlines(), 1) if code in line]
    return number


def leak(name, calls=40):
    return find_leak(function_named(f"service:{name}"), calls)


def in_a_process(service, name):
    """Exit status and output, where nothing else uses memory."""
    done = subprocess.run(
        [sys.executable, "-m", "helpers", "leak", f"service:{name}"],
        cwd=ROOT,
        env={"PYTHONPATH": str(service.parent), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_ops_of_each_call_are_a_leak(service):
    report = leak("leaky")
    ops = [quarter.ops for quarter in report.quarters]
    assert report.grows == "graphs"
    assert [b - a for a, b in itertools.pairwise(ops)] == [50, 50, 50]
    assert "leak: ops +5, GraphDef +" in str(report)


def test_every_line_that_builds_is_named_the_guiltiest_first(service):
    lines = leak("leaky").lines
    assert [(Path(line.file), line.number, line.left) for line in lines] == [
        (service, line_of("a visitor's photo"), 3),
        (service, line_of('doubled + "?"'), 2),
    ]
    assert str(lines[1]).endswith(f'line {lines[1].number}: return doubled + "?"')


def test_the_line_is_where_finalize_raises(service):
    named = leak("leaky").lines[0].number
    sys.modules["service"].graph.finalize()
    with pytest.raises(RuntimeError, match="finalized") as caught:
        sys.modules["service"].leaky()
    frames = traceback.extract_tb(caught.tb)
    assert [f.lineno for f in frames if f.filename == str(service)] == [named]


def test_bytes_of_the_graph_are_counted(service):
    third, last = leak("leaky").quarters[-2:]
    assert last.graph_bytes - third.graph_bytes > last.calls * len(b"a visitor's photo")


def test_a_graph_built_on_the_first_call_is_no_leak(service):
    report = leak("fixed")
    assert report.grows != "graphs"
    assert len({quarter.ops for quarter in report.quarters}) == 1
    assert in_a_process(service, "fixed")[0] == 0


def test_a_graph_that_is_thrown_away_is_no_leak(service):
    assert leak("new_graph_each_time").grows != "graphs"
    assert in_a_process(service, "new_graph_each_time")[0] == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("new_graph_kept", "tf.constant(1)", id="graphs in a list"),
        pytest.param("retracing", "tf.constant(1) + number", id="a tf.function"),
    ],
)
def test_a_graph_of_each_call_is_a_leak(service, name, code):
    report = leak(name)
    third, last = report.quarters[-2:]
    assert last.graphs - third.graphs == last.calls
    assert "leak: graphs +1, ops +" in str(report)
    assert code in str(report.lines[0])


def test_memory_that_python_keeps_is_a_leak_with_its_line(service):
    status, output = in_a_process(service, "hoarding")
    assert status == 1
    assert "KiB a call, kept by\n" in output
    assert f"line {line_of('bytes(100_000)')}: kept.append(bytes(100_000))" in output


def test_memory_that_stops_growing_while_it_is_watched_on_is_no_leak(service):
    status, output = in_a_process(service, "hoarding_for_a_while")
    assert status == 0
    assert output.endswith("MiB and slows down: more calls would tell\n")


def test_a_cache_that_fills_is_no_leak(service):
    status, output = in_a_process(service, "filling_a_cache")
    assert status == 0
    assert "no leak: no graph grew; memory rose by " in output
    assert output.endswith("and levelled off\n")


@pytest.mark.parametrize(
    ("rss_mib", "expected"),
    [
        pytest.param([500, 530, 532, 534], True, id="a leak after a warm-up"),
        pytest.param([500, 510, 520, 530], True, id="a leak"),
        pytest.param([500, 530, 530, 530], False, id="a plateau"),
        pytest.param([500, 520, 525, 526], False, id="levelling off"),
        pytest.param([500, 500.3, 500.6, 500.9], False, id="noise"),
        pytest.param([500, 530, 520, 530], False, id="up and down"),
    ],
)
def test_a_plateau_is_told_from_a_leak(rss_mib, expected):
    assert climbs(rss_mib) is expected


def test_the_services_of_the_notebook_give_the_same_pixels():
    assert (services.leaky() == services.mended()).all()


def test_the_notebooks_leak_is_what_is_measured_when_nothing_is_named():
    ran = CliRunner().invoke(cli, ["leak", "--calls", "20"])
    assert ran.exit_code == 1
    assert "services.py, line" in ran.output
    assert "tf.io.decode_image(photo(), channels=3) (+2 ops a call)" in ran.output


def test_the_mended_service_does_not_leak():
    command = ["leak", "helpers.profiling.services:mended", "--calls", "20"]
    ran = CliRunner().invoke(cli, command)
    assert (ran.exit_code, "no leak: " in ran.output) == (0, True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "service",
            "'service' is not MODULE:FUNCTION: try helpers.profiling.services:leaky, ",
        ),
        ("service:", "'service:' is not MODULE:FUNCTION"),
        ("servise:leaky", "there is no module 'servise': run this in the folder that"),
        ("service.views:ask", "there is no module 'service.views': run this in the"),
        ("service:leeky", "service has no function 'leeky': did you mean 'leaky'?"),
        ("service:x", "service has no function 'x': is it spelled as in the file?"),
        ("service:number", "service:number is not a function: name one"),
        ("service:needing", "(missing a required argument: 'photo'): write a function"),
        ("service:waiting", "service:waiting only starts when it is awaited"),
        ("service:failing", "service:failing raised RuntimeError: no camera: it has"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(service, name, said):
    ran = CliRunner().invoke(cli, ["leak", name])
    assert ran.exit_code == 2
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import not_there", "leak: No module named 'not_there'\n"),
        ("1 / 0", "leak: service cannot be imported: ZeroDivisionError: division by"),
    ],
)
def test_a_module_that_fails_says_what_failed(service, source, said):
    service.write_text(source)
    ran = CliRunner().invoke(cli, ["leak", "service:leaky"])
    assert ran.exit_code == 2
    assert ran.stderr.startswith(said)


def test_too_few_calls_are_refused():
    ran = CliRunner().invoke(cli, ["leak", "--calls", "3"])
    assert ran.exit_code == 2
    assert "3 is not in the range x>=20" in ran.stderr
