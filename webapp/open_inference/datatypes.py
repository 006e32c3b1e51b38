"""The protocol's datatypes, and the dtypes of TensorFlow that they stand for."""

from typing import Any

import numpy as np

BYTES, UINT8 = "BYTES", "UINT8"
DATATYPES = {  # by the name of TensorFlow's dtype
    "bool": "BOOL",
    "uint8": UINT8,
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "bfloat16": "BF16",
    "float32": "FP32",
    "float64": "FP64",
    "string": BYTES,
}


def datatype_of(tensor: Any) -> str:
    """The datatype of a tf.Tensor; TensorFlow's own in capitals if there is none."""
    name = tensor.dtype.base_dtype.name
    return DATATYPES.get(name, name.upper())


def datatype_of_array(array: np.ndarray) -> str:
    """The datatype of an array, or its dtype in capitals."""
    name = "string" if array.dtype.kind in "OSU" else array.dtype.name
    return DATATYPES.get(name, name.upper())
