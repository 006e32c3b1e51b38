"""The wiring of a graph in which each output of some ops is a node of its own.

One op gives both images and labels: `IteratorGetNext:0` and `IteratorGetNext:1`; one
layer may give several heads: `split:0` and `split:1`.
"""

import re

import tensorflow as tf

from helpers.graphs.wiring import TYPE_LISTS, Wiring, sizes_of, type_of

SPLIT = re.compile(
    r"QueueDequeue.*|\w*Iterator\w*GetNext\w*|Unstage|Parse(Single)?Example(V2)?"
    r"|ParseSequenceExample(V2)?|DecodeCSV|Split(V)?|Unpack"
    r"|(Stateful)?PartitionedCall|(Stateless)?(While|If|Case)"
)


class SplitWiring(Wiring):
    """The edges of a GraphDef; later outputs of ops in SPLIT are nodes `NAME:1`, …

    Edges from nodes that a damaged graph lacks are left out.
    """

    def __init__(self, graph_def):
        self.split = {node.name for node in graph_def.node if SPLIT.fullmatch(node.op)}
        super().__init__(graph_def)
        read = {source for sources in self.data.values() for source in sources}
        for name in sorted(read - self.nodes.keys()):
            owner = name.partition(":")[0]
            if owner in self.split:
                self.nodes[name] = self.nodes[owner]
                self.data[name], self.control[name] = self.data[owner], []
        for name, sources in self.data.items():
            self.data[name] = [source for source in sources if source in self.nodes]

    def source(self, text: str) -> str:
        name, _, index = text.partition(":")
        return text if index and index != "0" and name in self.split else name

    def dtype(self, name: str) -> tf.DType | None:
        index = _index(name)
        attributes = self.nodes[name].attr
        for key in TYPE_LISTS if index else ():
            if key in attributes and len(attributes[key].list.type) > index:
                return type_of(attributes[key].list.type[index])
        return super().dtype(name)

    def shape(self, name: str) -> tuple[int | None, ...] | None:
        index = _index(name)
        if not index:
            return super().shape(name)
        for key in ("_output_shapes", "output_shapes"):
            attributes = self.nodes[name].attr
            hints = attributes[key].list.shape if key in attributes else ()
            if len(hints) > index:
                return sizes_of(hints[index])
        return None


def _index(name: str) -> int:
    return int(name.partition(":")[2] or 0)
