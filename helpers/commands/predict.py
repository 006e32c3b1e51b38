"""`python -m helpers predict`."""

import json
import sys
from pathlib import Path

import click

from helpers.quiet import import_tensorflow

PATH = click.Path(path_type=Path)


@click.command()
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
