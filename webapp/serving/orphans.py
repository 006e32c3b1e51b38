"""Reaps orphaned processes, as the process with id 1 of a container must."""

import os
from collections.abc import Collection
from contextlib import suppress


def reap_orphans(own: Collection[int] = ()) -> None:
    """Reap the children that have ended, but for those that this program waits for.

    Args:
      own: the ids of the processes that this program started.
    """
    with suppress(ChildProcessError):  # there is no child
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in own:
                return  # its exit status is read elsewhere; the others come after it
            os.waitpid(ended.si_pid, os.WNOHANG)
