"""The fields of a card: unknown ones are refused, with the closest known one."""

import json

import pytest

from helpers.graphs.card_fields import READ, SERVED, refuse_invalid, refuse_unknown
from helpers.graphs.model_card import card_in


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("class_name", "class_names"),
        ("classnames", "class_names"),
        ("means", "mean"),
        ("stdev", "std"),
        ("pixel", "pixels"),
        ("Pixels", "pixels"),
        ("outputs_is", "output_is"),
        ("imagesize", "image_size"),
        ("colour_channels", "channels"),
    ],
)
def test_a_field_that_was_mistyped_is_refused_with_the_one_meant(typed, meant):
    with pytest.raises(ValueError, match=f"did you mean '{meant}'") as error:
        refuse_unknown({"pixels": "tf", typed: 1}, "net.json")
    assert str(error.value).startswith(f"net.json has an unknown field {typed!r}")
    assert all(field in str(error.value) for field in SERVED)


def test_a_field_like_no_other_is_refused_with_all_choices():
    with pytest.raises(ValueError, match="unknown field 'zzz': serving reads class_n"):
        refuse_unknown({"zzz": 1}, "net.json")


@pytest.mark.parametrize("name", ["dogs-cats", "dogs-cats-small"])
def test_every_field_that_training_and_freezing_write_is_known(name):
    from pathlib import Path

    import tensorflow.compat.v1 as tf1

    root = Path(__file__).parents[2]
    content = (root / f"checkpoints/frozen/{name}/1.pb").read_bytes()
    card = card_in(tf1.GraphDef.FromString(content))
    refuse_unknown(card, name)
    refuse_invalid(card, name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image_size", 224),
        ("image_size", [64, 128]),
        ("mean", 0.5),
        ("mean", [123.68, 116.779, 103.939]),
        ("std", [1, 2, 3]),
        ("output_is", "logits"),
        ("bound", {"keep_prob": 1.0, "is_training": False}),
        ("threshold", 0.8),
    ],
)
def test_valid_values_pass(field, value):
    refuse_invalid(json.loads(json.dumps({field: value})), "net.pb")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image_size", True),
        ("image_size", [1, 2, 3]),
        ("mean", [1, 2]),
        ("mean", float("nan")),
        ("std", 0),
        ("bound", [1]),
        ("bound", {"a": "b"}),
        ("pixels", "0-1"),
        ("threshold", "0.8"),
        ("class_names", [1, 2]),
        ("output", 3),
    ],
)
def test_invalid_values_are_refused_with_what_is_valid(field, value):
    with pytest.raises(ValueError, match=f"net.pb: {field} is ") as error:
        refuse_invalid({field: value}, "net.pb")
    assert SERVED[field][1] in str(error.value)


# Every field that a program reads, of every other type

WRONG = {
    "true": True,
    "number": 3.5,
    "huge": 10**5000,
    "infinite": float("inf"),
    "text": "\x1b[31m\ud800",
    "list": [[]],
    "object": {"a": [1]},
    "many": ["a"] * 2000,
}
RIGHT = {
    *(("ema", "true"), ("folded", "true"), ("plain", "true")),
    *(("inference_batch_norm", "true"), ("epochs", "number"), ("mean", "number")),
    *(("std", "number"), ("temperature", "number"), ("signature", "object")),
}


@pytest.mark.parametrize("field", [*SERVED, *READ])
def test_a_value_of_another_type_gets_one_short_sentence(field):
    for kind in WRONG.keys() - {kind for name, kind in RIGHT if name == field}:
        with pytest.raises(
            ValueError, match=rf"^net\.pb: {field} is .+, not "
        ) as error:
            refuse_invalid({field: WRONG[kind]}, "net.pb")
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 300


@pytest.mark.parametrize(("field", "kind"), sorted(RIGHT))
def test_a_value_of_the_right_type_passes(field, kind):
    refuse_invalid({field: WRONG[kind]}, "net.pb")


@pytest.mark.parametrize("value", [None, [], ""])
def test_a_field_without_a_value_is_absent(value):
    refuse_invalid(dict.fromkeys([*SERVED, *READ], value), "net.pb")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("input", "x:y"),
        ("output", "x:-1"),
        ("output", "x:0\n"),
        ("outputs", ["x", "x"]),
        ("initialisers", ["^x"]),
        ("image_size", 0),
        ("image_size", [True, 8]),
        ("mean", 1e39),
        ("bound", {"keep_prob": float("nan")}),
        ("bound", {"keep_prob": 10**400}),
        ("threshold", True),
        ("temperature", 0),
        ("seed", -1),
        ("epochs", "3"),
        ("signature", {"name": 1}),
        ("signature", {"name": "a", "tags": "serve"}),
        ("signature", {"name": "a", "inputs": {"x": 1}}),
    ],
)
def test_a_value_beyond_what_is_read_is_refused(field, value):
    with pytest.raises(ValueError, match=rf"^net\.pb: {field} is .+, not "):
        refuse_invalid({field: value}, "net.pb")


def test_which_of_many_class_names_is_wrong_is_said():
    names = [f"class {number}" for number in range(999)]
    with pytest.raises(ValueError, match=r": name 1,000 is empty: ''$"):
        refuse_invalid({"class_names": [*names, ""]}, "net.pb")
    with pytest.raises(
        ValueError, match=r"'class 7' is there more .* \(names 8 and 1,000"
    ):
        refuse_invalid({"class_names": [*names, "class 7"]}, "net.pb")


def test_an_unknown_field_is_shown_printable_and_short():
    with pytest.raises(ValueError, match="has an unknown field") as error:
        refuse_unknown({"\x1b[31m" * 1000: 1}, "net.json")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400
