"""Group the nodes of inference by their name scopes or layers."""

import itertools
import re
from collections import Counter

from helpers.graphs.loss_nodes import is_input
from helpers.graphs.wiring import VARIABLES, Wiring

FEWEST_SCOPES = 3  # with fewer, the groups are the scopes inside them
MOST_SCOPES = 60  # with more, the groups stay the outer scopes
NON_COMPUTING = {"Const", "Identity", "ReadVariableOp", "NoOp", *VARIABLES}
LAYERS = re.compile(r"Conv|MatMul|Gather|LSTM|GRU|RNN|Einsum|While|PartitionedCall")
TO = " … "  # between the first and the last name of joined groups


class Groups:
    """A partition of the nodes `names`; groups are named after a scope or an op."""

    def __init__(self, wiring: Wiring, names: set[str], answers: list[str]):
        self.wiring, self.names = wiring, names
        self.fixed = {n for n in names if is_input(wiring, n)} | set(answers)
        self.of = {name: name.split("/")[0] for name in names}
        self._split_outer_scopes()
        self._join_sources()
        self._join_loose_ops()

    def members(self) -> dict[str, list[str]]:
        """The nodes of each group, in the order of the graph."""
        found: dict[str, list[str]] = {}
        for name in self.wiring.nodes:
            if name in self.names:
                found.setdefault(self.of[name], []).append(name)
        return found

    def ordered(self) -> list[str]:
        """The groups in the order in which the data passes through them."""
        depth, fed = self._depths(), self._fed()
        places = {}
        for key, names in self.members().items():
            reached = [name for name in names if name in fed]
            passed_on = [name for name in reached if self._leaves(name)]
            depths = [depth[name] for name in passed_on or reached]
            places[key] = (max(depths, default=-1), key)
        return sorted(places, key=lambda key: places[key])

    def _leaves(self, name: str) -> bool:
        """Whether an op of another group takes this op's output."""
        takers = self.wiring.consumers.get(name, ())
        return any(
            self.of.get(taker, self.of[name]) != self.of[name] for taker in takers
        )

    def fit(self, most: int) -> None:
        """Joins neighbouring groups, the smallest first, until `most` are left."""
        while len(keys := self.ordered()) > max(most, 1):
            sizes = {key: len(names) for key, names in self.members().items()}
            for name in self.fixed:  # inputs and outputs are joined last
                sizes[self.of[name]] += len(self.names)
            pairs = itertools.pairwise(keys)
            first, second = min(pairs, key=lambda pair: sizes[pair[0]] + sizes[pair[1]])
            joined = f"{first.split(TO)[0]}{TO}{second.split(TO)[-1]}"
            self._rename({first: joined, second: joined})

    def _rename(self, new: dict[str, str]) -> None:
        self.of = {name: new.get(key, key) for name, key in self.of.items()}

    def _split_outer_scopes(self) -> None:
        """Splits one or two scopes that hold everything; never a while loop."""
        loops = {
            name.rpartition("/")[0]
            for name in self.names
            if self.wiring.op(name) in ("Enter", "RefEnter")
        }
        for depth in (2, 3, 4):
            scopes = {key for key, names in self.members().items() if len(names) > 2}
            opened = {
                name: "/".join(name.split("/")[:depth])
                if key in scopes - loops
                else key
                for name, key in self.of.items()
            }
            if len(scopes) >= FEWEST_SCOPES or len(set(opened.values())) > MOST_SCOPES:
                return
            self.of = opened

    def _fed(self) -> set[str]:
        """The nodes that depend on an input."""
        inputs = [name for name in self.names if is_input(self.wiring, name)]
        return self.wiring.after(inputs) & self.names

    def _join_sources(self) -> None:
        """Moves variables and constants to the group that uses them."""
        if not (fed := self._fed()):
            return
        new = {}
        for key, names in self.members().items():
            users = Counter(
                self.of[taker]
                for name in names
                for taker in self.wiring.consumers.get(name, ())
                if taker in self.names and self.of[taker] != key
            )
            if users and not fed.intersection(names):
                new[key] = users.most_common(1)[0][0]
        for key in new:
            while new[key] in new and new[new[key]] != key:
                new[key] = new[new[key]]
        self._rename(new)

    def _join_loose_ops(self) -> None:
        """Moves single ops that are no layer to the group before them."""
        order = self.ordered()
        for key in order:
            names = [name for name in self.names if self.of[name] == key]
            ops = [self.wiring.op(name) for name in names]
            computing = [op for op in ops if op not in NON_COMPUTING]
            is_layer = any(map(LAYERS.search, ops)) or len(computing) > 1
            if is_layer or self.fixed.intersection(names):
                continue
            excluded = {key, *(self.of[name] for name in self.fixed)}
            sources = {
                self.of[source]
                for name in names
                for source in self.wiring.data[name]
                if source in self.names
            } - excluded
            if sources:
                self._rename({key: max(sources, key=order.index)})

    def _depths(self) -> dict[str, int]:
        """The longest path to each op, in ops; loops are not followed back."""
        depth = dict.fromkeys(self.names, 0)
        left = {  # how many of an op's sources have no depth yet
            name: sum(self._is_forward(source) for source in self.wiring.data[name])
            for name in self.names
        }
        ready = [name for name, count in left.items() if not count]
        while ready:
            name = ready.pop()
            for taker in self.wiring.consumers.get(name, ()):
                if taker in left and self._is_forward(name):
                    depth[taker] = max(depth[taker], depth[name] + 1)
                    left[taker] -= 1
                    if not left[taker]:
                        ready.append(taker)
        return depth

    def _is_forward(self, source: str) -> bool:
        """Whether a source is one of the nodes, and not a loop's way back."""
        loop_ends = ("NextIteration", "RefNextIteration")
        return source in self.names and self.wiring.op(source) not in loop_ends
