"""The command line: `python -m helpers --help`.

Each command imports what it needs itself, so that --help answers at once.
"""

import json
import os
import sys
from pathlib import Path

import click

from helpers.quiet import import_tensorflow

NETWORKS = ("small", "resnet", "alexnet")
WEIGHTS = ("float32", "float16", "bfloat16")


class Commands(click.Group):
    """Bad input is one sentence on standard error and exit status 2."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except (ValueError, LookupError, OSError) as error:
            click.echo(f"{ctx.invoked_subcommand}: {error}", err=True)
            ctx.exit(2)


@click.group(cls=Commands)
def cli() -> None:
    """Train, freeze and ask TensorFlow networks."""


@cli.command()
@click.argument("name", default="cats-dogs", type=click.Choice(["cats-dogs"]))
@click.option("--from", "source", metavar="ZIP_OR_URL", help="Another zip of classes.")
@click.option(
    "--data", default="data", show_default=True, type=click.Path(path_type=Path)
)
def download(name: str, source: str | None, data: Path) -> None:
    """Fetch the photos of cats and dogs (825 MB) into data/."""
    from helpers.archives import download_cats_dogs

    unpacked = download_cats_dogs(data, source)
    for reason in unpacked.skipped:
        click.echo(f"left out: {reason}", err=True)
    counts = ", ".join(f"{count:,} {name}" for name, count in unpacked.counts.items())
    click.echo(f"{counts} photos are in {data / name}")


@cli.command()
@click.argument("data", default="data", type=click.Path(path_type=Path))
@click.option(
    "--network", default="small", show_default=True, type=click.Choice(NETWORKS)
)
@click.option("--epochs", type=click.IntRange(1), help="Default: the network's recipe.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Default: checkpoints/NETWORK."
)
@click.option("--seed", default=1, show_default=True)
def train(data: Path, network: str, epochs: int | None, out: Path | None, seed: int):
    """Train on the photos in DATA, or on drawings where there are none.

    Run the same command again to go on after an interruption.
    """
    import_tensorflow()
    from helpers.runs import train_in_folder

    out = out or Path("checkpoints") / network
    if (Path("checkpoints") / "frozen").resolve() in (
        out.resolve(),
        *out.resolve().parents,
    ):
        raise ValueError(
            f"{out} is where finished models are served from: choose another"
        )
    try:
        prefix = train_in_folder(network, data, out, epochs=epochs, seed=seed)
    except KeyboardInterrupt:
        click.echo(
            "\nstopped; what was learned is saved: the same command goes on", err=True
        )
        sys.exit(130)
    click.echo(
        f"freeze it: python -m helpers freeze --meta {prefix}.meta --prefix {prefix}"
    )


@cli.command()
@click.argument("source", required=False)
@click.option("--meta", metavar="FILE.meta", help="The graph; default: beside PREFIX.")
@click.option("--prefix", metavar="PREFIX", help="What Saver.save was given.")
@click.option(
    "--output-node-names", "outputs", metavar="OP,OP", help="Default: y_pred."
)
@click.option("--output", metavar="FILE.pb", help="Default: PREFIX.pb.")
@click.option(
    "--weights", type=click.Choice(WEIGHTS), default="float32", show_default=True
)
@click.option(
    "--classes", metavar="CAT,DOG", help="Class names for the card, in order."
)
@click.option("--fold", is_flag=True, help="Fold batch normalization into the kernels.")
@click.option("--ema", is_flag=True, help="Take the moving averages of the weights.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def freeze(source: str | None, prefix: str | None, as_json: bool, **options) -> None:
    """Write a checkpoint as one .pb file, and prove that it answers the same.

    SOURCE is a prefix, a folder or any of a checkpoint's files; --meta and --prefix
    name them one by one.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # equality is exact then
    import_tensorflow()
    from helpers.freezing.freeze import freeze

    if not (source or prefix or options["meta"]):
        raise click.UsageError("name a checkpoint: --meta FILE.meta --prefix PREFIX")
    classes = options.pop("classes")
    report = freeze(
        prefix or source or options["meta"],
        class_names=classes.split(",") if classes else None,
        **options,
    )
    click.echo(json.dumps(report.as_json()) if as_json else report)


@cli.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def predict(model: Path, photos: tuple[Path, ...], as_json: bool) -> None:
    """Ask the frozen MODEL about PHOTOS."""
    import_tensorflow()
    from helpers.decoding import decode_photo
    from helpers.frozen import FrozenModel
    from helpers.library import version_of

    name = model.parent.name if model.stem.isdecimal() else model.stem
    failed = False
    with FrozenModel.load(model) as frozen:
        for photo in photos:
            answer = {"photo": str(photo)}
            try:
                image = decode_photo(photo.read_bytes(), frozen.image_size)
            except (ValueError, OSError) as error:
                failed, answer = True, answer | {"error": str(error)}
            else:
                (row,) = frozen.predict(image[None])
                answer |= {"model": name, "version": version_of(model)}
                answer |= {"label": frozen.label(row)}
                answer |= {"probabilities": frozen.named(row)}
            click.echo(
                json.dumps(answer, ensure_ascii=False) if as_json else _line(answer)
            )
    sys.exit(failed)


def _line(answer: dict) -> str:
    if "error" in answer:
        return f"{answer['photo']}: {answer['error']}"
    shares = ", ".join(f"{name} {p:.1%}" for name, p in answer["probabilities"].items())
    return f"{answer['photo']}: {answer['label'] or 'not sure'} ({shares})"


if __name__ == "__main__":
    cli(prog_name="python -m helpers")
