"""Functional loops and conditionals that are not to be lowered."""

import pytest

from helpers.freezing.freeze import freeze
from helpers.freezing.passes.optional.drop_lowering import LOWERING, drop_lowering
from tests.freezing.small_models import conditional, edited, loop, read, save


@pytest.mark.parametrize("build", [conditional, loop])
def test_a_plain_graph_does_not_say_that_its_control_flow_may_be_lowered(
    build, tmp_path
):
    prefix = save(build, tmp_path)
    marked = read(freeze(prefix, outputs="y").output)
    plain = read(freeze(prefix, outputs="y", plain=True).output)
    assert any(LOWERING in node.attr for node in marked.node)
    assert not any(LOWERING in node.attr for node in plain.node)


def test_the_ops_that_were_marked_are_counted():
    assert drop_lowering(edited(loop)) == 1
