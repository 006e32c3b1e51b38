"""`python -m helpers freeze`."""

import json
import os

import click

from helpers.commands.reading_options import reading_options, take_reading
from helpers.quiet import import_tensorflow

WEIGHTS = ("float32", "float16", "bfloat16")


@click.command()
@click.argument("source", required=False)
@click.option("--prefix", metavar="PREFIX", help="The path given to Saver.save.")
@click.option(
    "--output-node-names", "outputs", metavar="OP,OP", help="Default: y_pred."
)
@click.option("--output", metavar="FILE.pb", help="Default: PREFIX.pb.")
@click.option(
    "--weights", type=click.Choice(WEIGHTS), default="float32", show_default=True
)
@click.option(
    "--classes", metavar="CAT,DOG|FILE", help="Class names, in order, or their file."
)
@reading_options
@click.option("--fold", is_flag=True, help="Fold batch normalization into the kernels.")
@click.option("--ema", is_flag=True, help="Use the moving averages of the weights.")
@click.option(
    "--inference-batch-norm",
    is_flag=True,
    help="Batch norms of a training graph take their moving averages.",
)
@click.option("--plain", is_flag=True, help="For other programs; also of a frozen .pb.")
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

    reading = take_reading(options)
    if not (source or prefix or reading["meta"]):
        raise click.UsageError("name a checkpoint: --meta FILE.meta --prefix PREFIX")
    report = freeze(
        prefix or source or reading["meta"],
        class_names=options.pop("classes"),
        **options,
        **reading,
    )
    click.echo(json.dumps(report.as_json()) if as_json else report)
    if passes and not as_json:
        click.echo(f"\n{report.passes_table()}")
