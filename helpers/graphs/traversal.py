"""Depth-first search through a graph's nodes, by name."""

from collections.abc import Callable, Container, Iterable


def find_reachable(
    start: Iterable[str],
    successors: Callable[[str], Iterable[str]],
    *,
    within: Container[str],
) -> dict[str, None]:
    """The names in `within` that are reachable from `start`, in depth-first order."""
    found: dict[str, None] = {}
    ahead = list(start)
    while ahead:
        name = ahead.pop()
        if name in within and name not in found:
            found[name] = None
            ahead += successors(name)
    return found
