"""Compare a graph's variables with those of its checkpoint."""

from collections import Counter
from collections.abc import Sequence

from helpers.checkpoints.bundles import Variable
from helpers.checkpoints.checkpoint import OBJECT_GRAPH, Checkpoint
from helpers.checkpoints.file_contents import StoredGraph
from helpers.freezing.sources.checkpoint_values import SavedTensor, find_saved_tensors
from helpers.graphs.tensor_text import shape_text
from helpers.graphs.wiring import Wiring, type_of
from helpers.inspecting.reports import Difference, Report, Row
from helpers.inspecting.roles import roles_of, slots_among, slots_of


def match_variables(
    report: Report,
    checkpoint: Checkpoint,
    graph: StoredGraph | None,
    answers: Sequence[str],
) -> None:
    """Adds the checkpoint's variables, and how the graph differs, to the report."""
    stored = {variable.name: variable for variable in checkpoint.variables()}
    if graph is None:
        report.variables = _rows(stored, {}, {}, slots_among(stored))
    else:
        match = Match(graph, answers)
        report.variables = _rows(stored, match.variables, match.purposes, match.slots())
        if match.keys:
            report.missing = match.missing(stored)
            report.mismatched = match.mismatched(stored)
            read = {saved.key for saved in match.keys.values()} | {OBJECT_GRAPH}
            report.unexpected = sorted(stored.keys() - read)
    counts = Counter[str]()
    for row in report.variables:
        counts[row.role] += row.bytes
    report.bytes = dict(counts.most_common())


def _rows(
    stored: dict[str, Variable],
    variables: dict[str, str],
    purposes: dict[str, str],
    slots: dict[str, list[str]],
) -> list[Row]:
    """A row for each stored variable; all the dictionaries are by its key."""
    all_slots = {slot for found in slots.values() for slot in found}
    rows = []
    for key, stored_as in stored.items():
        role = "optimizer" if key in all_slots else purposes.get(key, "other")
        own = tuple(slot for slot in slots.get(key, ()) if slot in stored)
        rows.append(Row(key, variables.get(key), *stored_as[1:], role, own))
    return rows


class Match:
    """The variables that a graph reads from a checkpoint, and their roles."""

    def __init__(self, graph: StoredGraph, answers: Sequence[str]):
        self.wiring = Wiring(graph.graph_def)
        saver = graph.meta.saver_def.restore_op_name if graph.meta else ""
        places = find_saved_tensors(self.wiring.nodes, saver)
        names = self.wiring.variables()
        self.keys: dict[str, SavedTensor] = {
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
        """The keys of the optimizer's slots of each variable, by its key."""
        return {
            self.keys[name].key: [self.keys[s].key for s in found if s in self.keys]
            for name, found in slots_of(self.wiring).items()
            if name in self.keys
        }

    def missing(self, stored: dict[str, Variable]) -> list[Difference]:
        """The graph's variables that are not in the checkpoint, the needed first.

        A variable that no saver restores is missing only if the outputs need it:
        programs have variables that they do not save.
        """
        found = []
        for name in self.wiring.variables():
            saved, is_needed = self.keys.get(name), name in self.needed
            if (saved and saved.key not in stored) or (not saved and is_needed):
                why = f"no {saved.key!r}" if saved else "not saved"
                found.append(Difference(name, self._described(name), why, is_needed))
        return sorted(found, key=lambda difference: not difference.is_needed)

    def mismatched(self, stored: dict[str, Variable]) -> list[Difference]:
        """The variables with another type or shape in the checkpoint."""
        found = []
        for name, saved in self.keys.items():
            variable = stored.get(saved.key)
            if variable is None or saved.slice_spec:
                continue
            theirs = f"{variable.dtype} {shape_text(variable.shape)}"
            ours, shape = self._described(name), self.wiring.shape(name)
            if shape is not None and ours != theirs:
                found.append(Difference(name, ours, theirs, name in self.needed))
        return sorted(found, key=lambda difference: not difference.is_needed)

    def _described(self, name: str) -> str:
        dtype = type_of(self.wiring.nodes[name].attr["dtype"].type)
        return f"{dtype.name if dtype else '?'} {shape_text(self.wiring.shape(name))}"
