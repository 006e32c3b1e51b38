"""Match a graph's variables with those of its checkpoint."""

from collections import Counter
from collections.abc import Sequence

from helpers.checkpoints.bundles import Variable
from helpers.checkpoints.checkpoint import OBJECT_GRAPH, Checkpoint
from helpers.checkpoints.graph_files import StoredGraph
from helpers.freezing.sources.checkpoint_values import Saved, saved_names
from helpers.graphs.wiring import Wiring, type_of
from helpers.inspecting.reports import Difference, Report, Row, shape_text
from helpers.inspecting.roles import roles_of, slots_among, slots_of


def match_variables(
    report: Report,
    checkpoint: Checkpoint,
    graph: StoredGraph | None,
    answers: Sequence[str],
) -> None:
    """Put the checkpoint's variables into a report, and where the graph differs."""
    stored = {variable.name: variable for variable in checkpoint.variables()}
    if graph is None:
        slots = slots_among(stored)
        report.variables = _rows(stored, {}, {}, slots)
    else:
        match = Match(graph, answers)
        slots = match.slots()
        report.variables = _rows(stored, match.variables, match.purposes, slots)
        if match.keys:
            report.missing = match.missing(stored)
            report.mismatched = match.mismatched(stored)
            read = {saved.key for saved in match.keys.values()} | {OBJECT_GRAPH}
            report.unexpected = sorted(stored.keys() - read)
    counts = Counter()
    for row in report.variables:
        counts[row.role] += row.bytes
    report.bytes = dict(counts.most_common())


def _rows(stored: dict[str, Variable], variables, purposes, slots) -> list[Row]:
    kept = {slot for found in slots.values() for slot in found}
    rows = []
    for key, variable in stored.items():
        role = "optimizer" if key in kept else purposes.get(key, "other")
        own = tuple(slot for slot in slots.get(key, ()) if slot in stored)
        name, dtype, shape, *place = variable
        rows.append(Row(name, variables.get(key), dtype, shape, *place, role, own))
    return rows


class Match:
    """What a graph reads from a checkpoint, and what for."""

    def __init__(self, graph: StoredGraph, answers: Sequence[str]):
        self.wiring = Wiring(graph.graph_def)
        saver = graph.meta.saver_def.restore_op_name if graph.meta else ""
        places = saved_names(self.wiring.nodes, saver)
        names = self.wiring.variables()
        self.keys: dict[str, Saved] = {
            name: places[name][0] for name in names if places.get(name)
        }
        self.variables = {saved.key: name for name, saved in self.keys.items()}
        roles = roles_of(self.wiring, answers)
        self.needed = {name for name, role in roles.items() if role == "inference"}
        self.purposes = {
            saved.key: roles[name]
            for name, saved in self.keys.items()
            if roles[name] in ("inference", "optimizer")
        }

    def slots(self) -> dict[str, list[str]]:
        """The keys of what an optimizer keeps, for each key."""
        return {
            self.keys[name].key: [self.keys[s].key for s in found if s in self.keys]
            for name, found in slots_of(self.wiring).items()
            if name in self.keys
        }

    def missing(self, stored: dict[str, Variable]) -> list[Difference]:
        """The graph's variables that are not in the checkpoint, the needed first.

        One that no saver restores counts only where the outputs need it: a program
        has variables that it does not save.
        """
        found = []
        for name in self.wiring.variables():
            saved, is_needed = self.keys.get(name), name in self.needed
            if (saved and saved.key not in stored) or (not saved and is_needed):
                why = f"no {saved.key!r}" if saved else "not saved"
                found.append(Difference(name, self._described(name), why, is_needed))
        return sorted(found, key=lambda difference: not difference.is_needed)

    def mismatched(self, stored: dict[str, Variable]) -> list[Difference]:
        """The variables whose type or shape is another in the checkpoint."""
        found = []
        for name, saved in self.keys.items():
            variable = stored.get(saved.key)
            if variable is None or saved.part:
                continue
            theirs = f"{variable.dtype} {shape_text(variable.shape)}"
            ours, shape = self._described(name), self.wiring.shape(name)
            if shape is not None and ours != theirs:
                found.append(Difference(name, ours, theirs, name in self.needed))
        return sorted(found, key=lambda difference: not difference.is_needed)

    def _described(self, name: str) -> str:
        dtype = type_of(self.wiring.nodes[name].attr["dtype"].type)
        return f"{dtype.name if dtype else '?'} {shape_text(self.wiring.shape(name))}"
