"""`python -m helpers download`."""

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.command()
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
