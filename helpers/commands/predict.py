"""`python -m helpers predict`."""

import json
import sys
from pathlib import Path

import click

from helpers.quiet import import_tensorflow
from helpers.serving import allowed_ops
from helpers.serving.spec_options import spec_options, stated_fields

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model", metavar="MODEL.pb", type=PATH)
@click.argument("photos", nargs=-1, required=True, type=PATH)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@allowed_ops.allow_ops_option
@spec_options
def predict(
    model: Path,
    photos: tuple[Path, ...],
    as_json: bool,
    allow_ops: tuple[str, ...],
    **given,
) -> None:
    """Classify PHOTOS with the frozen MODEL.pb.

    The other options describe a graph that has no model card, or replace what its card
    says.
    """
    import_tensorflow()
    from helpers.serving.frozen_model import FrozenModel
    from helpers.serving.predict_files import as_text, predict_files

    failed = False
    stated = stated_fields(given)
    with FrozenModel.load(model, stated=stated, allow_ops=allow_ops) as loaded:
        for note in loaded.notes:
            click.echo(f"note: {note}", err=True)
        for answer in predict_files(loaded, photos):
            failed |= "error" in answer
            text = json.dumps(answer, ensure_ascii=False)
            click.echo(text if as_json else as_text(answer))
    sys.exit(failed)
