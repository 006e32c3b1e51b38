"""Imports TensorFlow without its start-up messages."""

import os
import sys
import tempfile


def import_tensorflow() -> None:
    """Import TensorFlow; what its C++ code prints is shown only if the import fails.

    The oneDNN message is printed at any log level. Standard error is redirected to a
    file meanwhile, at the level of file descriptors.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as output:
        os.dup2(output.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            output.seek(0)
            os.write(terminal, output.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
