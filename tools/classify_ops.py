"""Writes helpers/graphs/op_classes.txt: what each op of TensorFlow may do in a graph.

An op is classified by the first that applies: the reviewed decisions and the families
of names in tools/op_decisions.py, and what its definition says. An op that none of them
covers is an error, so that somebody decides.

Usage: python tools/classify_ops.py [--check]
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from helpers.graphs.op_classes import ALLOWED, FILE, REASONS, VERSION
from helpers.graphs.op_registry import registered_ops
from helpers.quiet import import_tensorflow
from tools.generated_files import update
from tools.op_decisions import DECISIONS, FAMILIES, KEEPS, NUMBERS, Group

HEADER = f"""\
# What each op of TensorFlow {VERSION} may do in a graph, by tools/classify_ops.py.
# A section is [CLASS], and what an op of it could do in a server, then its ops.
# Served graphs may have ops of the classes {" and ".join(ALLOWED)} only.
"""


class Unclassified(ValueError):
    """Ops that no rule covers, or a rule for ops that TensorFlow does not have."""


def op_class_sections(definitions) -> dict[Group, list[str]]:
    """The sorted ops of each class and reason.

    Args:
      definitions: the OpDefs of TensorFlow's ops.
    Raises:
      Unclassified: an op is not covered, or a decision names an op that is not there.
    """
    names = {definition.name for definition in definitions}
    decided = _decided()
    if gone := sorted(decided.keys() - names):
        raise Unclassified(f"TensorFlow has no op {', '.join(gone)}: remove the names")
    sections, unknown = defaultdict(list), []
    for definition in sorted(definitions, key=lambda found: found.name):
        group = decided.get(definition.name) or _family(definition.name)
        group = group or derived_group(definition)
        if group is None:
            unknown.append(definition.name)
        else:
            sections[group].append(definition.name)
    if unknown:
        raise Unclassified(
            f"nobody has classified {', '.join(unknown)}: add them to DECISIONS in "
            "tools/op_decisions.py, with a reason"
        )
    return sections


def derived_group(definition) -> Group | None:
    """The class that follows from an op's definition; None: it has to be decided.

    An op without state computes only, if it takes and gives plain numbers and its
    attributes are numbers, types, shapes and choices from lists: it cannot name a
    file, an address or a function.
    """
    arguments = [*definition.input_arg, *definition.output_arg]
    attributes = {attribute.name for attribute in definition.attr}
    if definition.is_stateful and {"seed", "seed2"} <= attributes:
        return NUMBERS
    if any(item.is_ref or _is(item, "DT_RESOURCE") for item in arguments):
        return KEEPS
    if definition.is_stateful or any(
        _is(item, "DT_STRING", "DT_VARIANT") for item in arguments
    ):
        return None
    if any(_is_open(attribute) for attribute in definition.attr):
        return None
    return Group("pure", REASONS["pure"])


def _is(argument, *types: str) -> bool:
    from tensorflow.core.framework import types_pb2

    return argument.type in [types_pb2.DataType.Value(name) for name in types]


def _is_open(attribute) -> bool:
    """Whether the attribute may be any text, a function or a tensor."""
    if attribute.type in ("string", "list(string)"):
        return not attribute.allowed_values.list.s
    return attribute.type in ("func", "list(func)", "tensor")


def _decided() -> dict[str, Group]:
    found: dict[str, Group] = {}
    for group, text in DECISIONS.items():
        for op in text.split():
            if op in found:
                raise Unclassified(f"{op} is in two lists of DECISIONS")
            found[op] = group
    return found


def _family(op: str) -> Group | None:
    return next((group for name, group in FAMILIES if re.search(name, op)), None)


def generate() -> dict[Path, bytes]:
    """The content of helpers/graphs/op_classes.txt."""
    import_tensorflow()
    sections = op_class_sections(registered_ops())
    order = list(REASONS)
    groups = sorted(sections, key=lambda group: (order.index(group.name), group.reason))
    texts = [
        "\n".join([f"[{group.name}] {group.reason}", *sections[group]])
        for group in groups
    ]
    return {FILE: ("\n\n".join([HEADER.rstrip(), *texts]) + "\n").encode()}


if __name__ == "__main__":
    sys.exit(update("classify_ops", generate, sys.argv[1:]))
