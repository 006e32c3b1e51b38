"""Draws an animal that sits, stands, lies, sleeps or looks out of a box."""

from random import Random

from helpers.data.sketches.animals import Animal, choose_look
from helpers.data.sketches.coats import Coat, choose_coat, mark_body
from helpers.data.sketches.pen import Oval, Pen, Point, limb, shade, smooth

_COLLARS = (
    (206, 56, 60),
    (52, 110, 190),
    (70, 150, 90),
    (240, 190, 60),
    (150, 90, 170),
)
_CARDBOARDS = ((190, 150, 104), (120, 140, 160), (186, 96, 84), (110, 150, 110))


def draw_animal(animal: Animal, pen: Pen, rng: Random) -> None:
    """Draw the animal with a random coat and pose, its feet at y = 0.75."""
    coat = choose_coat(rng)
    rng.choice((_sit, _stand, _lie, _curl, _peek, _face))(pen, animal, coat, rng)


def _sit(pen: Pen, animal: Animal, coat: Coat, rng: Random) -> None:
    animal.tail(pen.at(0.3, 0.62, angle=rng.uniform(-15, 25)), coat, rng)
    for x in (-0.3, 0.3):
        _part(pen, Oval(x, 0.52, 0.2, 0.24).outline(), coat)
    torso = [(-0.2, -0.1), (-0.33, 0.35), (-0.3, 0.7), (0.3, 0.7), (0.33, 0.35)]
    _part(pen, smooth([*torso, (0.2, -0.1)]), coat)
    mark_body(pen, Oval(0, 0.33, 0.29, 0.36), coat, rng)
    for x in (-0.13, 0.13):
        _leg(pen, [(x * 0.9, 0.25), (x, 0.5), (x * 1.05, 0.7)], coat)
    if coat.pattern == "bib":
        pen.shape(Oval(0, 0.18, 0.14, 0.22).outline(), coat.light)
    _collar(pen.at(0, 0.02), rng)
    head = pen.at(rng.uniform(-0.06, 0.06), -0.33, scale=0.5)
    animal.head(_tilted(head, rng), coat, rng, choose_look(rng))


def _stand(pen: Pen, animal: Animal, coat: Coat, rng: Random) -> None:
    animal.tail(pen.at(0.5, 0.02, angle=rng.uniform(-40, 10)), coat, rng)
    stride = rng.uniform(-0.1, 0.1)
    far = coat._replace(fur=shade(coat.fur, 0.8), light=shade(coat.light, 0.8))
    for x in (-0.25, 0.42):
        _leg(pen, [(x, 0.2), (x + stride, 0.5), (x + 1.3 * stride, 0.7)], far)
    for x in (-0.32, 0.38):
        _leg(pen, [(x, 0.2), (x - stride, 0.5), (x - 1.3 * stride, 0.72)], coat)
    torso = Oval(0.07, 0.15, 0.5, 0.25)
    _part(pen, torso.outline(), coat)
    mark_body(pen, torso, coat, rng)
    head = pen.at(-0.4, -0.22, scale=0.45)
    animal.head(_tilted(head, rng), coat, rng, choose_look(rng))


def _lie(pen: Pen, animal: Animal, coat: Coat, rng: Random) -> None:
    animal.tail(pen.at(0.6, 0.55, angle=rng.uniform(-20, 40)), coat, rng)
    torso = Oval(0.12, 0.42, 0.56, 0.3)
    _part(pen, torso.outline(), coat)
    mark_body(pen, torso, coat, rng)
    _part(pen, Oval(0.44, 0.53, 0.23, 0.2).outline(), coat)
    _leg(pen, [(0.46, 0.61), (0.38, 0.69), (0.24, 0.7)], coat)
    for y in (0.58, 0.67):
        _leg(pen, [(-0.1, y - 0.06), (-0.36, y + 0.02), (-0.6, y + 0.02)], coat)
    head = pen.at(-0.36, 0.08, scale=0.46)
    animal.head(_tilted(head, rng), coat, rng, choose_look(rng, 0.2))


