"""Rewrite the config of an older Keras into what `tf_keras` reads.

The names are those of Keras 1's documentation and of the conversions that Keras 2.0
made (`keras/legacy/interfaces.py`, `keras/engine/saving.py`).
"""

import copy
from typing import Any

from helpers.freezing.sources.keras.config_objects import described_objects
from helpers.freezing.sources.keras.keras_contents import KerasContents
from helpers.freezing.sources.keras.module_references import OWN

CLASSES = {  # Keras 1, and layers for Nvidia's library that run there only
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "SeparableConvolution2D": "SeparableConv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "CuDNNLSTM": "LSTM",
    "CuDNNGRU": "GRU",
}
NVIDIA = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}
ARGUMENTS = {  # Keras 1 -> 2
    "output_dim": "units",
    "nb_filter": "filters",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "filter_length": "kernel_size",
    "atrous_rate": "dilation_rate",
    "pool_length": "pool_size",
    "stride": "strides",
    "dim_ordering": "data_format",
    "bias": "use_bias",
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "inner_activation": "recurrent_activation",
    "forget_bias_init": "",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "beta_init": "beta_initializer",
    "gamma_init": "gamma_initializer",
    "input_dtype": "dtype",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "consume_less": "",
    "p": "rate",
    "sigma": "stddev",
}
EMBEDDING = {
    "output_dim": "output_dim",
    "init": "embeddings_initializer",
    "W_regularizer": "embeddings_regularizer",
    "W_constraint": "embeddings_constraint",
    "dropout": "",
}
KERNEL = ("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3")
ORDERS = {"tf": "channels_last", "th": "channels_first", "default": "channels_last"}
MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "concat": "Concatenate",
    "ave": "Average",
    "max": "Maximum",
}
GRUS = ("GRU", "CuDNNGRU")


def upgraded(config: dict[str, Any], contents: KerasContents) -> dict[str, Any]:
    """A copy of a model's config that tf_keras reads.

    Args:
      contents: of the file that the config is from.
    """
    config = copy.deepcopy(config)
    first = contents.generation == 1
    if contents.is_hdf5:
        _name_functions(config)
    for _, item in list(described_objects(config)):
        inner = item.get("config")
        if not isinstance(item.get("class_name"), str) or not isinstance(inner, dict):
            continue
        if first:
            _from_keras_1(item, inner)
        _from_keras_2(item, inner)
    return config


def _name_functions(config: dict[str, Any]) -> None:
    """Put a function's name for its description, which the HDF5 loader misreads."""
    for _, item in list(described_objects(config)):
        for key, value in item.items():
            if isinstance(value, dict) and value.get("class_name") == "function":
                item[key] = value.get("config")


def _from_keras_2(item: dict[str, Any], inner: dict[str, Any]) -> None:
    """Name Keras's own modules and classes as tf_keras does."""
    name = item["class_name"]
    for key, value in inner.items():  # a number that was an array of NumPy
        if isinstance(value, dict) and value.get("type") == "ndarray":
            inner[key] = value.get("value")
    if name in GRUS:  # versions that did not write it did not have the other kind
        inner.setdefault("reset_after", name == "CuDNNGRU")
    if name.startswith("CuDNN"):
        item["class_name"] = CLASSES[name]
        for key, value in NVIDIA.items():
            inner.setdefault(key, value)
    module = item.get("module")
    if isinstance(module, str) and OWN.match(module) and "." in module:
        parts = [part for part in module.split(".") if part in OFFICIAL]
        if parts:
            item["module"] = f"keras.{parts[0]}"


OFFICIAL = (
    *("layers", "initializers", "regularizers", "constraints", "activations"),
    *("losses", "metrics", "optimizers", "mixed_precision"),
)


def _from_keras_1(item: dict[str, Any], inner: dict[str, Any]) -> None:
    """Rename a layer of Keras 1 and its arguments."""
    name = item["class_name"]
    if name == "Merge" and inner.get("mode") in MERGES:
        item["class_name"] = MERGES[inner["mode"]]
        axis = inner.get("concat_axis", -1)
        kept = {key: inner[key] for key in ("name", "trainable") if key in inner}
        inner.clear()
        inner |= kept | ({"axis": axis} if item["class_name"] == "Concatenate" else {})
        return
    item["class_name"] = CLASSES.get(name, name)
    for sides in KERNEL:
        if all(side in inner for side in sides):
            inner["kernel_size"] = [inner.pop(side) for side in sides]
    arguments = ARGUMENTS | (EMBEDDING if name == "Embedding" else {})
    for old, new in arguments.items():
        if old in inner and old != new:
            value = inner.pop(old)
            if new:
                inner.setdefault(new, value)
    if name == "BatchNormalization" and inner.get("mode") == 0:  # others are refused
        del inner["mode"]
    if inner.get("data_format") in ORDERS:
        inner["data_format"] = ORDERS[inner["data_format"]]
