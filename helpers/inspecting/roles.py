"""What each node of a graph is there for: to answer, or only to train and save."""

import re
from collections import Counter
from collections.abc import Iterable

from helpers.graphs.loss_nodes import GRADIENTS, PIPELINES, is_input
from helpers.graphs.wiring import Wiring

ROLES = (
    *("inference", "input pipeline", "gradients", "optimizer", "saving"),
    *("loss and metrics", "summaries", "initialisation", "other"),
)
SAVES = re.compile(r"Save|SaveSlices|SaveV2|Restore|RestoreSlice|RestoreV2")
FEEDS = re.compile(
    r"\w*Queue\w*|\w*Reader\w*|\w*Dataset\w*|\w*Iterator\w*|Stage|Unstage|ReadFile"
)
APPLIES = re.compile(r"(Resource)?(Sparse)?Apply\w+")
GRADIENT_OPS = re.compile(r"\w+Grad(V\d)?|\w+Backprop(Input|Filter)?(V\d)?")
SUMMARIES = re.compile(r"(Merge|Scalar|Histogram|Image|Audio|Tensor)Summary(V2)?")
ASSIGNS = re.compile(r"(Assign|Scatter|ResourceScatter)\w*|VarIsInitializedOp")
AVERAGE = "ExponentialMovingAverage"
SLOT_NAMES = re.compile(
    r"(.+)/(Adam|AdamW|AdaMax|Adagrad|AdagradDA|Adadelta|Momentum|RMSProp|Ftrl|Nadam"
    rf"|gradient_accumulator|{AVERAGE})(_\d+)?"
)


def roles_of(wiring: Wiring, outputs: Iterable[str]) -> dict[str, str]:
    """The role of every node, given the ops that answer; one of ROLES each."""
    return Roles(wiring, outputs).of_nodes


def slots_of(wiring: Wiring) -> dict[str, list[str]]:
    """The optimizer's variables for each variable that it changes."""
    variables, slots = set(wiring.variables()), {}
    for name, op in wiring.ops.items():
        if APPLIES.fullmatch(op) and wiring.data[name][0] in variables:
            found = slots.setdefault(wiring.data[name][0], [])
            for source in wiring.data[name][1:]:
                if source in variables and source not in found:
                    found.append(source)
    for owner, named in slots_among(variables).items():
        found = slots.setdefault(owner, [])
        found += [slot for slot in named if slot not in found]
    owners = Counter(slot for found in slots.values() for slot in found)
    return {  # what several share, as beta1_power, is no slot
        name: [slot for slot in found if owners[slot] == 1]
        for name, found in slots.items()
    }


def slots_among(names: Iterable[str]) -> dict[str, list[str]]:
    """The slots of each variable as their names tell, where there is no graph."""
    names, slots = set(names), {}
    for slot in sorted(names):
        match = SLOT_NAMES.fullmatch(slot)
        if owner := match and _owner(match[1], names):
            slots.setdefault(owner, []).append(slot)
    return slots


def _owner(name: str, variables: Iterable[str]) -> str | None:
    """The variable that a slot is named after; scopes may stand before its name."""
    while name and name not in variables:
        name = name.partition("/")[2]
    return name or None


