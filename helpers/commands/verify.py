"""`python -m helpers verify`."""

import os
import sys

import click

from helpers.quiet import import_tensorflow


@click.command()
@click.argument("model", metavar="MODEL.pb")
@click.argument("checkpoint")
def verify(model: str, checkpoint: str) -> None:
    """Run MODEL.pb and CHECKPOINT on the same inputs; exit status 1 if they differ."""
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # it changes rounding
    import_tensorflow()
    from helpers.freezing.verify import verify

    report = verify(model, checkpoint)
    click.echo(report)
    sys.exit(report.proof.verdict == "different")
