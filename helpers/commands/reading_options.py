"""The options that say how a model's files are read, for `freeze` and `serve`."""

from collections.abc import Callable
from typing import Any

import click

READING = (
    click.option("--meta", metavar="FILE.meta", help="Default: PREFIX.meta."),
    click.option("--signature", metavar="NAME", help="Of a SavedModel."),
    click.option("--tags", metavar="TAG,TAG", help="Of a SavedModel's graph."),
    click.option(
        "--custom",
        metavar="MODULE",
        multiple=True,
        help="A module with the custom classes of a Keras file, or that registers the "
        "custom ops of another model: a dotted name, or the path of a file.",
    ),
    click.option("--trust", is_flag=True, help="Run the code that a Keras file holds."),
)
FIELDS = ("meta", "signature", "tags", "custom", "trust")


def reading_options(command: Callable) -> Callable:
    """Add these options to a command, in the order of --help."""
    for add in reversed(READING):
        command = add(command)
    return command


def take_reading(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of SourceOptions, removed from the parameters of a command."""
    fields = {name: given.pop(name) for name in FIELDS}
    tags = fields["tags"]
    return fields | {"tags": tuple(tags.split(",")) if tags else ()}
