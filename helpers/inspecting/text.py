"""A report of `inspect` as text tables."""

from collections.abc import Iterator

from helpers.foreign.texts import printable
from helpers.graphs.candidates import Candidate
from helpers.graphs.tensor_text import shape_text
from helpers.inspecting.reports import Constant, GraphFacts, Report, Row

SHOWN_OPS, SHOWN_CONSTANTS, BAR_CELLS = 12, 5, 24


def as_text(report: Report) -> str:
    """The report as tables, a line for each row."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield report.path
    yield from table(
        [(name, f"{size:,}") for name, size in report.files.items()], right="<>"
    )
    for warning in report.warnings:
        yield f"warning: {warning}"
    for key, cause in report.damaged.items():
        yield f"damaged: {key}: {cause}"
    for graph in report.graphs:
        yield from _graph_lines(graph)
    if report.variables:
        yield from _variable_lines(report)
    yield from _difference_lines(report)


def _graph_lines(graph: GraphFacts) -> Iterator[str]:
    written = f", written by TensorFlow {graph.tensorflow}" if graph.tensorflow else ""
    functions = f" and {graph.functions} functions" if graph.functions else ""
    size = f"{graph.nodes:,} nodes{functions}"
    yield f"\nGraph: {size} in {graph.file} ({graph.kind}{written})"
    if graph.card:
        yield from _section("Model card", list(graph.card.items()))
    roles = [
        (role, f"{count:,}", "█" * round(BAR_CELLS * count / graph.nodes))
        for role, count in graph.roles.items()
    ]
    answers = ", ".join(graph.answers) or "none found"
    yield from _section(f"Nodes by role (outputs: {answers})", roles, "<>")
    yield from _section("Likely outputs", _candidate_rows(graph.outputs[:5]))
    yield from _section("Inputs of these outputs", _candidate_rows(graph.inputs))
    ops = [(op, f"{count:,}") for op, count in list(graph.ops.items())[:SHOWN_OPS]]
    yield from _section(f"Ops, {len(graph.ops)} kinds", ops, "<>")
    if graph.kind == "GraphDef":
        yield from _constant_lines(graph.constants)
    rows = [(f.level, f.op, f.node, f.why) for f in graph.findings]
    yield from _section("Unsafe or unknown ops", rows)


def _constant_lines(constants: list[Constant]) -> Iterator[str]:
    total = sum(constant.bytes for constant in constants)
    rows = [
        (c.name, c.dtype, shape_text(c.shape), f"{c.bytes:,}")
        for c in constants[:SHOWN_CONSTANTS]
    ]
    title = f"Constants, {len(constants):,} of {total:,} bytes, the largest"
    yield from _section(title, rows, "<<<>")


def _candidate_rows(found: list[Candidate]) -> list[tuple]:
    return [(c.tensor, c.dtype, shape_text(c.shape), c.reason) for c in found]


def _variable_lines(report: Report) -> Iterator[str]:
    rows = {row.key: row for row in report.variables}
    of_others = {slot for row in report.variables for slot in row.slots}
    ordered = []
    for row in report.variables:
        if row.key not in of_others:
            ordered += [(row, ""), *((rows[slot], "  ") for slot in row.slots)]
    lines = [("key", "type", "shape", "bytes", "shard", "offset", "role", "")]
    lines += [_variable_line(row, indent) for row, indent in ordered]
    title = f"Variables, {len(report.variables)} in format {report.format}"
    yield from _section(title, lines, "<<<>>>")
    total = sum(report.bytes.values()) or 1
    shares = [
        (role, f"{size:,}", f"{size / total:.1%}")
        for role, size in report.bytes.items()
    ]
    yield from _section("Bytes by role", shares, "<>>")


def _variable_line(row: Row, indent: str) -> tuple:
    place = ["" if at is None else f"{at:,}" for at in (row.shard, row.offset)]
    if row.slices:
        place = ["", f"{row.slices} slices"]
    is_renamed = row.variable not in (None, row.key) and not row.slices
    name = f"variable {row.variable}" if is_renamed else ""
    size, shape = f"{row.bytes:,}", shape_text(row.shape)
    return f"{indent}{row.key}", row.dtype, shape, size, *place, row.role, name


def _difference_lines(report: Report) -> Iterator[str]:
    for title, found in (
        ("Variables that the checkpoint lacks", report.missing),
        ("Variables that differ", report.mismatched),
    ):
        rows = [
            (d.variable, d.graph, d.checkpoint, "needed" if d.is_needed else "")
            for d in found
        ]
        head = [("variable", "graph", "checkpoint", "")] if rows else []
        yield from _section(title, head + rows)
    keys = [(key,) for key in report.unexpected]
    yield from _section("Stored, but read by no op of the graph", keys)


def _section(title: str, rows: list[tuple], right: str = "") -> Iterator[str]:
    """A title and its table; nothing if there are no rows."""
    if rows:
        yield f"\n{title}"
        yield from table(rows, right=right)


def table(rows: list[tuple], *, right: str = "") -> Iterator[str]:
    """Yields lines of columns aligned by `right`: ">" for right, "<" for left."""
    texts = [tuple(printable(str(cell)) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    signs = right.ljust(len(widths), "<")
    for row in texts:
        cells = zip(row, widths, signs, strict=True)
        yield ("  " + "  ".join(f"{c:{s}{w}}" for c, w, s in cells)).rstrip()
