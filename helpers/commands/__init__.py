"""The commands of `python -m helpers`, one a file; `__main__.py` assembles them.

Each command imports its modules when it runs, so that --help imports no TensorFlow.
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(__name__, {"command_group": "CommandGroup"})
