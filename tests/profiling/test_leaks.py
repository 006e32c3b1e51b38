"""The leak check, on functions that leak, that do not, and that grow for a while."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.__main__ import cli
from helpers.profiling import services
from helpers.profiling.functions import function_named
from helpers.profiling.leaks import find_leak, is_rising

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SERVICE = """\
import tensorflow as tf

tf1 = tf.compat.v1
graph = tf.Graph()
kept, cache = [], {}

def leaky():
    with graph.as_default():
        doubled = tf.constant(b"a client's photo") + "!"
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
    kept.append(bytes(100_000 if len(kept) < 200 else 0))

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
    third, last = report.quarters[-2:]
    assert report.grows == "graphs"
    assert [b - a for a, b in itertools.pairwise(ops)] == [50, 50, 50]
    assert last.graph_bytes - third.graph_bytes > last.calls * len(b"a client's photo")
    assert "leak: ops +5, GraphDef +" in str(report)


def test_every_line_that_adds_ops_is_named_the_most_ops_first(service):
    lines = leak("leaky").lines
    assert [(Path(line.file), line.number, line.left) for line in lines] == [
        (service, line_of("a client's photo"), 3),
        (service, line_of('doubled + "?"'), 2),
    ]
    assert str(lines[1]).endswith(f'line {lines[1].number}: return doubled + "?"')


@pytest.mark.parametrize(
    "name", ["fixed", pytest.param("new_graph_each_time", marks=pytest.mark.ci)]
)
def test_a_graph_that_is_not_added_to_is_no_leak(service, name):
    assert in_a_process(service, name)[0] == 0


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


@pytest.mark.ci
@pytest.mark.parametrize(
    ("name", "ending"),
    [
        pytest.param("hoarding_for_a_while", "is slowing down: measure more calls"),
        pytest.param("filling_a_cache", "levelled off"),
    ],
)
def test_memory_that_stops_growing_is_no_leak(service, name, ending):
    status, output = in_a_process(service, name)
    assert status == 0
    assert "no leak: no graph grew; memory rose by " in output
    assert output.endswith(f"MiB and {ending}\n")


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
def test_a_leak_is_rising_and_a_plateau_is_not(rss_mib, expected):
    assert is_rising(rss_mib) is expected


def test_the_services_of_the_notebook_give_the_same_pixels():
    assert (services.leaky() == services.fixed()).all()


def test_default_function_is_the_leak_of_the_notebook():
    ran = CliRunner().invoke(cli, ["leak", "--calls", "20"])
    assert ran.exit_code == 1
    assert "services.py, line" in ran.output
    assert "tf.io.decode_image(photo(), channels=3) (+2 ops a call)" in ran.output


def test_the_fixed_service_does_not_leak():
    command = ["leak", "helpers.profiling.services:fixed", "--calls", "20"]
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
        ("service:x", "service has no function 'x': check the spelling"),
        ("service:number", "service:number is not a function: give the name"),
        ("service:needing", "(missing a required argument: 'photo'): write a function"),
        ("service:waiting", "service:waiting only starts when it is awaited"),
        ("service:failing", "service:failing raised RuntimeError: no camera: it has"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(service, name, said):
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
def test_error_of_a_module_is_shown(service, source, said):
    service.write_text(source)
    ran = CliRunner().invoke(cli, ["leak", "service:leaky"])
    assert ran.exit_code == 2
    assert ran.stderr.startswith(said)


def test_too_few_calls_are_refused():
    ran = CliRunner().invoke(cli, ["leak", "--calls", "3"])
    assert ran.exit_code == 2
    assert "3 is not in the range x>=20" in ran.stderr
