"""`python -m helpers scan`."""

import sys

import click

from helpers.quiet import import_tensorflow
from helpers.serving.allowed_ops import NAME


@click.command()
@click.argument("files", nargs=-1, required=True)
def scan(files: tuple[str, ...]) -> None:
    """List ops in FILES that do more than compute; exit status 1 if there are any."""
    import_tensorflow()
    from helpers.inspecting.scan import scan_file

    scanned = {file: scan_file(file) for file in files}
    for file, (findings, ops) in scanned.items():
        lines = map(str, findings) if findings else ["nothing"]
        click.echo("\n".join(f"{file}: {line}" for line in lines))
        if ops:
            click.echo(f"{file}: if it is your own, {NAME} {','.join(ops)} serves it")
    sys.exit(any(found.findings for found in scanned.values()))
