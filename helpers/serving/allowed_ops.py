"""The option that names unsafe ops which graphs of one's own may have."""

import difflib

import click

from helpers.graphs.op_classes import op_classes

NAME = "--allow-ops"
HELP = (
    "Serve graphs although they have these unsafe ops, which `python -m helpers scan` "
    "lists; for graphs of your own only."
)


class OpNames(click.ParamType):
    """Names of ops with commas between."""

    name = "NAME,NAME"

    def convert(self, value, param, ctx) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = [name.strip() for name in value.split(",") if name.strip()]
        for name in names:
            if name not in op_classes():
                self.fail(f"TensorFlow has no op {name[:40]!r}{_similar(name)}")
        return tuple(dict.fromkeys(names))


def _similar(name: str) -> str:
    found = difflib.get_close_matches(name[:40], op_classes(), 1)
    return f": try {found[0]}" if found else ": give names that `scan` prints"


allow_ops_option = click.option(NAME, type=OpNames(), default=(), help=HELP)
