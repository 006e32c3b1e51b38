"""Files beside a graph: what is odd about them is said in one sentence."""

import json
import os

import pytest

from helpers.serving.model_file import read_model
from tests.serving.made_graphs import RGB, image_net, softmax, write_graph

LARGE = "at most 4,000,000 are read"
CARDS = {
    "true": ('{"image_size": true}', ": image_size is True, not 1 to 2048 pixels"),
    "infinite": ('{"mean": 1e400}', ": mean is inf, not a number, or one for each"),
    "NaN": ('{"std": NaN}', ": std is nan, not a number above 0"),
    "huge": ('{"mean": ' + "9" * 5000 + "}", " has a number of 5,000 digits"),
    "deep": ('{"a":' * 10**5, " has lists or objects in one another more than 32"),
    "key twice": ('{"pixels": "tf", "pixels": "0..1"}', " has the key 'pixels' twice"),
    "surrogate": (
        '{"class_names": ["a", "b", "\\ud800"]}',
        r": class_names[2] holds '\ud800', half of a surrogate pair",
    ),
    "large": ('{"data": "' + "a" * 4 * 10**6 + '"}', f" has 4,000,012 bytes: {LARGE}"),
    "unknown": (
        '{"\\u001b[31m": 1}',
        r": \x1b[31m is a key that holds '\x1b', a control",
    ),
    "odd name": (
        '{"output": "answer:one"}',
        ": output is 'answer:one', not a tensor's",
    ),
}


@pytest.fixture
def path(tmp_path):
    """A graph with a card beside it."""
    path = write_graph(tmp_path / "net.pb", image_net(softmax))
    path.with_suffix(".json").write_text(json.dumps(RGB))
    return path


def refusal(path, **stated) -> str:
    with pytest.raises((ValueError, OSError), match=str(path.parent)) as error:
        read_model(path, stated=stated)
    return str(error.value)


@pytest.mark.parametrize(("text", "sentence"), CARDS.values(), ids=CARDS)
def test_a_hostile_file_beside_a_graph_gets_one_sentence(path, text, sentence):
    path.with_suffix(".json").write_text(text)
    found = refusal(path)
    assert f"net.json{sentence}" in found
    assert found.isprintable()


def test_a_pipe_beside_a_graph_is_not_waited_for(path):
    path.with_suffix(".json").unlink()
    os.mkfifo(path.with_suffix(".json"))
    assert "net.json is a pipe, not a regular file" in refusal(path)


def test_a_file_without_end_beside_a_graph_is_not_read(path):
    path.with_suffix(".json").unlink()
    path.with_suffix(".json").symlink_to("/dev/zero")
    assert "net.json is a device, not a regular file" in refusal(path)


@pytest.mark.parametrize("target", ["net.json", "nowhere"])
def test_a_link_that_leads_nowhere_is_no_absent_card(path, target):
    path.with_suffix(".json").unlink()
    path.with_suffix(".json").symlink_to(target)
    assert "net.json" in refusal(path)


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"output": "x:y"}, ": output is 'x:y', not a tensor's name"),
        ({"class_names": ["a", "a\n"]}, r": name 2 holds '\n', and a name is one line"),
        ({"mean": float("inf")}, ": mean is inf, not a number, or one for each of 3"),
    ],
    ids=["output", "class_names", "mean"],
)
def test_options_are_checked_as_cards_are(path, stated, sentence):
    assert sentence in refusal(path, **stated)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"r\n\ng\nb", " has no name in line 2: write a name in every line"),
        (
            "r\ng\nb".encode("utf-16"),
            " is not text in UTF-8 (it begins as UTF-16 does)",
        ),
        (b"r\ng\nb\x00", r" holds '\x00', a control character"),
        (b"r\nr\nb", " names the class 'r' more than once"),
    ],
    ids=["blank", "UTF-16", "NUL", "twice"],
)
def test_a_file_of_labels_gets_one_sentence(path, text, sentence):
    path.with_suffix(".json").write_text('{"pixels": "0..1"}')
    (path.parent / "labels.txt").write_bytes(text)
    assert f"labels.txt{sentence}" in refusal(path)


def test_a_labels_file_that_is_a_pipe_is_left_alone(path):
    os.mkfifo(path.parent / "labels.txt")
    assert read_model(path)[1].class_names == ("r", "g", "b")
