"""Ops that TensorFlow does not have, and the libraries that define them."""

import tensorflow as tf

from helpers.freezing.errors import FreezeError

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
    "Sentencepiece": "TensorFlow Text, once tf_sentencepiece",
    "RaggedTensorToRaggedTensorOnlineSentence": "TensorFlow Text",
    "TFText>": "TensorFlow Text",
    "Wordpiece": "TensorFlow Text",
    "FastWordpiece": "TensorFlow Text",
    "FastBert": "TensorFlow Text",
    "CaseFold": "TensorFlow Text",
    "NormalizeUTF8": "TensorFlow Text",
    "ConstrainedSequence": "TensorFlow Text",
    "Regex": "TensorFlow Text",
    "RougeL": "TensorFlow Text",
    "SentenceFragments": "TensorFlow Text",
    "SplitMergeTokenize": "TensorFlow Text",
    "TokenizerFromLogits": "TensorFlow Text",
    "UnicodeScriptTokenize": "TensorFlow Text",
    "WhitespaceTokenize": "TensorFlow Text",
    "HubModuleSplitter": "TensorFlow Text",
    "MaxSpanningTree": "TensorFlow Text",
    "NgramsStringJoin": "TensorFlow Text",
    "SimpleML": "TensorFlow Decision Forests",
    "IO>": "TensorFlow I/O",
    "DecodeAudio": "tf.contrib.ffmpeg",
    "DecodeVideo": "tf.contrib.ffmpeg",
    "NearestNeighbors": "tf.contrib.factorization",
    "TreePredictions": "tf.contrib.tensor_forest",
    "TreeEnsemble": "tf.contrib.boosted_trees",
    "GradientTreesPrediction": "tf.contrib.boosted_trees",
    "GradientTreesPartition": "tf.contrib.boosted_trees",
    "DecisionTreeEnsemble": "tf.contrib.boosted_trees",
    "FarmFingerprint": "TensorFlow Transform or tf.contrib",
    "EdgeTPU": "the Edge TPU compiler",
    "edgetpu": "the Edge TPU compiler",
    "NeuronOp": "AWS Neuron",
    "Deepmd": "DeePMD-kit",
    "ProdEnv": "DeePMD-kit",
    "ProdForce": "DeePMD-kit",
    "ProdVirial": "DeePMD-kit",
    "Tabulate": "DeePMD-kit",
    "Nccl": "NCCL, on machines with GPUs",
    "_Mkl": "Intel's build of TensorFlow",
}
PACKAGES = {  # of the libraries: as pip and as Python name them
    "TensorFlow Text": ("tensorflow-text", "tensorflow_text"),
    "TensorFlow Decision Forests": (
        "tensorflow-decision-forests",
        "tensorflow_decision_forests",
    ),
    "TensorFlow I/O": ("tensorflow-io", "tensorflow_io"),
}
ENDED = ("TensorFlow Addons", "tf.contrib")  # without a release for TensorFlow 2.16


def library_of(op: str) -> str:
    """The library that defines the op, or a guess at its kind."""
    known = (name for prefix, name in LIBRARIES.items() if op.startswith(prefix))
    return next(known, "another library (a custom op, or tf.contrib)")


def unregistered_op(node, path: str = "") -> FreezeError:
    """The error for a node that the outputs need and TensorFlow does not know.

    Args:
      path: how the outputs need it, as `output <- … <- op`.
    """
    needed = f", and the outputs need it: {path}" if path else ""
    return FreezeError(
        f"op {node.op} ({node.name!r}) is not registered in TensorFlow; it belongs to "
        f"{library_of(node.op)}{needed}",
        _fix(library_of(node.op)),
    )


def _fix(library: str) -> str:
    """How to get the ops of a library, as far as that is possible."""
    before = "choose outputs that come before it, with --output-node-names"
    for name, (package, module) in PACKAGES.items():
        if library.startswith(name):
            version = ".".join(tf.__version__.split(".")[:2])
            return (
                f"install the release of {package} for TensorFlow {version}, if there "
                f"is one, and add --custom {module}; or {before}"
            )
    if library.startswith(ENDED):
        return f"it has no release for this TensorFlow: {before}"
    return (
        f"add --custom with the module, or the .so file, that registers it; or {before}"
    )
