"""TensorFlow imported without its start-up banner."""

import os
import sys
import tempfile


def import_tensorflow() -> None:
    """Import TensorFlow; what its C++ side says meanwhile is shown only on failure.

    Importing it prints the oneDNN banner whatever the log level, before any Python
    code could stop it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            said.seek(0)
            os.write(terminal, said.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
