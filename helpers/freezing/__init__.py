"""From a checkpoint to one file.

Read `by_session.py` first: it is the lesson of notebook 03, in forty lines. The tool
behind `python -m helpers freeze` is `freeze.py`, five steps from top to bottom: read
the source (`sources/`), choose the outputs (`outputs.py`), apply the graph passes
(`passes/pipeline.py`), write (`writing.py`), prove (`proof/`).
"""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "by_session": "freeze_by_session",
        "errors": "FreezeError",
        "freeze": "freeze",
        "report": "Report",
        "verify": "verify",
    },
)
