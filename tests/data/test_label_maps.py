"""Class names in label maps, the text form of a protobuf message."""

import pytest

from helpers.data.class_names import names_in
from helpers.data.label_maps import names_in_label_map

TWO = ["Cat", "Dog"]
MAPS = {
    "usual": "item {\n  id: 1\n  name: 'Cat'\n}\nitem {\n  id: 2\n  name: 'Dog'\n}\n",
    "from 0": 'item { id: 0 name: "Cat" } item { id: 1 name: "Dog" }',
    "in another order": "item { name: 'Dog' id: 2 } item { name: 'Cat' id: 1 }",
    "commas": "item: { id: 1, name: 'Cat' }, item: { id: 2; name: 'Dog' }",
    "comments": "#\nitem { id: 1 # first\n name: 'Cat' }\nitem { id: 2 name: 'Dog' }",
    "display names": (
        "item { id: 1 name: '/m/01' display_name: 'Cat' }"
        "item { id: 2 name: '/m/02' display_name: 'Dog' }"
    ),
    "escapes": r"item { id: 1 name: '\103at' } item { id: 2 name: 'D\x6fg' }",
}
PROBLEMS = {
    "gap": (
        "item { id: 1 name: 'a' } item { id: 3 name: 'b' }",
        "has the number 2 not",
    ),
    "twice": ("item { id: 1 name: 'a' } item { id: 1 name: 'b' }", "number 1 twice"),
    "no id": ("item { name: 'a' }", "has no id, or no name, in item 1"),
    "no name": ("item { id: 1 }", "has no id, or no name, in item 1"),
    "a field twice": ("item { id: 1 id: 2 name: 'a' }", "has the field 'id' twice"),
    "not closed": ("item { id: 1 name: 'a'", 'is no label map at "item { id: 1'),
    "a graph": ('node { name: "x" op: "Placeholder" }', "is no label map at 'node {"),
    "no number": ("item { id: one name: 'a' }", "has the id 'one', not a whole number"),
    "no quotes": ("item { id: 1 name: cat }", "has the name 'cat' without quotes"),
    "not UTF-8": (r"item { id: 1 name: '\377' }", "has a name that is not UTF-8"),
    "empty": ("", "holds no class names: write one a line"),
    "an escape": (
        r"item { id: 1 name: '\033[31m' }",
        r"name 1 holds '\x1b', a control",
    ),
}


@pytest.mark.parametrize("text", MAPS.values(), ids=MAPS)
def test_the_ids_of_a_label_map_give_the_order(text):
    assert names_in_label_map(text) == TWO


def test_a_sign_of_a_comment_in_a_name_begins_none():
    assert names_in_label_map("item { id: 1 name: 'C# {code}' }") == ["C# {code}"]


@pytest.mark.parametrize(("text", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_another_text_is_refused_with_the_file(tmp_path, text, problem):
    (tmp_path / "labels.pbtxt").write_text(text)
    with pytest.raises(ValueError, match=str(tmp_path)) as error:
        names_in(tmp_path / "labels.pbtxt")
    assert problem in str(error.value)


def test_a_long_text_that_is_no_label_map_is_refused_quickly():
    for text in ("item {" * 10**5, "item { id: 1 " * 10**5, "'" * 10**5, '\\"' * 10**6):
        with pytest.raises(ValueError, match="is no label map"):
            names_in_label_map(text + "x")
