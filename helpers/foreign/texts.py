"""What a text from outside may hold, and how any text is printed."""

import re
from reprlib import Repr
from unicodedata import category

SURROGATES = "\ud800-\udfff"
# The embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9).
REORDERING = "\u202a-\u202e\u2066-\u2069"
CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # all but tab and line breaks
LINES = "\t\n\r\u2028\u2029"  # no name of one line has these
REFUSED = re.compile(f"[{CONTROLS}{SURROGATES}{REORDERING}]")
REFUSED_IN_NAMES = re.compile(f"[{CONTROLS}{SURROGATES}{REORDERING}{LINES}\ufeff]")
NOT_IN_UTF_8 = re.compile(f"[{SURROGATES}]")
KINDS = (  # of refused characters, and what each is
    (NOT_IN_UTF_8, "half of a surrogate pair, which is no character"),
    (re.compile(f"[{REORDERING}]"), "which changes the order of the text after it"),
    (re.compile(f"[{LINES}]"), "and a name is one line without tabs"),
    (re.compile("\ufeff"), "a byte order mark"),
    (re.compile(""), "a control character"),
)
MOST_SHOWN = 60  # characters of a value in a message


def text_problem(text: str, *, is_name: bool = False) -> str | None:
    """Why a text from outside is refused; None: it is not.

    The answer continues a sentence that begins with the text's place.

    Args:
      is_name: whether line breaks and tabs are refused, too.
    """
    found = (REFUSED_IN_NAMES if is_name else REFUSED).search(text)
    if found is None:
        return None
    what = next(what for pattern, what in KINDS if pattern.match(found[0]))
    return f"holds '{escaped(found[0])}', {what}"


def printable(text: str) -> str:
    r"""The text, each character that is not printable as an escape: caf\xe9.

    Python decodes a byte of a file's name that is not UTF-8 to a surrogate; such a
    character is shown as that byte.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else escaped(one) for one in text)


def escaped(character: str) -> str:
    """A character as Python's source writes it; the surrogate of a byte as the byte."""
    byte = ord(character) - 0xDC00
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else ascii(character)[1:-1]


def is_visible(text: str) -> bool:
    """Whether a text has a character that is seen: no space, no control, no format."""
    return any(category(one)[0] not in "ZC" for one in text)


def shown(value: object) -> str:
    """A value as Python writes it, printable and shortened, for a message."""
    text = printable(_Short().repr(value))
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 2]} …"


class _Short(Repr):
    """Writes only the beginning of long texts, large numbers and deep lists."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxdict = 3, 4, 3
        self.maxstring = self.maxother = MOST_SHOWN

    def repr_str(self, x: str, level: int) -> str:
        return super().repr_str(x[: 2 * MOST_SHOWN], level)

    def repr_int(self, x: int, level: int) -> str:
        """Python refuses to write a number of thousands of digits."""
        if x.bit_length() > 8 * MOST_SHOWN:
            return f"a number of {x.bit_length():,} bits"
        return repr(x)
