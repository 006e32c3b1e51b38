"""The error for models that cannot be frozen, and parts of its messages."""

from collections.abc import Sequence


class FreezeError(ValueError):
    """Bad input; the message has the cause, and on its last line the fix."""

    def __init__(self, cause: str, fix: str):
        super().__init__(f"{cause}\n{fix}")
        self.cause, self.fix = cause, fix


def first_names(names: Sequence[str]) -> str:
    """The first five names, and that there are more, for a message."""
    return ", ".join(names[:5]) + (" and more" if len(names) > 5 else "")


def first_line(error: Exception) -> str:
    """The first line of an error's message; its type's name if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]
