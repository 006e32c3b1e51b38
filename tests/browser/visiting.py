"""What a visitor does, and the pictures he brings."""

from io import BytesIO
from pathlib import Path

from PIL import Image

PICTURES = Path(__file__).parent / "pictures"  # screenshots, to be looked at


def picture(width: int, height: int, *patches, kind: str = "PNG", **options) -> bytes:
    """A black picture with coloured patches: (colour, left, top, right, bottom)."""
    image = Image.new("RGB", (width, height))
    for colour, *box in patches:
        image.paste(colour, tuple(box))
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


RED_CORNER = picture(120, 120, ("red", 0, 0, 70, 70))
GREEN_CORNER = picture(120, 120, ("lime", 50, 50, 120, 120))


def turned(width: int, height: int, *patches) -> bytes:
    """A JPEG stored lying, whose EXIF data says: a quarter turn to the right."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture(width, height, *patches, kind="JPEG", exif=exif)


def choose(page, *photos: bytes, names: tuple[str, ...] = ()) -> None:
    names = names or tuple(f"photo-{number}.png" for number in range(len(photos)))
    page.locator("#image").set_input_files(
        [
            {"name": name, "mimeType": "image/png", "buffer": data}
            for name, data in zip(names, photos, strict=True)
        ]
    )


def answers(page):
    """The cards that have an answer."""
    return page.locator("article.answer:not([aria-busy], .trouble)")


def keep(page, name: str) -> None:
    """Keeps a screenshot of the whole page."""
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
