"""`python -m helpers verify`."""

import os
import sys

import click

from helpers.commands.reading_options import reading_options, take_reading
from helpers.quiet import import_tensorflow

EXIT_STATUS = {"different": 1, "unproven": 3}  # of the proof's verdict; others: 0


@click.command()
@click.argument("model", metavar="MODEL.pb")
@click.argument("checkpoint")
@reading_options
def verify(model: str, checkpoint: str, **reading) -> None:
    """Run MODEL.pb and CHECKPOINT on the same inputs, and compare their outputs.

    CHECKPOINT is anything that `freeze` takes, or another frozen graph. Inputs are
    matched by name, else by type and shape.

    Exit status: 0 if the outputs are equal or close, 1 if they differ, 2 if the two
    cannot be compared, 3 if it is unproven (CHECKPOINT itself does not run here).
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # it changes rounding
    import_tensorflow()
    from helpers.freezing.verify import verify

    report = verify(model, checkpoint, **take_reading(reading))
    click.echo(report)
    sys.exit(EXIT_STATUS.get(report.proof.verdict, 0))
