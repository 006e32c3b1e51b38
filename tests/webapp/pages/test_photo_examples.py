"""The request that was just made, as a command of curl and as Python."""

import ast
import shlex

import pytest

from webapp.pages.photo_examples import PhotoExample

HERE = "https://example.org/cats/predict"


def test_the_command_names_the_model_the_photo_and_the_address():
    command = PhotoExample(HERE, "dogs-cats", "my cat.png").curl
    form = ["-F", "image=@my cat.png", "-F", "model=dogs-cats"]
    assert shlex.split(command) == ["curl", "-s", *form, HERE]


def test_both_name_the_number_of_classes_that_was_asked_for():
    example = PhotoExample(HERE, "many", "cat.png", top=9)
    assert "-F top=9 " in example.curl
    assert 'data={"model": "many", "top": 9},' in example.python


def test_a_drawing_is_downloaded_first():
    source = "https://example.org/cats/static/drawing-cat.jpg"
    example = PhotoExample(HERE, "many", "drawing-cat.jpg", download=source)
    assert example.curl.startswith(f"curl -sO {source}\ncurl -s -F")
    assert f'photo = requests.get("{source}", timeout=30).content' in example.python


@pytest.mark.parametrize(
    "name", ["", "a\nb.png", "cat\udce9.png", "x" * 300, "folder/", " "]
)
def test_a_name_that_no_command_can_carry_is_replaced(name):
    example = PhotoExample(HERE, "many", name)
    assert "image=@photo.jpg" in example.curl
    assert 'open("photo.jpg", "rb")' in example.python


@pytest.mark.parametrize("name", ['"; rm -rf $HOME; ".png', "it's.png", "a\\b\\.png"])
def test_a_name_is_one_argument_and_one_literal(name):
    example = PhotoExample(HERE, "many", name)
    assert len(shlex.split(example.curl)) == 7
    nodes = ast.walk(ast.parse(example.python))
    assert name in [node.value for node in nodes if isinstance(node, ast.Constant)]
