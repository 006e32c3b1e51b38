"""Which modules and functions a Keras config names, and whether they are Keras's own.

Both generations of Keras look a class up by the module that the file names; Keras 2
imports it first. A file must not choose what is imported or called.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any

import tensorflow.compat.v1 as tf1
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from helpers.freezing.sources.keras.config_objects import described_objects
from helpers.graphs.unsafe_ops import unsafe_ops

# The packages that Keras's own classes have been in, and what is in them.
KERAS = r"(?:tensorflow\.(?:python\.)?)?(?:tf_)?keras(?:_core)?"
INSIDE = r"(?:\.(?:src|api|_tf_keras|_v1|_v2|python|keras|engine|legacy))*"
PARTS = (
    *("layers", "models", "activations", "initializers", "regularizers", "dtype"),
    *("constraints", "losses", "metrics", "optimizers", "mixed_precision", "engine"),
    *("dtype_policies", "ops", "random", "quantizers", "functional"),
    *("sequential", "training", "input_layer", "base_layer"),
)
OWN = re.compile(rf"{KERAS}{INSIDE}(?:\.(?:{'|'.join(PARTS)})(?:\.\w+)*)?\Z")
# TensorFlow functions that a TFOpLambda layer may name: those that compute.
COMPUTING = re.compile(
    r"(?:compat\.v[12]\.)?"
    r"(?:io\.decode_\w+|debugging\.assert_\w+|(?:__operators__|math|nn|image|linalg|signal|strings|ragged|random|bitwise"
    r"|sets|sparse|quantization|dtypes|keras\.(?:activations|backend|losses))\.\w+"
    r"(?:\.\w+)*|[a-z][a-z0-9_]*)\Z"
)
CALLING = {  # functions that call what they are given, or reach outside of the graph
    *("py_function", "numpy_function", "py_func", "load_library", "load_op_library"),
    *(
        "print",
        "Print",
        "function",
        "init_scope",
        "custom_gradient",
        "import_graph_def",
    ),
    *(
        "map_fn",
        "vectorized_map",
        "foldl",
        "foldr",
        "scan",
        "while_loop",
        "cond",
        "case",
    ),
    *("recompute_grad", "grad_pass_through", "no_gradient", "read_file", "write_file"),
    *("contrib", "switch_case", "run_functions_eagerly", "device", "timestamp"),
}
SYMBOLS = {
    "TFOpLambda": "function",
    "ClassMethod": "cls_symbol",
    "TFClassMethodDispatcher": "cls_symbol",
}
TENSORS = ("RaggedTensor", "SparseTensor", "sparse.SparseTensor", "Tensor")


def foreign_references(config: Any, custom: Collection[str]) -> list[str]:
    """What the config names that is neither Keras's nor in `custom`, once each.

    Args:
      custom: the names of classes and functions that the user brought.
    """
    return list(dict.fromkeys(_references(config, custom)))


def _references(config: Any, custom: Collection[str]) -> Iterator[str]:
    for _, item in described_objects(config):
        name, module = item.get("class_name"), item.get("module")
        registered = item.get("registered_name")
        if name in SYMBOLS and isinstance(item.get("config"), dict):
            symbol = str(item["config"].get(SYMBOLS[name]))
            if not _computes(symbol):
                yield f"tf.{symbol}"
        if name == "TensorFlowOpLayer" and isinstance(item.get("config"), dict):
            yield from _unsafe(item["config"].get("node_def"))
        if not isinstance(name, str) or not isinstance(module, str):
            continue
        if name == "function":
            name = str(item.get("config"))
        brought = {name, str(registered), str(registered).split(">")[-1]}
        own = "." not in name and (module == "builtins" or OWN.match(module))
        if not own and not brought & set(custom):
            yield f"{module}.{name}"


def _unsafe(node_def: Any) -> Iterator[str]:
    """The op of a layer of TensorFlow 2.0 to 2.3, if it does more than compute."""
    node = tf1.NodeDef()
    try:
        if isinstance(node_def, dict):
            json_format.ParseDict(node_def, node)
        else:
            node.ParseFromString(str(node_def).encode())
    except (json_format.ParseError, DecodeError):
        return  # Keras does not load it either
    for found in unsafe_ops(tf1.GraphDef(node=[node])):
        yield f"tf.raw_ops.{found.op}"


def _computes(symbol: str) -> bool:
    """Whether a public name of TensorFlow is that of a function of tensors only."""
    last = symbol.rpartition(".")[2]
    if symbol in TENSORS:
        return True
    return bool(COMPUTING.match(symbol)) and last not in CALLING
