"""Names for ops, made of a signature's keys."""

import re
import unicodedata

NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.\\/>-]+")
NOT_FIRST = re.compile(r"^[^A-Za-z0-9.]+")


def op_name(key: str, otherwise: str) -> str:
    """An op name that is the key, or like it if TensorFlow does not allow it.

    Args:
      otherwise: the name if the key has no letter or digit of ASCII.
    """
    plain = unicodedata.normalize("NFKD", key)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = NOT_FIRST.sub("", NOT_IN_NAMES.sub("_", plain)).rstrip("/_") or otherwise
    if not re.search("[A-Za-z0-9]", plain):
        return otherwise
    return plain
