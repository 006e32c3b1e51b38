"""What the first layer of a network says of an input whose shape is open."""

from typing import NamedTuple

from helpers.graphs.op_kinds import BATCH_NORMS
from helpers.graphs.wiring import Wiring

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
POOLS = ("MaxPool", "AvgPool")
PRODUCTS = {"MatMul": "transpose_b", "BatchMatMulV2": "adj_y"}  # of rows and a kernel
PASSING = (  # each keeps the order of the axes, and the number of channels
    *("Identity", "Cast", "StopGradient", "CheckNumerics", "EnsureShape", "Snapshot"),
    *("Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "BiasAdd", "Pad", "PadV2"),
    *("MirrorPad", "ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"),
    *BATCH_NORMS,
)


class FirstLayer(NamedTuple):
    """The first convolution, pool or matrix product that reads an input."""

    op: str
    layout: str | None = None  # NHWC or NCHW; None: it does not say
    depth: int | None = None  # channels of a convolution, or values of one row


def first_layer(wiring: Wiring, name: str) -> FirstLayer | None:
    """The first layer after an op, with only elementwise ops between; or None."""
    ahead, seen = [name], {name}
    while ahead:
        here = ahead.pop()
        for reader in wiring.consumers.get(here, ()):
            op = wiring.op(reader)
            if op in (*CONVOLUTIONS, *POOLS, *PRODUCTS) and reader not in seen:
                return _described(wiring, reader, here)
            if op in PASSING and reader not in seen:
                seen.add(reader)
                ahead.append(reader)
    return None


def _described(wiring: Wiring, name: str, source: str) -> FirstLayer:
    node, op = wiring.nodes[name], wiring.op(name)
    layout = node.attr["data_format"].s.decode() if "data_format" in node.attr else ""
    weights = _weights(wiring, name) if wiring.data[name][:1] == [source] else None
    depth = None
    if weights and len(weights) == 4 and op in CONVOLUTIONS:
        depth = weights[2]
    elif weights and len(weights) == 2 and op in PRODUCTS:
        depth = weights[1 if node.attr[PRODUCTS[op]].b else 0]
    return FirstLayer(op, layout or (None if op in PRODUCTS else "NHWC"), depth)


def _weights(wiring: Wiring, name: str) -> tuple[int, ...] | None:
    """The shape of the constant that a layer's second input is; None: it is none."""
    sources = wiring.data[name]
    here = sources[1] if len(sources) == 2 else ""
    while here in wiring.nodes and wiring.op(here) in ("Identity", "Cast"):
        here = wiring.data[here][0]
    if here not in wiring.nodes or wiring.op(here) != "Const":
        return None
    tensor = wiring.nodes[here].attr["value"].tensor
    return tuple(dim.size for dim in tensor.tensor_shape.dim)
