"""Backgrounds, and objects in the foreground that cover part of the subject."""

from random import Random

from PIL import Image

from helpers.data.sketches.pen import Colour, Oval, Pen, box, mix, shade, smooth

_PASTELS = (
    (242, 214, 196),
    (204, 222, 236),
    (214, 230, 204),
    (236, 226, 190),
    (226, 208, 230),
    (190, 206, 210),
    (178, 122, 104),
    (108, 130, 148),
    (140, 158, 118),
    (92, 84, 104),
)
_WOODS = ((176, 132, 92), (140, 100, 70), (204, 170, 126), (120, 108, 100))
_GREENS = ((118, 168, 84), (92, 146, 78), (150, 180, 96), (76, 124, 84))
_SKIES = ((150, 200, 236), (190, 220, 240), (244, 206, 176), (110, 150, 200))
_BRIGHTS = (
    (214, 70, 66),
    (62, 126, 200),
    (246, 192, 70),
    (110, 176, 96),
    (240, 130, 150),
)


def paint_background(pen: Pen, rng: Random) -> None:
    """Fill the image with a room, a sofa, grass, sky, a gradient or a texture."""
    rng.choice((_room, _sofa, _grass, _sky, _gradient, _texture))(pen, rng)


def _band(pen: Pen, top: float, bottom: float, colour: Colour) -> None:
    pen.shape(box(-1, top, 1, bottom), colour)


def _blend(pen: Pen, top: Colour, bottom: Colour) -> None:
    ramp = Image.new("RGB", (1, 2))
    ramp.putdata([top, bottom])
    pen.image.paste(
        ramp.resize(pen.image.size, Image.Resampling.BILINEAR, (0, 0.5, 1, 1.5))
    )


def _room(pen: Pen, rng: Random) -> None:
    wall, floor = rng.choice(_PASTELS), rng.choice(_WOODS)
    edge = rng.uniform(0.2, 0.5)
    _band(pen, -1, edge, wall)
    if rng.random() < 0.4:
        for x in range(-9, 10, 3):
            pen.shape(box(x / 9, -1, x / 9 + 0.12, edge), shade(wall, 0.94))
    if rng.random() < 0.6:
        _picture(pen.at(rng.uniform(-0.8, 0.8), rng.uniform(-0.75, -0.4)), rng)
    _band(pen, edge, 1, floor)
    _band(pen, edge - 0.05, edge, shade(wall, 1.3))
    if rng.random() < 0.5:
        rug = Oval(rng.uniform(-0.2, 0.2), 0.78, 0.85, 0.22)
        pen.shape(rug.outline(), rng.choice(_PASTELS), rng.choice(_BRIGHTS), 0.04)


def _picture(pen: Pen, rng: Random) -> None:
    frame = box(-0.26, -0.2, 0.26, 0.2)
    pen.shape(frame, rng.choice(_SKIES), rng.choice(_WOODS), 0.07)
    hill = [(-0.25, 0.19), (-0.1, 0.0), (0.05, 0.1), (0.14, -0.02), (0.25, 0.19)]
    pen.shape(hill, rng.choice(_GREENS))


def _sofa(pen: Pen, rng: Random) -> None:
    wall, cloth = rng.choice(_PASTELS), rng.choice((*_PASTELS, *_BRIGHTS))
    _band(pen, -1, 1, wall)
    line = shade(cloth, 0.7)
    top = rng.uniform(-0.45, -0.1)
    for x in (-0.52, 0.52):
        side = top + 0.1
        back = [(x - 0.5, side), (x - 0.4, top), (x + 0.4, top), (x + 0.5, side)]
        pen.shape([*back, (x + 0.5, 0.6), (x - 0.5, 0.6)], cloth, line)
    pen.shape(box(-1.1, 0.5, 1.1, 0.95), shade(cloth, 1.1), line)
    if rng.random() < 0.6:
        cushion = pen.at(rng.choice((-0.7, 0.7)), 0.2, angle=rng.uniform(-25, 25))
        top_edge = [(-0.25, -0.25), (0, -0.21), (0.25, -0.25)]
        square = [*top_edge, (0.25, 0.25), (-0.25, 0.25)]
        cushion.shape(smooth(square), rng.choice(_BRIGHTS))


def _grass(pen: Pen, rng: Random) -> None:
    sky, green = rng.choice(_SKIES), rng.choice(_GREENS)
    _blend(pen, sky, shade(sky, 1.4))
    edge = rng.uniform(-0.2, 0.35)
    crest = edge - rng.uniform(0, 0.2)
    hill = [(-1.3, edge), (-0.5, crest), (0.4, edge), (1.3, edge - 0.1)]
    pen.shape([*smooth(hill, closed=False), (1.3, 1.2), (-1.3, 1.2)], green)
    for _ in range(14):
        x, y = rng.uniform(-1, 1), rng.uniform(edge + 0.1, 1)
        blade = [(x - 0.03, y), (x + rng.uniform(-0.04, 0.04), y - 0.12), (x + 0.03, y)]
        pen.shape(blade, shade(green, rng.choice((0.85, 1.15))))
    for _ in range(rng.choice((0, 5, 9))):
        x, y = rng.uniform(-1, 1), rng.uniform(edge + 0.1, 1)
        _blossom(pen.at(x, y, scale=0.05), rng)


