"""The command line's options that state fields of a model card."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import click

from helpers.data.class_names import names_given
from helpers.graphs.card_fields import (
    CHANNELS,
    LAYOUTS,
    MAX_SIDE,
    OUTPUT_KINDS,
    PIXELS,
    RESIZES,
)


class Size(click.ParamType):
    """The side of a square, or HEIGHTxWIDTH."""

    name = "SIDE or HEIGHTxWIDTH"

    def convert(self, value, param, ctx) -> int | list[int]:
        if isinstance(value, (int, list)):
            return value
        sides = value.lower().split("x")
        if len(sides) > 2 or not all(side.strip().isdecimal() for side in sides):
            self.fail(f"{value!r} is not {self.name}: try 224 or 64x128", param, ctx)
        numbers = [int(side) for side in sides]
        if not all(1 <= number <= MAX_SIDE for number in numbers):
            self.fail(f"{value!r} is not 1 to {MAX_SIDE} pixels", param, ctx)
        return numbers if len(numbers) == 2 else numbers[0]


class Numbers(click.ParamType):
    """One number, or three with commas between."""

    name = "NUMBER or A,B,C"

    def convert(self, value, param, ctx) -> float | list[float]:
        if isinstance(value, (float, list)):
            return value
        try:
            numbers = [float(number) for number in value.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 3):
            self.fail(f"{value!r} is not {self.name}: try 0.5 or 104,117,123")
        return numbers if len(numbers) == 3 else numbers[0]


class ClassNames(click.ParamType):
    """Names with commas between, or a file with names."""

    name = "CAT,DOG or FILE"

    def convert(self, value, param, ctx) -> list[str]:
        if isinstance(value, list):
            return value
        try:
            return names_given(value)
        except (OSError, ValueError) as error:
            self.fail(str(error), param, ctx)


class SpecOption(NamedTuple):
    """An option, the card field that it states, and click's settings of it."""

    name: str
    field: str
    settings: dict[str, Any]

    @property
    def parameter(self) -> str:
        """The name of the parameter that click passes."""
        return self.name.removeprefix("--").replace("-", "_")


SPEC_OPTIONS = (
    SpecOption(
        "--classes",
        "class_names",
        {
            "type": ClassNames(),
            "metavar": "CAT,DOG|FILE",
            "help": "Class names, or a file with a name a line (labels.txt) or JSON "
            "(a list, class_indices, ImageNet's index).",
        },
    ),
    SpecOption("--input", "input", {"metavar": "TENSOR", "help": "The input tensor."}),
    SpecOption(
        "--output", "output", {"metavar": "TENSOR", "help": "The output tensor."}
    ),
    SpecOption(
        "--output-is",
        "output_is",
        {
            "type": click.Choice(OUTPUT_KINDS),
            "help": "What the output is: logits get a softmax, one sigmoid becomes two "
            "classes, values are answered as they are.",
        },
    ),
    SpecOption(
        "--pixels",
        "pixels",
        {
            "type": click.Choice(PIXELS),
            "help": "The range that the input expects of a pixel, or a preset: tf, "
            "torch and caffe as in keras.applications, teachable-machine.",
        },
    ),
    SpecOption(
        "--mean",
        "mean",
        {
            "type": Numbers(),
            "metavar": "A,B,C",
            "help": "Subtracted from the scaled channels, in the network's order.",
        },
    ),
    SpecOption(
        "--std",
        "std",
        {
            "type": Numbers(),
            "metavar": "A,B,C",
            "help": "The channels are divided by it, after the mean is subtracted.",
        },
    ),
    SpecOption(
        "--channels",
        "channels",
        {
            "type": click.Choice(CHANNELS),
            "help": "The channels that the input expects.",
        },
    ),
    SpecOption(
        "--layout",
        "layout",
        {
            "type": click.Choice(LAYOUTS),
            "help": "Where the channels are; the placeholder's shape mostly says it.",
        },
    ),
    SpecOption(
        "--resize",
        "resize",
        {
            "type": click.Choice(RESIZES),
            "help": "How a photo gets the input's shape.",
        },
    ),
    SpecOption(
        "--image-size",
        "image_size",
        {
            "type": Size(),
            "metavar": "SIDE|HEIGHTxWIDTH",
            "help": "The size the input expects, where the placeholder leaves it open.",
        },
    ),
)


def spec_options(command: Callable) -> Callable:
    """Add all of these options to a command, in the order of --help."""
    for option in reversed(SPEC_OPTIONS):
        command = click.option(option.name, **option.settings)(command)
    return command


def stated_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The card fields that the options state, of the parameters of a command."""
    values = {option.field: given.get(option.parameter) for option in SPEC_OPTIONS}
    return {field: value for field, value in values.items() if value not in (None, "")}


def arguments_for(fields: Mapping[str, Any]) -> list[str]:
    """The command line that states these fields."""
    stated = [option for option in SPEC_OPTIONS if option.field in fields]
    pairs = [(option.name, _as_text(option, fields[option.field])) for option in stated]
    return [text for pair in pairs for text in pair]


def _as_text(option: SpecOption, value: Any) -> str:
    if option.field == "class_names":
        return json.dumps(value)
    separator = "x" if option.field == "image_size" else ","
    parts = value if isinstance(value, (list, tuple)) else [value]
    return separator.join(map(str, parts))
