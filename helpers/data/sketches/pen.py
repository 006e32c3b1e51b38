"""Draws filled shapes and lines on a Pillow image in transformed coordinates."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]

_CIRCLE = [
    (math.cos(step * math.tau / 40), math.sin(step * math.tau / 40))
    for step in range(40)
]
_STEPS = [step / 7 for step in range(7)]
_FINE_LINE = 8  # pixels wide: thicker lines need rounded joints


class Pen:
    """Draws on an image whose coordinates run from -1 to 1, to the right and down."""

    def __init__(self, image: Image.Image):
        half = image.width / 2
        self.image = image
        self._draw = ImageDraw.Draw(image)
        self._matrix = (half, 0.0, half, 0.0, half, half)
        self._scale = half

    def at(
        self, x: float, y: float, *, scale: float = 1.0, angle: float = 0.0
    ) -> "Pen":
        """A pen with its origin at (x, y), turned clockwise by `angle` degrees."""
        turn = math.radians(angle)
        cos, sin = scale * math.cos(turn), scale * math.sin(turn)
        return self._with((cos, -sin, x, sin, cos, y), scale)

    def mirrored(self) -> "Pen":
        """A pen with left and right exchanged."""
        return self._with((-1.0, 0.0, 0.0, 0.0, 1.0, 0.0), 1.0)

    def _with(self, inner: tuple[float, ...], scale: float) -> "Pen":
        a, b, c, d, e, f = self._matrix
        p, q, r, s, t, u = inner
        pen = object.__new__(Pen)
        pen.image, pen._draw, pen._scale = self.image, self._draw, self._scale * scale
        pen._matrix = (
            *(a * p + b * s, a * q + b * t, a * r + b * u + c),
            *(d * p + e * s, d * q + e * t, d * r + e * u + f),
        )
        return pen

    def _pixels(self, points: Sequence[Point]) -> list[Point]:
        a, b, c, d, e, f = self._matrix
        return [(a * x + b * y + c, d * x + e * y + f) for x, y in points]

    def shape(
        self,
        points: Sequence[Point],
        fill: Colour,
        line: Colour | None = None,
        width: float = 0.03,
    ) -> None:
        """Draw a filled polygon; `line` is the colour of its outline, if any."""
        pixels = self._pixels(points)
        if line is not None:
            self._line([*pixels, *pixels[:2]], line, width)
        self._draw.polygon(pixels, fill)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw a line through the points, with round ends."""
        pixels = self._pixels(points)
        self._line(pixels, colour, width)
        radius = width * self._scale / 2
        if radius > 2:
            for x, y in (pixels[0], pixels[-1]):
                box = (x - radius, y - radius, x + radius, y + radius)
                self._draw.ellipse(box, colour)

    def _line(self, pixels: list[Point], colour: Colour, width: float) -> None:
        width_pixels = max(1, round(width * self._scale))
        joint = "curve" if width_pixels > _FINE_LINE else None
        self._draw.line(pixels, colour, width_pixels, joint)


class Oval(NamedTuple):
    """An ellipse: its centre and its half axes."""

    x: float
    y: float
    rx: float
    ry: float

    def outline(self) -> list[Point]:
        return [self.point(u, v) for u, v in _CIRCLE]

    def point(self, u: float, v: float) -> Point:
        """The point at (u, v); (0, 0) is the centre, the edge is at distance 1."""
        return self.x + self.rx * u, self.y + self.ry * v

    def arc(self, start: float, stop: float, steps: int = 9) -> list[Point]:
        """Points on the edge, clockwise from `start` to `stop` degrees (0 is right)."""
        degrees = [start + (stop - start) * step / steps for step in range(steps + 1)]
        turns = [math.radians(degree) for degree in degrees]
        return [self.point(math.cos(turn), math.sin(turn)) for turn in turns]


def box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """The corners of a rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def smooth(points: Sequence[Point], *, closed: bool = True) -> list[Point]:
    """Points on a Catmull-Rom curve through the given ones."""
    if closed:
        around = [points[-1], *points, *points[:2]]
    else:
        around = [points[0], *points, points[-1]]
    curve = [
        (_between(p[0], q[0], r[0], s[0], t), _between(p[1], q[1], r[1], s[1], t))
        for p, q, r, s in zip(around, around[1:], around[2:], around[3:], strict=False)
        for t in _STEPS
    ]
    return curve if closed else [*curve, points[-1]]


def _between(p: float, q: float, r: float, s: float, t: float) -> float:
    linear, square = r - p, 2 * p - 5 * q + 4 * r - s
    return q + 0.5 * t * (linear + t * (square + t * (3 * (q - r) + s - p)))


def limb(points: Sequence[Point], start: float, stop: float) -> list[Point]:
    """The outline of a tube along the points, `start` to `stop` wide, its tip round."""
    spine = smooth(points, closed=False)
    left, right = [], []
    last = len(spine) - 1
    for step, (x, y) in enumerate(spine):
        (px, py), (nx, ny) = spine[max(step - 1, 0)], spine[min(step + 1, last)]
        length = math.hypot(nx - px, ny - py) or 1.0
        radius = (start + (stop - start) * step / last) / 2
        dx, dy = radius * (ny - py) / length, radius * (px - nx) / length
        left.append((x + dx, y + dy))
        right.append((x - dx, y - dy))
    (x, y), (tx, ty) = spine[-1], left[-1]
    tip = math.degrees(math.atan2(ty - y, tx - x))
    cap = Oval(x, y, stop / 2, stop / 2).arc(tip, tip + 180, 6)
    return [*left, *cap, *reversed(right)]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """The first colour, with this share of it replaced by the other."""
    red, green, blue = (
        round(a + (b - a) * share) for a, b in zip(one, other, strict=True)
    )
    return red, green, blue


def shade(colour: Colour, light: float) -> Colour:
    """The colour made darker (`light` below 1) or lighter (above 1)."""
    target = (0, 0, 0) if light < 1 else (255, 255, 255)
    return mix(colour, target, min(abs(1 - light), 1.0))