def _blossom(pen: Pen, rng: Random) -> None:
    petals = rng.choice((*_BRIGHTS, (250, 248, 244)))
    for x, y in ((-0.6, 0), (0.6, 0), (0, -0.6), (0, 0.6)):
        pen.shape(Oval(x, y, 0.5, 0.5).outline(), petals)
    pen.shape(Oval(0, 0, 0.4, 0.4).outline(), (250, 206, 80))


def _sky(pen: Pen, rng: Random) -> None:
    sky = rng.choice(_SKIES)
    _blend(pen, shade(sky, 0.9), shade(sky, 1.5))
    for _ in range(rng.choice((1, 2, 3))):
        x, y = rng.uniform(-0.9, 0.9), rng.uniform(-0.9, 0.1)
        cloud = pen.at(x, y, scale=rng.uniform(0.6, 1))
        for x, y, radius in ((-0.2, 0.02, 0.14), (0, -0.06, 0.2), (0.2, 0.02, 0.15)):
            cloud.shape(Oval(x, y, radius * 1.3, radius).outline(), shade(sky, 1.8))
    _band(pen, rng.uniform(0.55, 0.75), 1, rng.choice((*_GREENS, *_WOODS)))


def _gradient(pen: Pen, rng: Random) -> None:
    _blend(pen, *rng.sample((*_PASTELS, *_SKIES), 2))


def _texture(pen: Pen, rng: Random) -> None:
    one, other = rng.sample((*_PASTELS, *_GREENS, *_WOODS), 2)
    cells = rng.choice((4, 9, 20))
    grid = Image.new("RGB", (cells, cells))
    grid.putdata([mix(one, other, rng.random() * 0.6) for _ in range(cells * cells)])
    pen.image.paste(grid.resize(pen.image.size, Image.Resampling.BICUBIC))


def paint_foreground(pen: Pen, rng: Random) -> None:
    """In a quarter of the drawings, cover a part with one object."""
    if rng.random() < 0.25:
        rng.choice((_post, _ball, _leaves, _tall_grass))(pen, rng)


def _post(pen: Pen, rng: Random) -> None:
    x, width = rng.choice((-1, 1)) * rng.uniform(0.3, 0.9), rng.uniform(0.06, 0.12)
    wood, left, right = rng.choice(_WOODS), x - width, x + width
    post = [(left, 1.1), (left, -0.6), (x, -0.72), (right, -0.6), (right, 1.1)]
    pen.shape(post, wood, shade(wood, 0.6))


def _ball(pen: Pen, rng: Random) -> None:
    radius = rng.uniform(0.16, 0.3)
    ball = pen.at(rng.uniform(-0.6, 0.6), 0.9 - radius, scale=radius)
    colour = rng.choice(_BRIGHTS)
    ball.shape(Oval(0, 0, 1, 1).outline(), colour, shade(colour, 0.6), 0.1)
    ball.line(Oval(-0.9, 0, 0.9, 0.9).arc(-50, 50), shade(colour, 1.5), 0.14)
    ball.line(Oval(0.9, 0, 0.9, 0.9).arc(130, 230), shade(colour, 1.5), 0.14)


def _leaves(pen: Pen, rng: Random) -> None:
    corner_x, corner_y = rng.choice((-0.9, 0.9)), rng.choice((-0.9, 0.9))
    green = rng.choice(_GREENS)
    for _ in range(8):
        x, y = corner_x + rng.uniform(-0.45, 0.45), corner_y + rng.uniform(-0.45, 0.45)
        leaf = pen.at(x, y, scale=rng.uniform(0.18, 0.3), angle=rng.uniform(0, 360))
        blade = smooth([(-1, 0), (-0.3, -0.45), (1, 0), (-0.3, 0.45)])
        leaf.shape(blade, shade(green, rng.uniform(0.8, 1.2)), shade(green, 0.6), 0.05)


def _tall_grass(pen: Pen, rng: Random) -> None:
    green = rng.choice(_GREENS)
    for _ in range(26):
        x, tip = rng.uniform(-1, 1), rng.uniform(0.25, 0.75)
        bent = x + rng.uniform(-0.12, 0.12)
        blade = [(x - 0.05, 1.05), (bent, tip), (x + 0.05, 1.05)]
        pen.shape(blade, shade(green, rng.uniform(0.75, 1.15)))
