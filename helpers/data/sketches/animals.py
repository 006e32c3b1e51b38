"""The heads and tails of cat, dog and rabbit; the rest of the animal is the same."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from helpers.data.sketches.coats import Coat, mark_face
from helpers.data.sketches.pen import Colour, Oval, Pen, limb, mix, shade, smooth

_WHITE, _INK = (252, 250, 246), (38, 32, 34)


class Look(NamedTuple):
    """The state of an animal's eyes."""

    asleep: bool
    winks: bool
    aside: float  # how far the pupils are from the middle


def choose_look(rng: Random, sleepy: float = 0.0) -> Look:
    """A random look; `sleepy` is the probability of being asleep."""
    return Look(rng.random() < sleepy, rng.random() < 0.08, rng.uniform(-0.06, 0.06))


class Animal(NamedTuple):
    """The functions that draw an animal's head and tail."""

    head: Callable[[Pen, Coat, Random, Look], None]
    tail: Callable[[Pen, Coat, Random], None]


def _cat_head(pen: Pen, coat: Coat, rng: Random, look: Look) -> None:
    _cat_ears(pen, coat, rng.uniform(1.2, 1.5))
    skull = Oval(0, 0, 1.0, 0.84)
    pen.shape(skull.outline(), coat.fur, coat.line, 0.08)
    mark_face(pen, skull, coat, rng)
    for x in (-0.18, 0.18):
        pen.shape(Oval(x, 0.42, 0.25, 0.19).outline(), coat.light)
    slit = rng.choice((0.05, 0.07, 0.13))
    _eyes(pen.at(0, -0.08), look, coat.iris, (slit, 0.19))
    pen.shape([(-0.12, 0.24), (0.12, 0.24), (0, 0.38)], coat.nose, _INK, 0.03)
    _mouth(pen.at(0, 0.5), 0.13)
    _whiskers(pen, coat)


def _cat_ears(pen: Pen, coat: Coat, height: float) -> None:
    for side in (pen, pen.mirrored()):
        ear = [(-0.92, -0.15), (-0.82, -height), (-0.16, -0.75)]
        side.shape(ear, coat.fur, coat.line, 0.08)
        inner = [(-0.78, -0.45), (-0.74, 0.25 - height), (-0.36, -0.72)]
        side.shape(inner, coat.inner)


def _whiskers(pen: Pen, coat: Coat) -> None:
    colour = _WHITE if sum(coat.fur) < 480 else shade(coat.line, 0.8)
    for side in (pen, pen.mirrored()):
        for y in (-0.1, 0.04, 0.18):
            whisker = [(-0.4, 0.42 + y * 0.4), (-1.25, 0.36 + y * 1.6)]
            side.line(whisker, colour, 0.045)


def _cat_tail(pen: Pen, coat: Coat, rng: Random) -> None:
    reach = rng.uniform(0.8, 1.1)
    curve = [(-0.1, 0), (0.16, 0.03), (0.3, -0.12), (0.27, -0.36), (0.4, -0.5)]
    points = [(x * reach, y * reach) for x, y in curve]
    pen.shape(limb(points, 0.12, 0.09), coat.fur, coat.line)
    if coat.pattern in ("tabby", "patches"):
        pen.shape(limb(points[-2:], 0.09, 0.08), coat.dark)


def _dog_head(pen: Pen, coat: Coat, rng: Random, look: Look) -> None:
    floppy, length = rng.random() < 0.85, rng.uniform(0.9, 1.15)
    if not floppy:
        _pointed_ears(pen, coat)
    skull = [(-0.82, -0.2), (-0.5, -0.8), (0.5, -0.8), (0.82, -0.2), (0.6, 0.5)]
    chin = [(0, 0.85 * length), (-0.6, 0.5)]
    pen.shape(smooth([*skull, *chin]), coat.fur, coat.line, 0.08)
    mark_face(pen, Oval(0, -0.1, 0.75, 0.7), coat, rng)
    if floppy:
        _floppy_ears(pen, coat, rng.uniform(0.35, 0.75))
    if rng.random() < 0.5 and not look.asleep:
        tongue = Oval(0.03, 0.8 * length, 0.17, 0.28)
        pen.shape(tongue.outline(), (232, 104, 116), (160, 60, 74), 0.05)
    muzzle = Oval(0, 0.47 * length, rng.uniform(0.44, 0.56), 0.42)
    pen.shape(muzzle.outline(), coat.light, shade(coat.light, 0.8), 0.04)
    _eyes(pen.at(0, -0.2, scale=0.85), look, coat.iris, (0.16, 0.17))
    _dog_nose(pen.at(0, 0.24 * length), coat)
    _mouth(pen.at(0, 0.55 * length), 0.18)


