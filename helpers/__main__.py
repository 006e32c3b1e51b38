"""The command line: `python -m helpers --help`.

Each command imports what it needs itself, so that --help answers at once.
"""

import json
import os
import sys
import warnings
from pathlib import Path

import click

from helpers.quiet import import_tensorflow

NETWORKS = ("small", "resnet", "alexnet")
WEIGHTS = ("float32", "float16", "bfloat16")


class Commands(click.Group):
    """Bad input is one sentence on standard error and exit status 2."""

    def invoke(self, ctx: click.Context):
        warnings.showwarning = _show_warning
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # `| head`: click ends quietly
            raise
        except (ValueError, LookupError, OSError, ImportError) as error:
            click.echo(f"{ctx.invoked_subcommand}: {_sentence(error)}", err=True)
            ctx.exit(2)


def _show_warning(message, *where) -> None:
    click.echo(f"warning: {message}", err=True)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


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
    from helpers.data.downloads import download_cats_dogs

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
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
def train(data: Path, network: str, epochs: int | None, out: Path | None, seed: int):
    """Train on the photos in DATA, or on drawings where there are none.

    Run the same command again to go on after an interruption.
    """
    import_tensorflow()
    from helpers.training.runs import train_in_folder

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
@click.option("--passes", is_flag=True, help="Also print what each graph pass did.")
def freeze(
    source: str | None, prefix: str | None, as_json: bool, passes: bool, **options
) -> None:
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
    if passes and not as_json:
        click.echo(f"\n{report.passes_table()}")


@cli.command()
@click.argument("path", metavar="PREFIX_OR_FOLDER_OR_FILE")
@click.option("--graph", metavar="OUT.svg", help="Draw the graph into this file.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def inspect(path: str, graph: str | None, as_json: bool) -> None:
    """Say what a checkpoint or a graph holds, without running it."""
    import_tensorflow()
    from helpers.inspecting.inspect import inspect
    from helpers.inspecting.scopes import write_scopes
    from helpers.inspecting.text import as_text

    report = inspect(path)
    if graph:
        write_scopes(path, Path(graph))
    click.echo(json.dumps(report.as_dict()) if as_json else as_text(report))


@cli.command()
@click.argument("model", metavar="MODEL.pb")
@click.argument("checkpoint")
def verify(model: str, checkpoint: str) -> None:
    """Run MODEL.pb and CHECKPOINT on the same inputs; exit status 1 if they differ."""
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # equality is exact then
    import_tensorflow()
    from helpers.freezing.verify import verify

    report = verify(model, checkpoint)
    click.echo(report)
    sys.exit(report.proof.verdict == "different")


@cli.command()
@click.argument("files", nargs=-1, required=True)
def scan(files: tuple[str, ...]) -> None:
    """Look for file, Python and print ops in FILES; exit status 1 if there are any."""
    import_tensorflow()
    from helpers.inspecting.scan import scan

    found = {file: scan(file) for file in files}
    for file, findings in found.items():
        click.echo("\n".join(f"{file}: {item}" for item in findings or ["nothing"]))
    sys.exit(any(found.values()))


@cli.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def predict(model: Path, photos: tuple[Path, ...], as_json: bool) -> None:
    """Ask the frozen MODEL about PHOTOS."""
    import_tensorflow()
    from helpers.serving.predict_files import as_text, predict_files

    failed = False
    for answer in predict_files(model, photos):
        failed |= "error" in answer
        text = json.dumps(answer, ensure_ascii=False) if as_json else as_text(answer)
        click.echo(text)
    sys.exit(failed)


@cli.command()
@click.argument(
    "name", metavar="[MODULE:FUNCTION]", default="helpers.profiling.services:leaky"
)
@click.option("--calls", default=200, show_default=True, type=click.IntRange(20))
def leak(name: str, calls: int) -> None:
    """Call a function again and again; exit status 1 if it leaks.

    It is called without arguments. Where none is named, notebook 06's is.
    """
    import_tensorflow()
    from helpers.profiling.functions import function_named
    from helpers.profiling.leaks import find_leak

    report = find_leak(function_named(name), calls)
    click.echo(f"{name}\n{report}")
    sys.exit(report.grows is not None)


def main() -> None:
    """The command `freeze-serve`."""
    cli(prog_name="freeze-serve")


if __name__ == "__main__":
    cli(prog_name="python -m helpers")
