"""What learners do in each notebook's exercises: a right solution and wrong ones.

A file per notebook: `notebook_01.py` has SOLUTIONS for notebooks/01_….ipynb.
"""

from typing import NamedTuple


class Solution(NamedTuple):
    """Code that a learner writes below the cell with the answers, and its verdict."""

    exercise: int
    code: str
    says: str = (
        ""  # part of the sentence that a wrong solution ends with; "": it is right
    )
