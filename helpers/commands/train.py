"""`python -m helpers train`."""

import sys
from pathlib import Path

import click

from helpers.quiet import import_tensorflow

NETWORKS = ("small", "resnet", "alexnet")
PATH = click.Path(path_type=Path)


@click.command()
@click.argument("data", default="data", type=PATH)
@click.option(
    "--network", default="small", show_default=True, type=click.Choice(NETWORKS)
)
@click.option("--epochs", type=click.IntRange(1), help="Default: the network's recipe.")
@click.option("--out", type=PATH, help="Default: checkpoints/NETWORK.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
def train(data: Path, network: str, epochs: int | None, out: Path | None, seed: int):
    """Train on the photos in DATA, or on generated drawings if there are none.

    After an interruption, the same command resumes the training.
    """
    import_tensorflow()
    from helpers.training.runs import train_in_folder

    out = out or Path("checkpoints") / network
    if out.resolve().is_relative_to(Path("checkpoints/frozen").resolve()):
        raise ValueError(
            f"{out} is where finished models are served from: choose another"
        )
    try:
        prefix = train_in_folder(network, data, out, epochs=epochs, seed=seed)
    except KeyboardInterrupt:
        click.echo(
            "\nstopped; finished steps are saved; the same command resumes", err=True
        )
        sys.exit(130)
    click.echo(
        f"freeze it: python -m helpers freeze --meta {prefix}.meta --prefix {prefix}"
    )
