"""The tensors of a signature, those of sparse and composite ones apart."""

from collections.abc import Iterator, Mapping

from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

PARTS = {  # of a sparse tensor: the field that names its tensor; its type, if fixed
    "indices": ("indices_tensor_name", types_pb2.DT_INT64),
    "values": ("values_tensor_name", None),
    "dense_shape": ("dense_shape_tensor_name", types_pb2.DT_INT64),
}


def plain_tensors(
    infos: Mapping[str, meta_graph_pb2.TensorInfo],
) -> dict[str, meta_graph_pb2.TensorInfo]:
    """The inputs or outputs of a signature by key, each with the name of one tensor.

    A sparse tensor `KEY` is `KEY/indices`, `KEY/values` and `KEY/dense_shape`; the
    parts of another composite tensor are `KEY/0`, `KEY/1` and so on.
    """
    return {
        key: info for name in sorted(infos) for key, info in _parts(name, infos[name])
    }


def _parts(key: str, info) -> Iterator[tuple[str, meta_graph_pb2.TensorInfo]]:
    if info.HasField("coo_sparse"):
        for part, (field, dtype) in PARTS.items():
            made = meta_graph_pb2.TensorInfo(name=getattr(info.coo_sparse, field))
            made.dtype = dtype or info.dtype
            yield f"{key}/{part}", made
    elif info.HasField("composite_tensor"):
        for index, component in enumerate(info.composite_tensor.components):
            yield from _parts(f"{key}/{index}", component)
    else:
        yield key, info
