"""`python -m helpers train`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from helpers.quiet import import_tensorflow

NETWORKS = ("small", "resnet", "alexnet")
PATH = click.Path(path_type=Path)


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived."""


@contextmanager
def _sigterm_like_ctrl_c() -> Iterator[None]:
    """In the block, SIGTERM raises Terminated, so that the steps done are saved."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.command()
@click.argument("data", default="data", type=PATH)
@click.option(
    "--network", default="small", show_default=True, type=click.Choice(NETWORKS)
)
@click.option("--epochs", type=click.IntRange(1), help="Default: the network's recipe.")
@click.option("--out", type=PATH, help="Default: checkpoints/NETWORK.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option(
    "--image-size",
    type=click.IntRange(8, 1024),
    help="In pixels. Default: the recipe's, or less if every photo is smaller.",
)
@click.option(
    "--drawings",
    is_flag=True,
    help="Mix in drawings of cats and dogs; without photos, train on drawings alone.",
)
@click.option(
    "--nested",
    is_flag=True,
    help="Each folder in DATA is a class, even if it holds folders only.",
)
def train(
    data: Path,
    network: str,
    epochs: int | None,
    out: Path | None,
    seed: int,
    image_size: int | None,
    drawings: bool,
    nested: bool,
) -> None:
    """Train on the photos in DATA: one folder a class, named as its folder is.

    Folders named train, val and test are the splits; otherwise each photo's bytes
    decide. After Ctrl-C or SIGTERM, the same command resumes the training.
    """
    out = out or Path("checkpoints") / network
    if out.resolve().is_relative_to(Path("checkpoints/frozen").resolve()):
        raise ValueError(
            f"{out} is where finished models are served from: choose another"
        )
    try:
        with _sigterm_like_ctrl_c():
            import_tensorflow()
            from helpers.data.progress import print_progress_lines
            from helpers.training.runs import train_in_folder
            from helpers.training.save_errors import SaveError

            print_progress_lines()
            try:
                prefix = train_in_folder(
                    network,
                    data,
                    out,
                    epochs=epochs,
                    seed=seed,
                    drawings=drawings,
                    image_size=image_size,
                    nested=nested,
                )
            except SaveError as error:
                click.echo(f"train: {error}", err=True)
                sys.exit(1)
    except KeyboardInterrupt as stopped:
        click.echo(
            "\nstopped; finished steps are saved; the same command resumes", err=True
        )
        number = signal.SIGTERM if isinstance(stopped, Terminated) else signal.SIGINT
        sys.exit(128 + number)
    click.echo(
        f"freeze it: python -m helpers freeze --meta {prefix}.meta --prefix {prefix}"
    )
