"""Adds uneven light, blur and grain to a drawing, as a camera would."""

from random import Random

from PIL import Image, ImageChops, ImageFilter


def finish(image: Image.Image, rng: Random) -> Image.Image:
    """The image with uneven light and grain, in a quarter of the cases blurred."""
    lamp = Image.new("L", (2, 2))
    lamp.putdata([min(255, rng.randint(200, 270)) for _ in range(4)])
    light = lamp.resize(image.size, Image.Resampling.BILINEAR, (0.5, 0.5, 1.5, 1.5))
    image = ImageChops.multiply(image, Image.merge("RGB", (light, light, light)))
    if rng.random() < 0.25:
        radius = rng.uniform(0.4, 1.3) * image.width / 128
        image = image.filter(ImageFilter.GaussianBlur(radius))
    return _grained(image, rng)


def _grained(image: Image.Image, rng: Random) -> Image.Image:
    strength = rng.choice((0, 5, 10, 15))
    grain = Image.frombytes("L", (128, 128), rng.randbytes(128 * 128))
    grain = grain.point([value * strength // 255 for value in range(256)])
    grain = grain.resize(image.size, Image.Resampling.BILINEAR)
    return ImageChops.add(image, Image.merge("RGB", (grain,) * 3), 1, -strength // 2)
