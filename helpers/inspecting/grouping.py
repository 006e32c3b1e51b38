"""Gather the nodes that answer into a few groups, after their scopes and layers."""

import itertools
import re
from collections import Counter

from helpers.graphs.loss_nodes import is_input
from helpers.graphs.wiring import VARIABLES, Wiring

FEWEST_SCOPES = 3  # with fewer, the scopes inside them are shown instead
MOST_SCOPES = 60  # with more, the outer ones are kept
PLUMBING = {"Const", "Identity", "ReadVariableOp", "NoOp", *VARIABLES}
LAYERS = re.compile(r"Conv|MatMul|Gather|LSTM|GRU|RNN|Einsum|While|PartitionedCall")
TO = " … "


class Groups:
    """The nodes that answer, each in a group named after its scope or its op."""

    def __init__(self, wiring: Wiring, names: set[str], answers: list[str]):
        self.wiring, self.names = wiring, names
        self.fixed = {n for n in names if is_input(wiring, n)} | set(answers)
        self.of = {name: name.split("/")[0] for name in names}
        self._open_lonely_scopes()
        self._join_sources()
        self._join_loose_ops()

    def members(self) -> dict[str, list[str]]:
        found = {}
        for name in self.wiring.nodes:
            if name in self.names:
                found.setdefault(self.of[name], []).append(name)
        return found

    def ordered(self) -> list[str]:
        """The groups as the data reaches them."""
        depth, fed = self._depths(), self._fed()
        places = {}
        for key, names in self.members().items():
            reached = [depth[name] for name in names if name in fed]
            given = [
                depth[name] for name in names if name in fed and self._leaves(name)
            ]
            places[key] = (max(given or reached, default=-1), key)
        return sorted(places, key=places.get)

    def _leaves(self, name: str) -> bool:
        """Whether another group takes in what this op gives."""
        takers = self.wiring.consumers.get(name, ())
        return any(
            self.of.get(taker, self.of[name]) != self.of[name] for taker in takers
        )

    def fit(self, most: int) -> None:
        """Join neighbours, the smallest first, until there are at most so many."""
        while len(keys := self.ordered()) > max(most, 1):
            sizes = {key: len(names) for key, names in self.members().items()}
            for name in self.fixed:
                sizes[self.of[name]] += len(self.names)  # inputs and answers go last
            pairs = itertools.pairwise(keys)
            first, second = min(pairs, key=lambda pair: sizes[pair[0]] + sizes[pair[1]])
            joined = f"{first.split(TO)[0]}{TO}{second.split(TO)[-1]}"
            self._rename({first: joined, second: joined})

    def _rename(self, new: dict[str, str]) -> None:
        self.of = {name: new.get(key, key) for name, key in self.of.items()}

    def _open_lonely_scopes(self) -> None:
        """Where one scope or two hold all, look into them; a loop stays whole."""
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
        inputs = [name for name in self.names if is_input(self.wiring, name)]
        return self.wiring.after(inputs) & self.names

    def _join_sources(self) -> None:
        """Variables and constants belong to the group that uses them."""
        fed, members = self._fed(), self.members()
        if not fed:
            return
        new = {}
        for key, names in members.items():
            if not fed.intersection(names):
                users = Counter(
                    self.of[taker]
                    for name in names
                    for taker in self.wiring.consumers.get(name, ())
                    if taker in self.names and self.of[taker] != key
                )
                if users:
                    new[key] = users.most_common(1)[0][0]
        for key in new:
            while new[key] in new and new[new[key]] != key:
                new[key] = new[new[key]]
        self._rename(new)

    def _join_loose_ops(self) -> None:
        """An op in no scope and without weights belongs to the group before it."""
        order = self.ordered()
        for key in order:
            names = [name for name in self.names if self.of[name] == key]
            ops = [self.wiring.op(name) for name in names]
            computing = [op for op in ops if op not in PLUMBING]
            is_layer = any(map(LAYERS.search, ops)) or len(computing) > 1
            if is_layer or self.fixed.intersection(names):
                continue
            sources = [
                self.of[source]
                for name in names
                for source in self.wiring.data[name]
                if source in self.names and self.of[source] != key
            ]
            ends = {self.of[name] for name in self.fixed}
            inner = [source for source in sources if source not in ends]
            if inner:
                self._rename({key: max(inner, key=order.index)})

    def _depths(self) -> dict[str, int]:
        """How many ops are before each op at most; loops are not followed back."""
        depth: dict[str, int] = {}
        waiting = {
            name: [
                s
                for s in self.wiring.data[name]
                if s in self.names and not self._back(s)
            ]
            for name in self.names
        }
        left = {name: len(sources) for name, sources in waiting.items()}
        ready = [name for name, count in left.items() if not count]
        while ready:
            name = ready.pop()
            depth[name] = max((depth[s] + 1 for s in waiting[name]), default=0)
            for taker in (
                () if self._back(name) else self.wiring.consumers.get(name, ())
            ):
                if taker in left:
                    left[taker] -= 1
                    if not left[taker]:
                        ready.append(taker)
        return {name: depth.get(name, 0) for name in self.names}

    def _back(self, name: str) -> bool:
        return self.wiring.op(name) in ("NextIteration", "RefNextIteration")