def _curl(pen: Pen, animal: Animal, coat: Coat, rng: Random) -> None:
    torso = Oval(0.05, 0.28, 0.6, 0.42)
    animal.tail(pen.at(0.5, 0.5, angle=rng.uniform(20, 60)), coat, rng)
    _part(pen, torso.outline(), coat)
    mark_body(pen, torso, coat, rng)
    _part(pen, Oval(0.34, 0.45, 0.28, 0.24).outline(), coat)
    _leg(pen, [(0.28, 0.57), (0.08, 0.66), (-0.12, 0.68)], coat)
    head = pen.at(-0.28, 0.2, scale=0.46, angle=rng.uniform(-25, 5))
    animal.head(_tilted(head, rng), coat, rng, choose_look(rng, 0.7))


def _peek(pen: Pen, animal: Animal, coat: Coat, rng: Random) -> None:
    card = rng.choice(_CARDBOARDS)
    head = pen.at(rng.uniform(-0.1, 0.1), 0.0, scale=0.56)
    animal.head(_tilted(head, rng), coat, rng, choose_look(rng))
    front = [(-0.85, 0.42), (0.85, 0.42), (0.78, 1.6), (-0.78, 1.6)]
    pen.shape(front, card, shade(card, 0.6))
    pen.shape([(-0.88, 0.4), (0.88, 0.4), (0.87, 0.5), (-0.87, 0.5)], shade(card, 1.2))
    for x in (-0.36, 0.36):
        _paw(pen.at(x, 0.43, scale=1.2), coat)


def _face(pen: Pen, animal: Animal, coat: Coat, rng: Random) -> None:
    _part(pen, Oval(0, 1.12, 0.72, 0.72).outline(), coat)
    if coat.pattern == "bib":
        pen.shape(Oval(0, 1.0, 0.34, 0.5).outline(), coat.light)
    _collar(pen.at(0, 0.52, scale=1.5), rng)
    head = pen.at(0, 0.05, scale=0.62)
    animal.head(_tilted(head, rng), coat, rng, choose_look(rng))


def _tilted(pen: Pen, rng: Random) -> Pen:
    return pen.at(0, 0, angle=rng.uniform(-8, 8))


def _part(pen: Pen, outline: list[Point], coat: Coat) -> None:
    pen.shape(outline, coat.fur, coat.line)


def _leg(pen: Pen, points: list[Point], coat: Coat) -> None:
    _part(pen, limb(points, 0.17, 0.13), coat)
    pen.shape(Oval(*points[0], 0.095, 0.095).outline(), coat.fur)  # hides the outline
    _paw(pen.at(*points[-1]), coat)


def _paw(pen: Pen, coat: Coat) -> None:
    fur = coat.light if coat.pattern == "bib" else coat.fur
    pen.shape(Oval(0, 0.02, 0.1, 0.065).outline(), fur, coat.line)
    for x in (-0.03, 0.03):
        pen.line([(x, 0.03), (x, 0.07)], coat.line, 0.015)


def _collar(pen: Pen, rng: Random) -> None:
    if rng.random() < 0.5:
        return
    colour, bow = rng.choice(_COLLARS), rng.random() < 0.4
    band = Oval(0, 0, 0.21, 0.09).arc(0, 180)
    pen.shape(limb(band, 0.08, 0.08), colour, shade(colour, 0.6), 0.02)
    if bow:
        for x in (-0.14, 0.14):
            loop = smooth([(0, 0.1), (x, 0.02), (1.2 * x, 0.1), (x, 0.2)])
            pen.shape(loop, shade(colour, 1.15), shade(colour, 0.6), 0.02)
    button = Oval(0, 0.11 if bow else 0.14, 0.045, 0.045)
    pen.shape(button.outline(), (246, 208, 90), (150, 110, 40), 0.02)
