"""Names for ops, made of a signature's keys."""

import re
import unicodedata
from collections.abc import Container

NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.\\/>-]+")
NOT_FIRST = re.compile(r"^[^A-Za-z0-9.]+")


def op_name(key: str, otherwise: str, taken: Container[str]) -> str:
    """An unused op name that is the key, or like it if TensorFlow does not allow it.

    Args:
      otherwise: the name if the key has no letter or digit of ASCII.
      taken: the names in use.
    """
    plain = unicodedata.normalize("NFKD", key)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = NOT_FIRST.sub("", NOT_IN_NAMES.sub("_", plain)).rstrip("/_") or otherwise
    if not re.search("[A-Za-z0-9]", plain):
        plain = otherwise
    name, number = plain, 0
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    return name
