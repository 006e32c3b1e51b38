"""`python -m helpers serve`."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from helpers.commands.reading_options import reading_options, take_reading
from helpers.graphs.card_fields import RANGES
from helpers.quiet import import_tensorflow
from helpers.serving import allowed_ops
from helpers.serving.spec_options import arguments_for, spec_options, stated_fields

APP = Path(__file__).resolve().parents[2] / "webapp" / "app.py"


@click.command()
@click.argument("source", metavar="MODEL", type=click.Path(path_type=Path))
@click.option(
    "--save", metavar="FILE.pb", help="The frozen file. Default: beside MODEL."
)
@click.option("--output-node-names", "outputs", metavar="OP,OP", help="As for freeze.")
@click.option(
    "--inference-batch-norm", is_flag=True, help="As for freeze: a training graph."
)
@reading_options
@spec_options
@allowed_ops.allow_ops_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5000, show_default=True, type=click.IntRange(0, 65535))
@click.argument("app_options", nargs=-1, type=click.UNPROCESSED)
def serve(
    source: Path,
    save: str | None,
    outputs: str | None,
    inference_batch_norm: bool,
    allow_ops: tuple[str, ...],
    host: str,
    port: int,
    app_options: tuple[str, ...],
    **given,
) -> None:
    """Freeze MODEL, check that it predicts the same, and serve it as a web page.

    MODEL is whatever `freeze` takes, a zip or folder with one model, or a frozen .pb.
    What is assumed of it, and what options replace in its model card, is printed, a
    line each. After `--` may follow options of webapp/app.py.
    """
    import_tensorflow()
    from helpers.freezing.sources.recognise import is_frozen
    from helpers.serving.assumptions import assumptions

    reading = take_reading(given)
    stated = stated_fields(given)
    path = source
    if not is_frozen(source):
        freezing = {"outputs": outputs, "inference_batch_norm": inference_batch_norm}
        names = stated.get("class_names")
        path = _freeze(source, output=save, class_names=names, **freezing, **reading)
    for field, value, reason in assumptions(path, stated, allow_ops):
        stated = stated | {field: value}
        shown = ", ".join(value[:5]) if isinstance(value, list) else value
        click.echo(f"assumed  {field.replace('_', ' ')} {shown}: {reason}")
    _describe(path, stated, allow_ops)
    name = re.sub(r"[^\w.-]+", "-", path.stem).lstrip(".-") or "model"
    address = ["--host", host, "--port", str(port)]
    served = ["--model", f"{name}={path}", "--override-cards", *arguments_for(stated)]
    if allow_ops:
        served += [allowed_ops.NAME, ",".join(allow_ops)]
    sys.stdout.flush()
    os.execv(  # noqa: S606  it becomes the web app
        sys.executable, [sys.executable, str(APP), *served, *address, *app_options]
    )


def _freeze(source: Path, **options: Any) -> Path:
    """The path of the frozen file; prints its proof and warnings."""
    from helpers.freezing.freeze import freeze

    report = freeze(source, **options)
    click.echo(f"frozen   {report.output}")
    click.echo(f"proof    {report.proof}")
    for warning in report.warnings:
        click.echo(f"warning  {warning}")
    return report.output


def _describe(path: Path, stated: dict, allow_ops: tuple[str, ...]) -> None:
    """Load the model, and print what becomes of photos, its answers and its notes."""
    from helpers.serving.frozen_model import FrozenModel

    with FrozenModel.load(path, stated=stated, allow_ops=allow_ops) as model:
        if model.photos:
            click.echo(f"photos   {model.photos.describe()}")
        if _takes_rgb_unsaid(model, stated):
            click.echo(
                "note     nothing says whether it takes RGB or BGR, and RGB is taken: "
                "for a network that came from Caffe give --pixels caffe"
            )
        click.echo(f"answers  {_answers(model)}")
        for note in model.notes:
            click.echo(f"note     {note}")


def _takes_rgb_unsaid(model, stated: dict) -> bool:
    """Whether only the default says that the channels are RGB."""
    if "channels" in model.card or stated.get("pixels") not in RANGES:
        return False
    return getattr(model.photos, "channels", None) == "RGB"


def _answers(model) -> str:
    names = model.class_names
    if not names:
        return f"{model.output_is}: {', '.join(model.outputs)}"
    shown = ", ".join(names[:5]) + (f", … ({len(names)})" if len(names) > 5 else "")
    return f"{model.output_is} of {shown}"
