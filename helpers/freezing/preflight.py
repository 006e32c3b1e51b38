"""Checks that this TensorFlow can run the frozen graph, before it is written."""

from helpers.freezing.errors import FreezeError
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_registry import devices, op_def

# The libraries that define ops, by prefixes of the ops' names.
LIBRARIES = {
    "Horovod": "Horovod",
    "BlockLSTM": "tf.contrib.rnn",
    "LSTMBlock": "tf.contrib.rnn",
    "GRUBlock": "tf.contrib.rnn",
    "BeamSearch": "TensorFlow Addons, once tf.contrib.seq2seq",
    "GatherTree": "TensorFlow Addons, once tf.contrib.seq2seq",
    "Addons>": "TensorFlow Addons",
    "TRTEngine": "TensorRT",
    "Resampler": "TensorFlow Addons, once tf.contrib.resampler",
    "ImageProjectiveTransform": "tf.contrib.image",
    "SSTable": "a library of Google's own",
    "Sentencepiece": "tf_sentencepiece or TensorFlow Text",
    "DecodeAudio": "tf.contrib.ffmpeg",
    "DecodeVideo": "tf.contrib.ffmpeg",
    "NearestNeighbors": "tf.contrib.factorization",
    "TreePredictions": "tf.contrib.tensor_forest",
    "Nccl": "NCCL, on machines with GPUs",
    "_Mkl": "Intel's build of TensorFlow",
}


def preflight(editor: GraphEditor) -> list[str]:
    """A sentence on each op that has no CPU kernel in this TensorFlow.

    Raises:
      FreezeError: an op is not registered: the graph could not be loaded.
    """
    found = []
    for node in editor.nodes.values():
        if node.op in editor.functions:
            continue
        if op_def(node.op) is None:
            raise FreezeError(
                f"op {node.op} ({node.name!r}) is not registered in TensorFlow; it "
                f"belongs to {_library(node.op)}, and the outputs need it: "
                f"{_path(editor, node.name)}",
                "load its library with tf.load_op_library first, or choose outputs "
                "that come before it",
            )
        kinds = ", ".join(sorted(devices(node.op)))
        if devices(node.op).isdisjoint(("CPU", "DEFAULT")):
            only = f"only for {kinds}" if kinds else "nor for another device"
            found.append(
                f"op {node.op} ({node.name!r}) has no kernel for a CPU, {only}"
            )
    return found


def _library(op: str) -> str:
    known = (name for prefix, name in LIBRARIES.items() if op.startswith(prefix))
    return next(known, "another library (a custom op, or tf.contrib)")


def _path(editor: GraphEditor, wanted: str) -> str:
    """The path from an output to the op, as `output <- … <- op`."""
    before: dict[str, str | None] = dict.fromkeys(editor.roots())
    ahead = list(before)
    for name in ahead:
        if name == wanted:
            break
        for text in editor.nodes[name].input:
            source = Edge.parse(text).node
            if source not in before and source in editor.nodes:
                before[source] = name
                ahead.append(source)
    steps: list[str] = []
    step: str | None = wanted
    while step is not None:
        steps.insert(0, step)
        step = before.get(step)
    if len(steps) > 6:
        steps[3:-2] = ["…"]
    return " <- ".join(steps)