def _dog_nose(pen: Pen, coat: Coat) -> None:
    pen.shape(Oval(0, 0, 0.25, 0.17).outline(), coat.nose, _INK)
    shine = Oval(-0.07, -0.05, 0.07, 0.035)
    pen.shape(shine.outline(), mix(coat.nose, _WHITE, 0.5))


def _pointed_ears(pen: Pen, coat: Coat) -> None:
    for side in (pen, pen.mirrored()):
        ear = [(-0.8, -0.3), (-0.74, -0.9), (-0.52, -1.35), (-0.2, -0.7)]
        side.shape(ear, coat.dark, coat.line, 0.08)
        inner = [(-0.66, -0.5), (-0.54, -1.15), (-0.34, -0.72)]
        side.shape(inner, coat.inner)


def _floppy_ears(pen: Pen, coat: Coat, drop: float) -> None:
    colour = shade(coat.fur, 0.85) if coat.pattern == "plain" else coat.dark
    for side in (pen, pen.mirrored()):
        ear = [(-0.5, -0.8), (-0.95, -0.6), (-1.12, drop - 0.2), (-0.85, drop)]
        side.shape(smooth([*ear, (-0.66, -0.1)]), colour, coat.line, 0.08)


def _dog_tail(pen: Pen, coat: Coat, rng: Random) -> None:
    reach = rng.uniform(0.8, 1.2)
    curve = [(-0.1, 0), (0.14, -0.04), (0.26, -0.18), (0.28, -0.38)]
    points = [(x * reach, y * reach) for x, y in curve]
    pen.shape(limb(points, 0.15, rng.choice((0.04, 0.12))), coat.fur, coat.line)


def _rabbit_head(pen: Pen, coat: Coat, rng: Random, look: Look) -> None:
    pen = pen.at(0, 0.15, scale=0.85)
    for side in (pen, pen.mirrored()):
        _long_ear(side, coat, rng.uniform(-0.1, 0.25))
    skull = Oval(0, 0, 0.82, 0.8)
    pen.shape(skull.outline(), coat.fur, coat.line, 0.08)
    mark_face(pen, skull, coat, rng)
    for x in (-0.2, 0.2):
        pen.shape(Oval(x, 0.4, 0.26, 0.2).outline(), coat.light)
    teeth = [(-0.12, 0.5), (0.12, 0.5), (0.11, 0.78), (-0.11, 0.78)]
    pen.shape(teeth, _WHITE, _INK, 0.04)
    pen.line([(0, 0.5), (0, 0.78)], _INK, 0.03)
    _eyes(pen.at(0, -0.1), look, coat.iris, (0.17, 0.19))
    pen.shape(Oval(0, 0.26, 0.1, 0.07).outline(), coat.nose, _INK, 0.03)
    _mouth(pen.at(0, 0.46), 0.12)


def _long_ear(pen: Pen, coat: Coat, lean: float) -> None:
    spine = [(-0.35, -0.5), (-0.4 - lean / 2, -1.1), (-0.45 - lean, -1.65)]
    pen.shape(limb(spine, 0.36, 0.38), coat.fur, coat.line, 0.08)
    pen.shape(limb(spine[1:], 0.16, 0.18), coat.inner)


def _rabbit_tail(pen: Pen, coat: Coat, rng: Random) -> None:
    radius = rng.uniform(0.12, 0.16)
    pen.shape(Oval(0.08, 0, radius, radius).outline(), coat.light, coat.line)


CAT = Animal(_cat_head, _cat_tail)
DOG = Animal(_dog_head, _dog_tail)
RABBIT = Animal(_rabbit_head, _rabbit_tail)


def _eyes(pen: Pen, look: Look, iris: Colour, pupil: tuple[float, float]) -> None:
    """Draw both eyes around the origin; `pupil` is the half axes of each pupil."""
    for x, shut in ((-0.4, look.asleep), (0.4, look.asleep or look.winks)):
        if shut:
            lid = Oval(x, -0.05, 0.21, 0.15).arc(10, 170)
            pen.line(lid, _INK, 0.08)
            continue
        pen.shape(Oval(x, 0, 0.22, 0.23).outline(), iris, _INK, 0.07)
        pen.shape(Oval(x + look.aside, 0.01, *pupil).outline(), _INK)
        pen.shape(Oval(x + 0.07, -0.08, 0.07, 0.07).outline(), _WHITE)


def _mouth(pen: Pen, width: float) -> None:
    pen.line([(0, -0.15), (0, 0)], _INK, 0.05)
    for side in (-1, 1):
        curve = Oval(side * width, -0.02, width, 0.13).arc(0, 180)
        pen.line(curve, _INK, 0.05)
