"""Finds the variables that a graph trains, and for which loss."""

import re
from collections.abc import Iterator

from helpers.graphs.applied_weights import AppliedWeights
from helpers.graphs.loss_nodes import GRADIENTS, LossNodes

APPLY = re.compile(r"\w*Apply[A-Z]\w+")
ASSIGNS = re.compile(r"(Assign|Scatter|ResourceScatter)\w*")
GRADIENT_OF = re.compile(r"(.+?)_grad(/|$)")


def trained_groups(loss: LossNodes) -> list[set[str]]:
    """The variables that are trained for each loss; one set if there is no loss.

    Without an optimizer, they are the variables that gradients were computed of, or
    else all weights that are applied to inputs.
    """
    weights = loss.weights
    applied = _applied(weights)
    roots = _Roots(loss)
    groups: dict[frozenset[str], set[str]] = {}
    for name, variable in (updates(loss) or _differentiated(loss)).items():
        if variable in applied:
            groups.setdefault(roots.of(name), set()).add(variable)
    return list(groups.values()) or [applied]


def _applied(weights: AppliedWeights) -> set[str]:
    """The weights that a node which depends on an input depends on, too."""
    wiring = weights.wiring
    return wiring.before(weights.fed, until=weights.cut) & weights.weights


class _Roots:
    """The losses that updates follow, by the scopes of gradients that they take."""

    def __init__(self, loss: LossNodes):
        self.wiring = loss.wiring
        ops: dict[str, set[str]] = {}
        for scope, name in _differentiated_in(self.wiring):
            ops.setdefault(scope, set()).add(name)
        self.roots = {
            scope: frozenset(
                name
                for name in found
                if found.isdisjoint(self.wiring.consumers.get(name, ()))
            )
            for scope, found in ops.items()
        }

    def of(self, update: str) -> frozenset[str]:
        """The losses of the first gradients before an update op."""
        seen, ahead = {update}, [update]
        for name in ahead:
            if scope := GRADIENTS.match(name):
                return self.roots.get(scope[0], frozenset())
            new = [s for s in self.wiring.data[name] if s not in seen]
            seen.update(new)
            ahead += new
        return frozenset()


def updates(loss: LossNodes) -> dict[str, str]:
    """The variable that each update op of an optimizer changes."""
    wiring = loss.wiring
    found = {
        name: wiring.data[name][0]
        for name, op in wiring.ops.items()
        if APPLY.fullmatch(op) and wiring.data[name]
    }
    if not loss.has_gradients:
        return found
    gradients = {name for name in wiring.nodes if GRADIENTS.match(name)}
    changed = wiring.after(gradients)
    assigned = {
        name: wiring.data[name][0]
        for name, op in wiring.ops.items()
        if ASSIGNS.fullmatch(op) and wiring.data[name]
    }
    by_scope: dict[str, str] = {}  # an update that takes a gradient, by its scope
    for name, variable in assigned.items():
        if not changed.isdisjoint(wiring.data[name][1:]):
            found[name] = variable
            by_scope[name.rpartition("/")[0]] = name
    for name, variable in assigned.items():  # from slots, as Adam's of rows
        update = by_scope.get(name.rpartition("/")[0])
        if update and name not in found and variable in loss.weights.weights:
            found[update] = variable
    return found


def _differentiated(loss: LossNodes) -> dict[str, str]:
    """The variable of each op that gradients were computed through."""
    wiring, weights = loss.wiring, loss.weights
    ends = {name for _, name in _differentiated_in(wiring)}
    passed = wiring.before(ends, until=loss.training)
    read = {
        source
        for name in passed & weights.fed
        for source in wiring.data[name]
        if source in weights.pure
    }
    found = wiring.before(read, until=loss.training) & weights.weights
    return {name: name for name in found} if loss.has_gradients else {}


def _differentiated_in(wiring) -> Iterator[tuple[str, str]]:
    """The ops that gradients were computed of, `gradients/NAME_grad/...`, by scope."""
    for name in wiring.nodes:
        if scope := GRADIENTS.match(name):
            match = GRADIENT_OF.match(name[scope.end() :])
            if match and match[1] in wiring.nodes:
                yield scope[0], match[1]
