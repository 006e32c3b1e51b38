"""The command line: `python -m helpers --help`.

Each command imports its modules when it runs, so that --help imports no TensorFlow.
"""

import json
import os
import sys
from pathlib import Path

import click

from helpers.command_group import CommandGroup
from helpers.quiet import import_tensorflow

NETWORKS = ("small", "resnet", "alexnet")
WEIGHTS = ("float32", "float16", "bfloat16")
PATH = click.Path(path_type=Path)


@click.group(cls=CommandGroup)
def cli() -> None:
    """Train, freeze, inspect and run TensorFlow networks."""


@cli.command()
@click.argument("name", default="cats-dogs", type=click.Choice(["cats-dogs"]))
@click.option("--from", "source", metavar="ZIP_OR_URL", help="Another archive.")
@click.option("--data", default="data", show_default=True, type=PATH)
def download(name: str, source: str | None, data: Path) -> None:
    """Download the photos of cats and dogs (825 MB) into data/."""
    from helpers.data.cats_dogs import download_cats_dogs

    unpacked = download_cats_dogs(data, source)
    for reason in unpacked.skipped:
        click.echo(f"left out: {reason}", err=True)
    counts = ", ".join(f"{count:,} {name}" for name, count in unpacked.counts.items())
    click.echo(f"{counts} photos are in {data / name}")


@cli.command()
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


@cli.command()
@click.argument("source", required=False)
@click.option("--meta", metavar="FILE.meta", help="Default: PREFIX.meta.")
@click.option("--prefix", metavar="PREFIX", help="The path given to Saver.save.")
@click.option(
    "--output-node-names", "outputs", metavar="OP,OP", help="Default: y_pred."
)
@click.option("--output", metavar="FILE.pb", help="Default: PREFIX.pb.")
@click.option(
    "--weights", type=click.Choice(WEIGHTS), default="float32", show_default=True
)
@click.option("--classes", metavar="CAT,DOG", help="Class names, in order.")
@click.option("--fold", is_flag=True, help="Fold batch normalization into the kernels.")
@click.option("--ema", is_flag=True, help="Use the moving averages of the weights.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option("--passes", is_flag=True, help="Also print what each graph pass did.")
def freeze(
    source: str | None, prefix: str | None, as_json: bool, passes: bool, **options
) -> None:
    """Freeze a model into one .pb file, and check that it predicts the same.

    SOURCE is a checkpoint's prefix, its folder or one of its files, a Keras file or a
    SavedModel; --meta and --prefix name a checkpoint's files separately.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # it changes rounding
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
    """Describe a checkpoint or a graph, without running it."""
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
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # it changes rounding
    import_tensorflow()
    from helpers.freezing.verify import verify

    report = verify(model, checkpoint)
    click.echo(report)
    sys.exit(report.proof.verdict == "different")


@cli.command()
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


@cli.command()
@click.argument("model", metavar="MODEL.pb", type=PATH)
@click.argument("photos", nargs=-1, required=True, type=PATH)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def predict(model: Path, photos: tuple[Path, ...], as_json: bool) -> None:
    """Classify PHOTOS with the frozen MODEL.pb."""
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
    """Measure whether repeated calls of a function leak; exit status 1 if they do.

    The function gets no arguments. The default is the leaking one of notebook 06.
    """
    import_tensorflow()
    from helpers.profiling.functions import function_named
    from helpers.profiling.leaks import find_leak

    report = find_leak(function_named(name), calls)
    click.echo(f"{name}\n{report}")
    sys.exit(report.grows is not None)


def main() -> None:
    """Entry point of the console script `freeze-serve`."""
    cli(prog_name="freeze-serve")


if __name__ == "__main__":
    cli(prog_name="python -m helpers")
