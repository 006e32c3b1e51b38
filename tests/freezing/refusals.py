"""How each refusal of freezing has to be written."""

import re
from pathlib import Path

import pytest

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze

# What no message may hold: names of Python classes, traces, places in source code.
TRACES = re.compile(
    r"Traceback|\w+(Error|Exception)\b|tensorflow::|\.(cc|py):\d|<class|<tf\.|0x[0-9a-f]"
    r"|\bNone\b|\[Op:|\{\{|errno|Errno|node_def|[A-Z]{3,}_[A-Z]{3,}:"
)


def refusal(source, outputs="y", **how) -> str:
    """The message of freezing this, which has to be written as messages are."""
    before = sorted(Path(source).parent.rglob("*"))
    with pytest.raises(FreezeError) as raised:
        freeze(source, outputs=outputs, **how)
    assert sorted(Path(source).parent.rglob("*")) == before
    assert_well_written(raised.value)
    return str(raised.value)


def assert_well_written(error: FreezeError) -> None:
    """One sentence of cause, one of advice, each path once, and no traces."""
    text = str(error)
    assert not TRACES.search(text), text
    assert error.cause
    assert error.fix
    assert "\n" not in error.fix
    paths = re.findall(r"/tmp/[^\s,:;'\"]+", text)
    assert len(set(paths)) == len(paths), text
