"""Any bytes are a graph, or another kind of file with its name."""

import os
import sys

import pytest
import tensorflow.compat.v1 as tf1
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checkpoints.file_contents import DAMAGED, LARGEST, content_of


@pytest.fixture
def graph_def():
    with tf1.Graph().as_default() as graph:
        tf1.identity(tf1.placeholder(tf1.float32, [None], name="x"), "y")
    return graph.as_graph_def()


@pytest.fixture
def what(tmp_path):
    """A function that says what a file with this content is."""

    def of(data: bytes):
        (tmp_path / "a.pb").write_bytes(data)
        return content_of(tmp_path / "a.pb").what

    return of


def test_a_graph_is_recognised(graph_def, tmp_path):
    (tmp_path / "a.pb").write_bytes(graph_def.SerializeToString())
    content = content_of(tmp_path / "a.pb")
    assert (content.kind, content.message) == ("GraphDef", graph_def)


@pytest.mark.parametrize("text", ["", ":0", "x:", "x:y", "x:0:1", "^", "^x:0", "x^"])
def test_an_input_that_names_no_output_is_damage(graph_def, what, text):
    graph_def.node[1].input[0] = text
    sentence = f"a damaged GraphDef: op 'y' has the input {text!r}"
    assert what(graph_def.SerializeToString()) == sentence


def test_a_name_that_moves_the_cursor_is_damage(graph_def, what):
    graph_def.node[0].name = "\x1b[2J"
    assert what(graph_def.SerializeToString()) == (
        r"a damaged GraphDef: the name '\x1b[2J' holds '\x1b', a control character"
    )


@pytest.mark.parametrize("text", ["x", "x:0", "x:12", "a/b_c.d-e>f"])
def test_an_input_that_names_an_output_passes(graph_def, what, text):
    graph_def.node[1].input[0] = text
    assert what(graph_def.SerializeToString()) == "a GraphDef"


def test_zeros_are_refused_at_the_first_byte(what):
    assert what(b"\0" * 10**7) == "damaged, cut short, or no graph file"


def test_a_file_larger_than_any_graph_is_not_read(tmp_path):
    with (tmp_path / "a.pb").open("wb") as file:
        file.truncate(LARGEST + 1)  # sparse
    what = content_of(tmp_path / "a.pb").what
    assert what == "no graph: protobuf's messages, as graphs are, have less than 2 GiB"


@pytest.mark.ci
def test_a_file_of_more_parts_than_any_graph_is_refused(what):
    assert what(b"\x0a\x00" * 1_000_001) == "no graph: it has more than 1,000,000 parts"


def test_a_pipe_and_a_device_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.pb")
    with pytest.raises(ValueError, match=r"a\.pb is a pipe, not a regular file"):
        content_of(tmp_path / "a.pb")
    with pytest.raises(ValueError, match="/dev/zero is a device, not a regular file"):
        content_of("/dev/zero")


def test_a_looping_link_is_an_error_of_the_system(tmp_path):
    (tmp_path / "a.pb").symlink_to("a.pb")
    with pytest.raises(OSError, match=r"a\.pb"):
        content_of(tmp_path / "a.pb")


TEXTS = {
    "deep": (
        "library { " + 'function { node_def { attr { key: "a" value { func { ' * 2000,
        "no readable GraphDef: ",
    ),
    "one deep field": (
        "node { attr { value { list { func { attr { value { list { func {" * 2000,
        "no readable GraphDef: ",
    ),
    "escape": (b'node { name: "\\377" }', "no readable GraphDef: "),
    "control": ("node { " + " " * 300 + "\x1b[31m }", "no readable GraphDef: "),
    "number": ("versions { producer: 99999999999999 }", "no readable GraphDef: "),
    "Latin-1": (b"node { name: '" + b"x" * 300 + b"\xe9' }", "no readable GraphDef: "),
}


@pytest.mark.parametrize(("text", "sentence"), TEXTS.values(), ids=TEXTS)
def test_a_text_that_is_no_graph_has_its_cause(what, text, sentence):
    found = what(text if isinstance(text, bytes) else text.encode())
    assert found.startswith(sentence) or found.startswith("a text that begins")
    assert found.isprintable()


def test_reading_near_the_end_of_the_stack_is_an_answer(what):
    def deeper(depth: int) -> str:
        text = b"node { attr { value { list { func { " * 30
        return what(text) if depth == 0 else deeper(depth - 1)

    frames = sys.getrecursionlimit() - len(_frames()) - 120
    assert "GraphDef" in deeper(frames)


def _frames() -> list:
    frame, found = sys._getframe(), []
    while frame:
        found.append(frame)
        frame = frame.f_back
    return found


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_mutated_graph_is_a_graph_or_named(tmp_path_factory, data):
    with tf1.Graph().as_default() as graph:
        tf1.identity(tf1.placeholder(tf1.float32, [None], name="x"), "y")
    whole = bytearray(graph.as_graph_def().SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(
            st.integers(0, 255)
        )
    path = tmp_path_factory.getbasetemp() / "mutated.pb"
    path.write_bytes(whole)
    found = content_of(path)
    assert found.what
    assert (found.kind in ("", DAMAGED, "text")) == (found.message is None)
