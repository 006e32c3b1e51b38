"""Actions on the page in a browser, and the pictures that the tests upload."""

from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

# The window's width and the colours: a phone, a desktop; in CI a tablet, too.
VIEWS = pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (360, "light"),
        (1280, "dark"),
        *(
            pytest.param(width, scheme, marks=pytest.mark.ci)
            for width in (360, 768, 1280)
            for scheme in ("light", "dark")
            if (width, scheme) not in ((360, "light"), (1280, "dark"))
        ),
    ],
)
PICTURES = Path(__file__).parent / "pictures"  # screenshots, for people to look at


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


def rotated_picture(width: int, height: int, *patches) -> bytes:
    """A JPEG whose EXIF orientation says to rotate it by 90° clockwise."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture(width, height, *patches, kind="JPEG", exif=exif)


def choose(page, *photos: bytes, names: tuple[str, ...] = ()) -> None:
    """Choose files in the form; with JavaScript this uploads them."""
    names = names or tuple(f"photo-{number}.png" for number in range(len(photos)))
    page.locator("#image").set_input_files(
        [
            {"name": name, "mimeType": "image/png", "buffer": data}
            for name, data in zip(names, photos, strict=True)
        ]
    )


def submit(page, *photos: bytes, button: str = "Ask", **names) -> None:
    """Choose files and press a button of the form, as without JavaScript."""
    choose(page, *photos, **names)
    page.get_by_role("button", name=button, exact=True).click()


def answers(page):
    """The cards of the photos that are answered."""
    return page.locator("article.answer:not([aria-busy], .trouble)")


def save_screenshot(page, name: str) -> None:
    """Write a screenshot of the whole page."""
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def violations(page) -> list[str]:
    """The violations of accessibility rules that axe-core finds."""
    found = Axe().run(page).response["violations"]
    return [f"{it['id']}: {[node['html'] for node in it['nodes']]}" for it in found]
