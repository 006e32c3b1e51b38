"""The graph passes: one interface, one order, and a report on each."""

import inspect
import itertools
import json

import pytest
from click.testing import CliRunner

from helpers.__main__ import cli
from helpers.freezing.freeze import freeze
from helpers.freezing.passes.pipeline import ON_REQUEST, PASSES, UNTIL_CONSTANTS
from helpers.freezing.passes.prune.prune import prune
from helpers.graphs.editor import GraphEditor


@pytest.mark.parametrize("step", PASSES, ids=lambda step: step.name)
def test_every_pass_has_its_family_interface_and_reason(step):
    signature = inspect.signature(step.apply)
    needed = [p for p in signature.parameters.values() if p.default is p.empty]
    assert [parameter.annotation for parameter in needed] == [GraphEditor]
    assert signature.return_annotation is int
    assert len(step.reason.split()) > 4
    assert step.family in {"prune", "inference", "constants", "optional"}
    assert step.apply.__module__.split(".")[3] == step.family or step.apply is prune


def test_the_first_passes_leave_the_variables_alone():
    assert "constants" not in {step.family for step in UNTIL_CONSTANTS}


def test_report_has_the_changes_of_each_pass(prefix, tmp_path):
    passes = freeze(prefix, outputs="y", output=tmp_path / "y.pb").passes
    always = [s for s in PASSES if s.family != "optional" and s.apply not in ON_REQUEST]
    required = [step.name for step in always]
    assert [step.name for step in passes] == required
    for before, after in itertools.pairwise(passes):
        assert before.nodes_after == after.nodes_before
    (made,) = (step for step in passes if step.name == "variables_to_constants")
    assert made.changes > 0


def test_report_has_an_optional_pass_on_request(prefix, tmp_path):
    report = freeze(prefix, outputs="y", output=tmp_path / "y.pb", weights="float16")
    assert report.passes[-1].name == "narrow_weights"
    assert report.passes[-1].changes > 0


def test_command_prints_the_passes_on_request(prefix, tmp_path):
    command = ["freeze", prefix, "--output-node-names", "y"]
    command += ["--output", str(tmp_path / "y.pb")]
    table = CliRunner().invoke(cli, [*command, "--passes"]).output
    assert "variables_to_constants" in table
    assert "variables_to_constants" not in CliRunner().invoke(cli, command).output
    as_json = CliRunner().invoke(cli, [*command, "--json"]).output
    names = [step["name"] for step in json.loads(as_json)["passes"]]
    assert names[0] == "cut_inputs"
