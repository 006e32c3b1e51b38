"""Freezes a checkpoint or another model: writes its graph and weights to one file.

Read `by_session.py` first: it is the lesson of notebook 03, in forty lines. `freeze.py`
is the tool behind `python -m helpers freeze`. Its five steps are: read the source
(`sources/`), choose the outputs (`outputs.py`), apply the graph passes
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
