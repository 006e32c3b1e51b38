"""SVG elements: arrows, texts and numbered circles."""

from html import escape
from itertools import pairwise

MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SANS = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"


def arrow(points: tuple, colour: str, head: str, width: float, title: str = "") -> str:
    """A line through the points, with round corners; `head` names its arrow head."""
    (x, y), *rest = points
    way = [f"M{x} {y}"]
    for corner, after in pairwise(rest):
        near, far = _near(corner, (x, y)), _near(corner, after)
        way.append(f"L{near[0]} {near[1]}Q{corner[0]} {corner[1]} {far[0]} {far[1]}")
        x, y = corner
    way.append(f"L{rest[-1][0]} {rest[-1][1]}")
    inner = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<path d="{"".join(way)}" fill="none" stroke="{colour}" stroke-width="{width}"'
        f' marker-end="url(#{head})">{inner}</path>'
    )


def _near(corner: tuple, other: tuple) -> tuple[float, float]:
    """The point at most 8 units from the corner towards the other point."""
    (x, y), (to_x, to_y) = corner, other
    length = abs(to_x - x) + abs(to_y - y)
    part = min(8, length / 2) / length
    return x + (to_x - x) * part, y + (to_y - y) * part


def arrow_head(name: str, colour: str) -> str:
    """The marker that `arrow` puts at the end of its line."""
    size = 7 if name == "grey" else 4.6
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="7" refY="5" '
        f'markerWidth="{size}" markerHeight="{size}" orient="auto">'
        f'<path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
    )


def numbered_circle(x: float, y: float, colour: str, number: int) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8.5" fill="{colour}"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" font-family="{SANS}" font-size="11.5" '
        f'font-weight="700" text-anchor="middle" fill="#ffffff">{number}</text>'
    )


def text(
    x: float, y: float, words: str, size: float, fill: str, *, bold=False, mono=False
) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="{MONO if mono else SANS}" '
        f'font-size="{size}"{weight} fill="{fill}">{escape(words)}</text>'
    )
