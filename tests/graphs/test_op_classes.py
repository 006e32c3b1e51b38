"""Every op of TensorFlow is in one class, and the file is what its script prints."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.graphs.op_classes import ALLOWED, FILE, REASONS, VERSION, op_classes
from helpers.graphs.op_registry import is_version, registered_ops
from tools import classify_ops
from tools.classify_ops import Unclassified, derived_group, op_class_sections
from tools.op_decisions import DECISIONS, FAMILIES

OPS = {op.name: op for op in registered_ops()}
ROOT = Path(__file__).parents[2]
HERE = pytest.mark.skipif(
    sys.platform != "linux", reason="TensorFlow has other ops on other systems"
)


def test_the_classes_are_of_the_tensorflow_that_is_installed():
    assert is_version(VERSION)


def test_the_classes_are_of_the_tensorflow_that_is_pinned_for_every_python():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line for line in lines if line.startswith("tensorflow==")]
    assert [pin.startswith(f"tensorflow=={VERSION}.") for pin in pins] == [True]
    assert ";" not in pins[0]  # one pin for all


def test_every_op_of_tensorflow_is_classified():
    assert OPS.keys() <= op_classes().keys()


@HERE
def test_the_file_names_no_op_that_tensorflow_lacks():
    assert op_classes().keys() <= OPS.keys()


@HERE
def test_the_file_is_what_the_script_prints():
    assert FILE.read_bytes() == classify_ops.generate()[FILE]


def test_every_class_has_ops_and_a_reason():
    assert {kind.name for kind in op_classes().values()} == REASONS.keys()
    assert all(kind.reason for kind in op_classes().values())


def test_no_op_is_named_twice():
    lines = FILE.read_text().splitlines()
    ops = [line for line in lines if line and line[0] not in "#["]
    assert len(ops) == len(set(ops)) == len(op_classes())


def named(name: str):
    """A definition of an op that takes and gives strings."""
    from tensorflow.core.framework import op_def_pb2, types_pb2

    made = op_def_pb2.OpDef(name=name)
    made.input_arg.add(name="text", type=types_pb2.DT_STRING)
    return made


def test_a_new_op_that_no_rule_covers_is_an_error():
    with pytest.raises(Unclassified, match="nobody has classified ReadSocket: add"):
        op_class_sections([*OPS.values(), named("ReadSocket")])


def test_a_decision_on_an_op_that_is_gone_is_an_error():
    kept = [op for op in OPS.values() if op.name != "WriteFile"]
    with pytest.raises(Unclassified, match="has no op WriteFile: remove the names"):
        op_class_sections(kept)


@pytest.mark.parametrize("op", ["MatMul", "Conv2D", "Range", "Where", "SelectV2"])
def test_ops_of_numbers_alone_are_derived_to_be_pure(op):
    assert derived_group(OPS[op]).name == "pure"


@pytest.mark.parametrize(
    "op", ["ReadFile", "MatchingFiles", "ImmutableConst", "PyFuncStateless", "Abort"]
)
def test_ops_without_state_that_name_something_are_left_to_decisions(op):
    assert not OPS[op].is_stateful
    assert derived_group(OPS[op]) is None


@pytest.mark.parametrize("op", ["Assign", "ResourceApplyAdam", "ScatterNdUpdate"])
def test_ops_that_take_a_variable_are_derived_to_keep_state(op):
    assert derived_group(OPS[op]).name == "state"


def test_every_decision_and_family_is_of_a_class_with_a_reason():
    groups = [*DECISIONS, *(group for _, group in FAMILIES)]
    assert {group.name for group in groups} <= REASONS.keys()
    assert all(group.reason for group in groups)


def test_allowed_are_the_classes_that_compute():
    allowed = {op for op, kind in op_classes().items() if kind.name in ALLOWED}
    assert {"Conv2D", "While", "HashTableV2", "RandomUniform", "Assert"} <= allowed
    assert not allowed & {"ImmutableConst", "_Recv", "Barrier", "RemoteCall", "Print"}


def test_an_op_in_two_lists_is_an_error(monkeypatch):
    group = SimpleNamespace(name="pure", reason="twice")
    monkeypatch.setattr(classify_ops, "DECISIONS", {**DECISIONS, id(group): "Abort"})
    with pytest.raises(Unclassified, match="Abort is in two lists"):
        op_class_sections(OPS.values())
