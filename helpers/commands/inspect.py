"""`python -m helpers inspect`."""

import json
from pathlib import Path

import click

from helpers.quiet import import_tensorflow


@click.command()
@click.argument("path", metavar="PREFIX_OR_FOLDER_OR_FILE")
@click.option("--graph", metavar="OUT.svg", help="Draw the graph into this file.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def inspect(path: str, graph: str | None, as_json: bool) -> None:
    """Describe a checkpoint or a graph, without running it."""
    import_tensorflow()
    from helpers.inspecting.inspect import inspect
    from helpers.inspecting.scopes import write_scopes
    from helpers.inspecting.text import as_text

    report = inspect(path)
    if graph:
        write_scopes(path, Path(graph))
    click.echo(json.dumps(report.as_dict()) if as_json else as_text(report))
