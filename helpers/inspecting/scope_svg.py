"""The SVG elements of a drawing of name scopes: boxes, arrows and the document."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

from helpers.inspecting.boxes import Box

WIDTH, HEIGHT = 280, 50  # of a box, px
TITLE_CHARACTERS, OPS_CHARACTERS = 23, 34
STYLE = """
  svg { --ground: #ffffff; --ink: #10242d; --soft: #4d6570; --fill: #e4f1f6;
        --edge: #0b6a8a; --grey: #eeeff0; --rim: #b9c1c5; --dim: #626d73 }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #e8f2f6; --soft: #a5bac4; --fill: #12303c;
          --edge: #6cc5e2; --grey: #1c2126; --rim: #465058; --dim: #97a3aa }
  }
  text { font: 11px system-ui, sans-serif; fill: var(--soft) }
  .title { font-size: 14px; font-weight: 600; fill: var(--ink) }
  .right { text-anchor: end }
  .middle { text-anchor: middle }
  .ground { fill: var(--ground) }
  .box { fill: var(--fill); stroke: var(--edge); stroke-width: 1.5 }
  .training .box { fill: var(--grey); stroke: var(--rim); stroke-dasharray: 4 3 }
  .training text { fill: var(--dim) }
  .arrow { fill: none; stroke: var(--edge); stroke-width: 1.5 }
  .arrow.training { stroke: var(--rim) }
  .skip { opacity: 0.55 }
  .back { stroke-dasharray: 4 4 }
  .head { fill: var(--edge) }
  .head.training { fill: var(--rim) }
"""
HEADS = "".join(
    f'<marker id="head{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
    f'markerHeight="8" orient="auto-start-reverse"><path d="M0 0 8 4 0 8Z" '
    f'class="head {name}"/></marker>'
    for name in ("", "training")
)


def document(width: int, height: int, title: str, elements: Iterable[str]) -> str:
    """The whole SVG file; `width` and `height` are in px."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>{escape(title)}</title>"
        f"<style>{STYLE}</style><defs>{HEADS}</defs>"
        f'<rect class="ground" width="100%" height="100%" rx="12"/>\n'
        + "\n".join(elements)
        + "\n</svg>\n"
    )


def box_element(box: Box, x: int, y: int) -> str:
    """A box with its title, ops, count of nodes and size, at its upper left corner."""
    kind = "" if box.role == "inference" else ' class="training"'
    right = f'<text class="right" x="{x + WIDTH - 12}"'
    count = "1 node" if box.nodes == 1 else f"{box.nodes:,} nodes"
    return (
        f'<g{kind}><rect class="box" x="{x}" y="{y}" width="{WIDTH}" '
        f'height="{HEIGHT}" rx="8"/>'
        f'<text class="title" x="{x + 12}" y="{y + 21}">{escape(_title(box))}</text>'
        f'{right} y="{y + 21}">{count}</text>'
        f'<text x="{x + 12}" y="{y + 38}">{escape(_ops(box))}</text>'
        f'{right} y="{y + 38}">{_size(box)}</text></g>'
    )


def arrow_element(curve: str, kind: str = "") -> str:
    """An arrow along the curve, which is SVG path data; `kind` is its classes."""
    head = "training" if "training" in kind else ""
    return f'<path class="arrow {kind}" d="{curve}" marker-end="url(#head{head})"/>'


def _title(box: Box) -> str:
    """The title; without its middle if it is too long."""
    half = TITLE_CHARACTERS // 2
    is_short = len(box.title) <= TITLE_CHARACTERS
    return box.title if is_short else f"{box.title[: half - 1]}…{box.title[-half:]}"


def _ops(box: Box) -> str:
    """The box's ops, as many as fit on a line."""
    text = ""
    for op in box.ops:
        longer = f"{text} · {op}" if text else op
        if len(longer) > OPS_CHARACTERS:
            break
        text = longer
    return text


def _size(box: Box) -> str:
    """The size of the weights; empty below 1 kB."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if box.bytes >= size:
            return f"{box.bytes / size:.3g} {unit}"
    return ""