class Roles:
    """The nodes of a graph, given their roles one role after the other."""

    def __init__(self, wiring: Wiring, outputs: Iterable[str]):
        self.wiring = wiring
        self.of_nodes: dict[str, str] = {}
        self._inference(name.split(":")[0] for name in outputs)
        self._saving()
        self._gradients()
        self._optimizer()
        self._judgement()
        self._initialisation()
        self._give("other", wiring.nodes)
        self.of_nodes = {name: self.of_nodes[name] for name in wiring.nodes}

    def _give(self, role: str, names: Iterable[str]) -> None:
        for name in names:
            self.of_nodes.setdefault(name, role)

    def _with_op(self, pattern: re.Pattern) -> list[str]:
        ops = self.wiring.ops.items()
        return [name for name, op in ops if pattern.fullmatch(op)]

    def _rest_before(self, names: Iterable[str]) -> set[str]:
        """The names and what only they are known to need."""
        return self.wiring.before(names, until=self.of_nodes.keys(), control=True)

    def _inference(self, outputs: Iterable[str]) -> None:
        wiring = self.wiring
        feeds = set(self._with_op(FEEDS)) | set(self._with_op(PIPELINES))
        needed = wiring.before(outputs, until=feeds)
        self._give("inference", needed)
        self._give("input pipeline", self._rest_before(feeds))

    def _saving(self) -> None:
        savers = self._with_op(SAVES)
        scopes = {name.rpartition("/")[0] for name in savers} - {""}
        self._give("saving", self._scoped(scopes))
        self._give("saving", self._rest_before(savers))

    def _gradients(self) -> None:
        named = [name for name in self.wiring.nodes if GRADIENTS.match(name)]
        self._give("gradients", named)
        self._give("gradients", self._with_op(GRADIENT_OPS))

    def _optimizer(self) -> None:
        """Updates, their rates, slots, and what starts and averages them."""
        wiring = self.wiring
        updates = self._with_op(APPLIES)
        slots = {slot for found in slots_of(wiring).values() for slot in found}
        slots |= {name for name in wiring.variables() if SLOT_NAMES.fullmatch(name)}
        scopes = {
            name.partition("/update_")[0] for name in updates if "/update_" in name
        }
        scopes |= slots
        own = [
            name
            for name in wiring.nodes
            if any(part in scopes for part in _scopes(name))
        ]
        for name in [*updates, *slots, *own]:
            self._give("optimizer", [name])
        taken = [source for name in updates for source in wiring.data[name][1:]]
        taken += [source for name in own for source in wiring.data[name]]
        trained = {wiring.data[name][0] for name in updates}
        until = self.of_nodes.keys() | trained
        rates = wiring.before(taken, until=until)
        self._give("optimizer", rates)
        self._give("optimizer", self._scoped(rates.intersection(wiring.variables())))

    def _scoped(self, names: set[str]) -> list[str]:
        """The nodes under these names: a variable's first value, a saver's ops."""
        nodes = self.wiring.nodes
        return [name for name in nodes if names.intersection(_scopes(name))]

    def _judgement(self) -> None:
        """What follows from the answer or an input, and what it is told in."""
        wiring = self.wiring
        summaries = self._with_op(SUMMARIES)
        variables, ahead = set(wiring.variables()), ("inference", "input pipeline")
        known = [
            name
            for name, role in self.of_nodes.items()
            if role in ahead and name not in variables
        ]
        known += [name for name in wiring.nodes if is_input(wiring, name)]
        until = {*summaries, *self._with_op(ASSIGNS)}
        until |= self.of_nodes.keys() - set(known)
        found = wiring.after(known, until=until) - self.of_nodes.keys()
        self._give("loss and metrics", found)
        self._give("summaries", self._rest_before(summaries))
        losses = [name for name, r in self.of_nodes.items() if r == "loss and metrics"]
        sources = {source for name in losses for source in wiring.data[name]}
        self._give("loss and metrics", self._rest_before(sources))

    def _initialisation(self) -> None:
        assigns = self._with_op(ASSIGNS)
        self._give("initialisation", self._rest_before(assigns))
        self._give("initialisation", self._scoped(set(self.wiring.variables())))
        waiting = [
            name
            for name, op in self.wiring.ops.items()
            if op == "NoOp" and name not in self.of_nodes
        ]
        for name in waiting:
            roles = {self.of_nodes.get(on, "other") for on in self.wiring.control[name]}
            if "initialisation" in roles:
                self._give("initialisation", [name])
            elif "optimizer" in roles:
                self._give("optimizer", [name])


def _scopes(name: str) -> list[str]:
    """A node's name and every scope that it is in."""
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
