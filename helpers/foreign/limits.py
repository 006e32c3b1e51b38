"""Limits of a process that reads files from outside."""

import resource


def set_soft_limit(which: int, wanted: int) -> None:
    """Set a soft limit, which can be raised again; it is at most the hard one.

    Args:
      which: one of the RLIMIT constants of `resource`.
    """
    hard = resource.getrlimit(which)[1]
    resource.setrlimit(
        which, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
    )
