"""Settings of glibc's memory allocator; without effect where there is another."""

import ctypes

M_ARENA_MAX = -8  # of mallopt, in malloc.h


def use_one_arena() -> None:
    """Let all threads allocate from one arena; call it before threads start.

    The arena of a thread gives memory back to the system when a run ends, and takes it
    again at the next: a network of large tensors is slower by a tenth.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(M_ARENA_MAX, 1)


def return_free_memory() -> None:
    """Return memory that is free to the system."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
