"""Pruning leaves what the outputs need, and counts what it removes."""

import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from helpers.freezing.passes.prune.prune import prune
from tests.freezing.small_models import edited, fed, ops, save, waiting

GONE = {"Assert", "HistogramSummary", "If", "Switch", "Less"}


def test_prune_alone_removes_what_the_output_does_not_need():
    def build():
        x = fed()
        tf.identity(x, name="y")
        tf.identity(tf.identity(x, name="a"), name="b")

    editor = edited(build)
    assert prune(editor) == 2
    assert list(editor.nodes) == ["x", "y"]


@pytest.mark.parametrize("old", [True, False], ids=["switch", "if"])
def test_assertions_summaries_and_updates_are_removed_and_counted(old, tmp_path):
    report = freeze(save(waiting, tmp_path, old=old), outputs="y")
    assert {"assertion", "summary", "update of a variable"} <= set(report.removed)
    assert not ops(report.output) & GONE
