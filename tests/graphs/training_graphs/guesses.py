"""How well the outputs of training graphs are guessed: rank, and what is taken."""

import random
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.outputs import likeliest_output
from helpers.graphs.candidates import output_candidates
from tests.graphs.training_graphs.agents import AGENTS
from tests.graphs.training_graphs.classifiers import CLASSIFIERS
from tests.graphs.training_graphs.densities import DENSITIES
from tests.graphs.training_graphs.pictures import PICTURES
from tests.graphs.training_graphs.rankings import RANKINGS
from tests.graphs.training_graphs.regressors import REGRESSORS
from tests.graphs.training_graphs.sequences import SEQUENCES
from tests.graphs.training_graphs.texts import TEXTS

tf1 = tf.compat.v1
KINDS = (
    *(CLASSIFIERS, REGRESSORS, SEQUENCES),
    *(PICTURES, RANKINGS, AGENTS, TEXTS, DENSITIES),
)
BUILDERS = {build.__name__: build for kind in KINDS for build in kind}
KEPT = re.compile(r"gradients(_\d+)?|save|Adam(_\d+)?|update_.*|Initializer|Assign")
FORMS = ("resource variables", "old control flow", "random names", "no shapes")


class Case(NamedTuple):
    """A graph, its right outputs, and whether one of them may be taken unasked."""

    name: str
    meta: tf1.MetaGraphDef
    right: tuple[str, ...]
    may_take: bool


class Guess(NamedTuple):
    """What was guessed for a case."""

    case: Case
    ranked: list[str]
    taken: list[str]  # empty: it was asked for the output

    @property
    def rank(self) -> int:
        """The place of the first right output, from 0; 99: it is not there."""
        places = [self.ranked.index(n) for n in self.case.right if n in self.ranked]
        return min(places, default=99)

    @property
    def is_silently_wrong(self) -> bool:
        allowed = self.case.right if self.case.may_take else ()
        return not set(self.taken) <= set(allowed)


def case(name: str, form: str = FORMS[0]) -> Case:
    """The training graph that the builder of this name makes, in one of the FORMS."""
    is_old = form != FORMS[0]
    with tf.Graph().as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _switch(old=is_old)
        try:
            with tf1.variable_scope("", initializer=tf1.zeros_initializer()):
                made = BUILDERS[name]()
        finally:
            _switch(old=False)
        meta = tf1.train.export_meta_graph()
    right, ask = made if isinstance(made, tuple) else (made, "")
    names = tuple(tensor.name.removesuffix(":0") for tensor in right)
    if form == "random names":
        renamed = rename(meta)
        names = tuple(map(renamed, names))
    if form == "no shapes":
        for node in meta.graph_def.node:
            node.attr.pop("_output_shapes", None)
    return Case(f"{name}, {form}", meta, names, not ask)


def _switch(*, old: bool) -> None:
    (tf1.disable_control_flow_v2 if old else tf1.enable_control_flow_v2)()
    (tf1.disable_resource_variables if old else tf1.enable_resource_variables)()


def rename(meta) -> Callable[[str], str]:
    """Give every scope and op a name without meaning; return the function that does."""
    dice, known = random.Random(1), {}

    def word(part: str) -> str:
        base = part.removesuffix("_grad")
        if KEPT.fullmatch(base):
            return part
        made = known.setdefault(base, f"n{dice.randrange(10**9)}")
        return f"{made}_grad" if base != part else made

    def renamed(name: str) -> str:
        name, colon, output = name.partition(":")
        return "/".join(map(word, name.split("/"))) + colon + output

    for node in meta.graph_def.node:
        node.name = renamed(node.name)
        node.attr.pop("_class", None)
        node.attr.pop("shared_name", None)
        for index, text in enumerate(node.input):
            mark = "^" if text[0] == "^" else ""
            node.input[index] = mark + renamed(text.removeprefix("^"))
    return renamed


def guess(case: Case) -> Guess:
    """What the helpers guess, each tensor by the name of what an Identity passes on."""
    graph_def = case.meta.graph_def
    source = {n.name: n.input[0] for n in graph_def.node if n.op == "Identity"}

    def origin(name: str) -> str:
        name = name.removesuffix(":0")
        return origin(source[name]) if name in source else name

    candidates = output_candidates(graph_def)
    ranked = [origin(found.tensor) for found in candidates]
    try:
        taken = [origin(str(likeliest_output(candidates)))]
    except FreezeError:
        taken = []
    right = tuple(map(origin, case.right))
    return Guess(case._replace(right=right), ranked, taken)


def cases(forms: Iterable[str] = FORMS) -> Iterator[Case]:
    """All graphs, in these forms."""
    for form in forms:
        for name in BUILDERS:
            yield case(name, form)


class Figures(NamedTuple):
    """The three figures on a set of guesses."""

    cases: int
    first_three: int
    first: int
    silently_wrong: int


def figures(guesses: Iterable[Guess]) -> Figures:
    found = list(guesses)
    return Figures(
        len(found),
        sum(one.rank < 3 for one in found),
        sum(one.rank == 0 for one in found),
        sum(one.is_silently_wrong for one in found),
    )
