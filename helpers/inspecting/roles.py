"""The role of each node of a graph: inference, or a part of training and saving."""

import re
from collections import Counter
from collections.abc import Iterable

from helpers.graphs.loss_nodes import GRADIENTS, PIPELINES, is_input
from helpers.graphs.wiring import Wiring

ROLES = (
    *("inference", "input pipeline", "gradients", "optimizer", "saving"),
    *("loss and metrics", "summaries", "initialisation", "other"),
)
SAVER_OPS = re.compile(r"Save|SaveSlices|SaveV2|Restore|RestoreSlice|RestoreV2")
PIPELINE_OPS = re.compile(
    r"\w*Queue\w*|\w*Reader\w*|\w*Dataset\w*|\w*Iterator\w*|Stage|Unstage|ReadFile"
)
UPDATE_OPS = re.compile(r"(Resource)?(Sparse)?Apply\w+")
GRADIENT_OPS = re.compile(r"\w+Grad(V\d)?|\w+Backprop(Input|Filter)?(V\d)?")
SUMMARY_OPS = re.compile(r"(Merge|Scalar|Histogram|Image|Audio|Tensor)Summary(V2)?")
ASSIGN_OPS = re.compile(r"(Assign|Scatter|ResourceScatter)\w*|VarIsInitializedOp")
AVERAGE = "ExponentialMovingAverage"
SLOT_NAMES = re.compile(
    r"(.+)/(Adam|AdamW|AdaMax|Adagrad|AdagradDA|Adadelta|Momentum|RMSProp|Ftrl|Nadam"
    rf"|gradient_accumulator|{AVERAGE})(_\d+)?"
)


def roles_of(wiring: Wiring, outputs: Iterable[str]) -> dict[str, str]:
    """The role of every node, one of ROLES, given the output ops of inference."""
    return Roles(wiring, outputs).roles


def slots_of(wiring: Wiring) -> dict[str, list[str]]:
    """The optimizer's slots of each variable that it updates."""
    variables, slots = set(wiring.variables()), dict[str, list[str]]()
    for name, op in wiring.ops.items():
        if UPDATE_OPS.fullmatch(op) and wiring.data[name][0] in variables:
            found = slots.setdefault(wiring.data[name][0], [])
            for source in wiring.data[name][1:]:
                if source in variables and source not in found:
                    found.append(source)
    for owner, named in slots_among(variables).items():
        found = slots.setdefault(owner, [])
        found += [slot for slot in named if slot not in found]
    owners = Counter(slot for found in slots.values() for slot in found)
    return {  # a variable that several share, as beta1_power, is no slot
        name: [slot for slot in found if owners[slot] == 1]
        for name, found in slots.items()
    }


def slots_among(names: Iterable[str]) -> dict[str, list[str]]:
    """The slots of each variable by their names, for variables without a graph."""
    names, slots = set(names), dict[str, list[str]]()
    for slot in sorted(names):
        match = SLOT_NAMES.fullmatch(slot)
        if owner := match and _owner(match[1], names):
            slots.setdefault(owner, []).append(slot)
    return slots


def _owner(name: str, variables: Iterable[str]) -> str | None:
    """The variable that a slot is named after; outer scopes may precede its name."""
    while name and name not in variables:
        name = name.partition("/")[2]
    return name or None


class Roles:
    """Assigns the roles one after the other; a node keeps its first role."""

    def __init__(self, wiring: Wiring, outputs: Iterable[str]):
        self.wiring = wiring
        self.roles: dict[str, str] = {}
        self._inference(name.split(":")[0] for name in outputs)
        self._saving()
        self._gradients()
        self._optimizer()
        self._loss_and_metrics()
        self._initialisation()
        self._assign("other", wiring.nodes)
        self.roles = {name: self.roles[name] for name in wiring.nodes}

    def _assign(self, role: str, names: Iterable[str]) -> None:
        for name in names:
            self.roles.setdefault(name, role)

    def _with_op(self, pattern: re.Pattern) -> list[str]:
        ops = self.wiring.ops.items()
        return [name for name, op in ops if pattern.fullmatch(op)]

    def _unassigned_before(self, names: Iterable[str]) -> set[str]:
        """The names and their transitive inputs that have no role yet."""
        return self.wiring.before(names, until=self.roles.keys(), control=True)

    def _inference(self, outputs: Iterable[str]) -> None:
        feeds = {*self._with_op(PIPELINE_OPS), *self._with_op(PIPELINES)}
        self._assign("inference", self.wiring.before(outputs, until=feeds))
        self._assign("input pipeline", self._unassigned_before(feeds))

    def _saving(self) -> None:
        savers = self._with_op(SAVER_OPS)
        scopes = {name.rpartition("/")[0] for name in savers} - {""}
        self._assign("saving", self._in_scopes(scopes))
        self._assign("saving", self._unassigned_before(savers))

    def _gradients(self) -> None:
        named = [name for name in self.wiring.nodes if GRADIENTS.match(name)]
        self._assign("gradients", [*named, *self._with_op(GRADIENT_OPS)])

    def _optimizer(self) -> None:
        """Updates and slots, their learning rates, initialisers and averages."""
        wiring = self.wiring
        updates = self._with_op(UPDATE_OPS)
        slots = {slot for found in slots_of(wiring).values() for slot in found}
        slots |= {name for name in wiring.variables() if SLOT_NAMES.fullmatch(name)}
        scopes = {
            name.partition("/update_")[0] for name in updates if "/update_" in name
        }
        own = self._in_scopes(scopes | slots)
        self._assign("optimizer", [*updates, *slots, *own])
        taken = [source for name in updates for source in wiring.data[name][1:]]
        taken += [source for name in own for source in wiring.data[name]]
        trained = {wiring.data[name][0] for name in updates}
        rates = wiring.before(taken, until=self.roles.keys() | trained)
        variables = rates.intersection(wiring.variables())
        self._assign("optimizer", [*rates, *self._in_scopes(variables)])

    def _in_scopes(self, names: set[str]) -> list[str]:
        """The nodes of these names, and those in the scopes of these names."""
        nodes = self.wiring.nodes
        return [name for name in nodes if names.intersection(_scopes(name))]

    def _loss_and_metrics(self) -> None:
        """What is computed from inference or inputs, and the summaries of it."""
        wiring = self.wiring
        summaries = self._with_op(SUMMARY_OPS)
        ahead = ("inference", "input pipeline")
        known = {name for name, role in self.roles.items() if role in ahead}
        known -= set(wiring.variables())
        known |= {name for name in wiring.nodes if is_input(wiring, name)}
        until = {*summaries, *self._with_op(ASSIGN_OPS)} | (self.roles.keys() - known)
        found = wiring.after(known, until=until) - self.roles.keys()
        self._assign("loss and metrics", found)
        self._assign("summaries", self._unassigned_before(summaries))
        losses = [name for name, r in self.roles.items() if r == "loss and metrics"]
        sources = {source for name in losses for source in wiring.data[name]}
        self._assign("loss and metrics", self._unassigned_before(sources))

    def _initialisation(self) -> None:
        assigns = self._with_op(ASSIGN_OPS)
        self._assign("initialisation", self._unassigned_before(assigns))
        self._assign("initialisation", self._in_scopes(set(self.wiring.variables())))
        for name, op in self.wiring.ops.items():
            if op == "NoOp" and name not in self.roles:
                needed = {self.roles.get(on) for on in self.wiring.control[name]}
                for role in ("initialisation", "optimizer"):
                    if role in needed:
                        self._assign(role, [name])


def _scopes(name: str) -> list[str]:
    """A node's name and every scope that it is in."""
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
