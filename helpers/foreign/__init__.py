"""Reads texts from outside: which bytes, characters, names and JSON are accepted.

What is not accepted is refused with a sentence that is printable in full. Packages of
every layer may use these modules; they use no other package. Nothing here imports
TensorFlow.
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "files": "read_bounded read_text",
        "json_text": "json_object parse_json",
        "names": "names_problem",
        "texts": "printable shown text_problem",
    },
)
