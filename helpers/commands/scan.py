"""`python -m helpers scan`."""

import sys

import click

from helpers.quiet import import_tensorflow


@click.command()
@click.argument("files", nargs=-1, required=True)
def scan(files: tuple[str, ...]) -> None:
    """List file, Python and print ops in FILES; exit status 1 if there are any."""
    import_tensorflow()
    from helpers.inspecting.scan import scan

    found = {file: scan(file) for file in files}
    for file, findings in found.items():
        lines = map(str, findings) if findings else ["nothing"]
        click.echo("\n".join(f"{file}: {line}" for line in lines))
    sys.exit(any(found.values()))
