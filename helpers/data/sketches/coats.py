"""Colours and patterns of coats, drawn from the same palettes for every animal."""

from random import Random
from typing import NamedTuple

from helpers.data.sketches.pen import Colour, Oval, Pen, mix, shade

_FURS = (
    (224, 140, 62),  # ginger
    (148, 150, 158),  # grey
    (62, 58, 62),  # black
    (240, 236, 228),  # white
    (226, 196, 150),  # cream
    (132, 88, 56),  # brown
    (94, 70, 58),  # chocolate
    (196, 150, 98),  # sand
    (118, 132, 150),  # blue
)
_IRISES = ((122, 168, 66), (214, 170, 50), (96, 154, 196), (150, 98, 52), (92, 62, 44))
_NOSES = ((200, 118, 116), (120, 74, 66), (38, 32, 34), (38, 32, 34))
_WHITE, _PINK = (252, 250, 246), (236, 146, 150)


class Coat(NamedTuple):
    """Colours and pattern of one animal."""

    fur: Colour
    light: Colour  # muzzle, chest, paws
    dark: Colour  # stripes, patches, spots
    inner: Colour  # of the ears
    nose: Colour
    line: Colour
    iris: Colour
    pattern: str


def choose_coat(rng: Random) -> Coat:
    """A random coat."""
    fur = rng.choice(_FURS)
    bright = sum(fur) > 3 * 110
    pattern = rng.choice(("plain", "tabby", "patches", "spots", "bib"))
    return Coat(
        fur=fur,
        light=mix(fur, _WHITE, rng.choice((0.35, 0.6, 0.95))),
        dark=shade(fur, 0.58) if bright else mix(fur, rng.choice(_FURS[:5]), 0.6),
        inner=mix(fur, _PINK, rng.choice((0.3, 0.6, 0.9))),
        nose=rng.choice(_NOSES),
        line=shade(fur, 0.5),
        iris=rng.choice(_IRISES),
        pattern=pattern,
    )


def mark_body(pen: Pen, oval: Oval, coat: Coat, rng: Random) -> None:
    """Draw the coat's pattern on a torso."""
    if coat.pattern == "tabby":
        for u in (-0.66, -0.35, -0.05, 0.25, 0.55):
            _stripe(pen, oval, u, rng.uniform(0.5, 0.9), coat.dark)
    if coat.pattern == "patches":
        for start in (rng.uniform(180, 240), rng.uniform(290, 340)):
            _patch(pen, oval, start, rng.uniform(50, 90), coat.dark)
    if coat.pattern == "spots":
        for _ in range(7):
            u, v = rng.uniform(-0.65, 0.65), rng.uniform(-0.6, 0.5)
            radius = rng.uniform(0.03, 0.06)
            pen.shape(Oval(*oval.point(u, v), radius, radius).outline(), coat.dark)


def _stripe(pen: Pen, oval: Oval, u: float, length: float, colour: Colour) -> None:
    top = -((1 - u * u) ** 0.5)
    wedge = [(u - 0.07, top + 0.05), (u + 0.07, top + 0.05), (u + 0.03, top + length)]
    pen.shape([oval.point(*point) for point in wedge], colour)


def _patch(pen: Pen, oval: Oval, start: float, width: float, colour: Colour) -> None:
    edge = oval.arc(start, start + width)
    inner = Oval(oval.x, oval.y, 0.35 * oval.rx, 0.35 * oval.ry)
    pen.shape([*edge, *reversed(inner.arc(start + 15, start + width - 15))], colour)


def mark_face(pen: Pen, oval: Oval, coat: Coat, rng: Random) -> None:
    """Draw the coat's pattern on a head."""
    if coat.pattern == "tabby":
        for u in (-0.25, 0.0, 0.25):
            _stripe(pen, oval, u, 0.5, coat.dark)
    if coat.pattern == "patches":
        _patch(pen, oval, rng.choice((185, 285)), 70, coat.dark)
    if coat.pattern == "spots":
        for _ in range(3):
            spot = oval.point(rng.uniform(-0.5, 0.5), rng.uniform(-0.8, -0.45))
            pen.shape(Oval(*spot, 0.08, 0.08).outline(), coat.dark)
    if coat.pattern == "bib":
        blaze = [(-0.06, -0.9), (0.06, -0.9), (0.22, 0.3), (-0.22, 0.3)]
        pen.shape([oval.point(*point) for point in blaze], coat.light)
