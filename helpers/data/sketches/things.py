"""Draws things, each within a circle of radius 0.8."""

from random import Random

from helpers.data.sketches.pen import Oval, Pen, box, limb, shade, smooth

_BRIGHTS = (
    (206, 66, 62),
    (62, 120, 190),
    (240, 186, 66),
    (104, 168, 92),
    (236, 132, 150),
    (146, 96, 170),
    (236, 232, 222),
    (90, 84, 90),
)
_INK, _GLASS, _WOOD = (40, 34, 36), (196, 226, 240), (140, 98, 66)
_SKINS = ((250, 208, 72), (244, 190, 150), (150, 104, 76), (150, 200, 120))


def draw_house(pen: Pen, rng: Random) -> None:
    wall, roof = rng.sample(_BRIGHTS, 2)
    pen.shape(box(-0.5, -0.1, 0.5, 0.7), wall, shade(wall, 0.6))
    peak = rng.uniform(-0.8, -0.5)
    pen.shape([(-0.66, -0.05), (0, peak), (0.66, -0.05)], roof, shade(roof, 0.6))
    pen.shape(box(-0.12, 0.25, 0.12, 0.7), _WOOD, _INK)
    for x in (-0.32, 0.32):
        pen.shape(box(x - 0.1, 0.08, x + 0.1, 0.3), _GLASS, _INK)


def draw_car(pen: Pen, rng: Random) -> None:
    paint = rng.choice(_BRIGHTS)
    cabin = [(-0.42, 0.1), (-0.25, -0.25), (0.2, -0.25), (0.42, 0.1)]
    pen.shape(cabin, _GLASS, shade(paint, 0.6), 0.06)
    body = [(-0.75, 0.1), (0.6, 0.05), (0.78, 0.2), (0.75, 0.42), (-0.75, 0.42)]
    pen.shape(smooth(body), paint, shade(paint, 0.6))
    for x in (-0.42, 0.42):
        pen.shape(Oval(x, 0.44, 0.19, 0.19).outline(), _INK)
        pen.shape(Oval(x, 0.44, 0.09, 0.09).outline(), (200, 200, 206))


def draw_tree(pen: Pen, rng: Random) -> None:
    trunk = limb([(0, 0.8), (0.03, 0.4), (0, -0.1)], 0.24, 0.14)
    pen.shape(trunk, _WOOD, shade(_WOOD, 0.6))
    green = rng.choice(((92, 150, 78), (140, 170, 80), (206, 130, 60), (70, 120, 90)))
    for x, y, radius in ((-0.3, 0, 0.32), (0.3, 0, 0.32), (0, -0.35, 0.42)):
        crown = Oval(x, y, radius, radius).outline()
        pen.shape(crown, shade(green, rng.uniform(0.9, 1.1)), shade(green, 0.6))


def draw_flower(pen: Pen, rng: Random) -> None:
    stem = limb([(0.1, 0.85), (0, 0.4), (0, -0.2)], 0.09, 0.07)
    leaf = smooth([(0.03, 0.55), (0.3, 0.25), (0.5, 0.3), (0.3, 0.5)])
    pen.shape(stem, (84, 140, 76))
    pen.shape(leaf, (84, 140, 76))
    petals, colour = rng.choice((5, 6, 8)), rng.choice(_BRIGHTS)
    for petal in range(petals):
        turned = pen.at(0, -0.25, angle=petal * 360 / petals)
        turned.shape(Oval(0, -0.34, 0.17, 0.24).outline(), colour, shade(colour, 0.6))
    pen.shape(Oval(0, -0.25, 0.2, 0.2).outline(), (246, 200, 76), (170, 120, 40))


def draw_fish(pen: Pen, rng: Random) -> None:
    scales = rng.choice(_BRIGHTS)
    line = shade(scales, 0.6)
    pen.shape([(0.35, 0), (0.8, -0.35), (0.7, 0), (0.8, 0.35)], scales, line)
    pen.shape([(-0.2, -0.3), (0.1, -0.58), (0.25, -0.2)], scales, line)
    body = Oval(-0.1, 0, 0.56, rng.uniform(0.3, 0.42))
    pen.shape(body.outline(), scales, line)
    for x in (-0.05, 0.12, 0.28):
        pen.line(Oval(x - 0.2, 0, 0.2, 0.22).arc(-60, 60), line, 0.03)
    pen.shape(Oval(-0.42, -0.08, 0.09, 0.09).outline(), (252, 250, 246), _INK)
    pen.shape(Oval(-0.43, -0.07, 0.045, 0.045).outline(), _INK)


def draw_cup(pen: Pen, rng: Random) -> None:
    china = rng.choice(_BRIGHTS)
    line = shade(china, 0.6)
    pen.line(Oval(0.45, 0.15, 0.26, 0.24).arc(-110, 110, 16), line, 0.14)
    pen.line(Oval(0.45, 0.15, 0.26, 0.24).arc(-110, 110, 16), china, 0.08)
    pen.shape([(-0.5, -0.25), (0.5, -0.25), (0.38, 0.6), (-0.38, 0.6)], china, line)
    pen.shape(Oval(0, -0.25, 0.5, 0.12).outline(), shade(china, 1.2), line)
    pen.shape(Oval(0, -0.23, 0.42, 0.08).outline(), (96, 62, 44))
    for x in (-0.18, 0.1):
        steam = [(x, -0.42), (x + 0.08, -0.52), (x, -0.64), (x + 0.08, -0.76)]
        pen.line(smooth(steam, closed=False), (244, 244, 244), 0.035)


def draw_smiley(pen: Pen, rng: Random) -> None:
    skin = rng.choice(_SKINS)
    pen.shape(Oval(0, 0, 0.7, 0.7).outline(), skin, shade(skin, 0.6))
    for x in (-0.24, 0.24):
        pen.shape(Oval(x, -0.15, 0.08, 0.13).outline(), _INK)
    depth = rng.choice((-0.12, 0.2, 0.34))
    pen.line(Oval(0, 0.2, 0.38, depth).arc(10, 170), _INK, 0.06)


def draw_boat(pen: Pen, rng: Random) -> None:
    hull, sail = rng.sample(_BRIGHTS, 2)
    pen.line([(0, 0.3), (0, -0.8)], _WOOD, 0.06)
    pen.shape([(0.05, -0.75), (0.6, 0.15), (0.05, 0.15)], sail, shade(sail, 0.6))
    pen.shape([(-0.05, -0.6), (-0.45, 0.15), (-0.05, 0.15)], sail, shade(sail, 0.6))
    keel = [(-0.75, 0.28), (0.75, 0.28), (0.5, 0.62), (-0.5, 0.62)]
    pen.shape(keel, hull, shade(hull, 0.6))
    for x in (-0.6, -0.2, 0.2, 0.6):
        pen.line(Oval(x, 0.62, 0.2, 0.09).arc(0, 180), (90, 140, 200), 0.05)
