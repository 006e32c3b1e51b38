"""Photos for networks that decode them: files, as strings, instead of pixels.

A photo is decoded and checked as every other, made upright and not too large, and
encoded again without loss. So the network accepts every format, and no file can make
its decoder allocate much.
"""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from helpers.data.decoding import decode_photo
from helpers.graphs.graph_bodies import functions_in
from helpers.graphs.traversal import find_reachable
from helpers.graphs.wiring import Wiring

MAX_SIDE = 1024  # pixels; networks reduce photos to a third of it or less
DECODERS = {  # the kinds of file that each op reads; DecodeJpeg reads PNG, too
    **dict.fromkeys(
        ("DecodeJpeg", "DecodePng", "DecodeImage", "DecodeBmp", "DecodeGif"), "PNG"
    ),
    **dict.fromkeys(("DecodeAndCropJpeg", "ExtractJpegShape"), "JPEG"),
}
PASSING = ("Identity", "Reshape", "Squeeze", "Enter", "Switch", "DecodeBase64")
UNPACKING = (  # a batch into its photos, as map_fn does
    *("StridedSlice", "Unpack", "GatherV2", "TensorArrayScatterV3"),
    *("TensorArrayReadV3", "TensorListFromTensor", "TensorListGetItem"),
)


@dataclass(frozen=True)
class EncodedPhotos:
    """From a photo to the string that a network decodes."""

    kind: str  # PNG or JPEG
    is_base64: bool = False
    is_scalar: bool = False  # the network takes one photo at a time

    def decode(self, photo: bytes, **limits: int) -> np.ndarray:
        """The photo encoded again: an array of type object without axes."""
        pixels = decode_photo(photo, (MAX_SIDE, MAX_SIDE), resize="limit", **limits)
        return self.encode(pixels)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, self.kind, quality=95, compress_level=1)
        text = file.getvalue()
        if self.is_base64:
            text = base64.urlsafe_b64encode(text).rstrip(b"=")
        made = np.empty((), object)
        made[()] = text
        return made

    def describe(self) -> str:
        """One sentence: what becomes of a photo."""
        coded = " in base64" if self.is_base64 else ""
        return f"the bytes of a {self.kind} file{coded}; the network decodes them"


def encoded_photos(graph_def, wiring: Wiring, name: str) -> EncodedPhotos | None:
    """How the network decodes a string op; None: it takes no photos.

    Args:
      wiring: the wiring of `graph_def`.
      name: of the op: a placeholder, or a constant in its place.
    """
    functions = {body.signature.name: body for body in graph_def.library.function}
    is_base64, is_vector, ahead, seen = False, False, [name], {name}
    while ahead:
        for reader in wiring.consumers.get(ahead.pop(), ()):
            op = wiring.op(reader)
            inner = [op, *_ops_called(wiring.nodes[reader], functions)]
            kind = next((DECODERS[one] for one in inner if one in DECODERS), None)
            is_base64 |= "DecodeBase64" in inner
            is_vector |= op in UNPACKING or (bool(kind) and op not in DECODERS)
            if kind:
                shape = wiring.shape(name)
                is_scalar = not is_vector if shape is None else not shape
                return EncodedPhotos(kind, is_base64, is_scalar)
            if op in PASSING + UNPACKING and reader not in seen:
                seen.add(reader)
                ahead.append(reader)
    return None


def _ops_called(node, functions: dict) -> list[str]:
    """The ops in the functions that a node calls, and in those that they call."""

    def called_in(name: str) -> list[str]:
        return [f for inner in functions[name].node_def for f in functions_in(inner)]

    called = find_reachable(functions_in(node), called_in, within=functions)
    return [inner.op for name in called for inner in functions[name].node_def]
