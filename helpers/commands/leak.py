"""`python -m helpers leak`."""

import sys

import click

from helpers.quiet import import_tensorflow


@click.command()
@click.argument(
    "name", metavar="[MODULE:FUNCTION]", default="helpers.profiling.services:leaky"
)
@click.option("--calls", default=200, show_default=True, type=click.IntRange(20))
def leak(name: str, calls: int) -> None:
    """Measure whether repeated calls of a function leak; exit status 1 if they do.

    The function gets no arguments. The default is the leaking one of notebook 06.
    """
    import_tensorflow()
    from helpers.profiling.functions import function_named
    from helpers.profiling.leaks import find_leak

    report = find_leak(function_named(name), calls)
    click.echo(f"{name}\n{report}")
    sys.exit(report.grows is not None)
