"""The requirements, requirements.lock and environment.yml say the same."""

import re
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DIRECT = ("requirements.txt", "tests/requirements.txt")
FILES = (*DIRECT, "requirements.lock", "environment.yml")
NAMED_BY_THE_USER = {
    "tensorflow",
    "flask",
    "jupyter",
    "matplotlib",
    "numpy",
    "memory-profiler",
    "nbval",
}
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PLATFORMS = {
    "linux": {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
    },
    "darwin": {
        "sys_platform": "darwin",
        "platform_system": "Darwin",
        "platform_machine": "arm64",
    },
}


def requirements(name):
    """The requirements in a file, comments and markers understood."""
    lines = (ROOT / name).read_text().splitlines()
    stated = (line.partition("#")[0].strip() for line in lines)
    return [Requirement(line) for line in stated if line]


def direct():
    """What this project asks for itself."""
    return [requirement for name in DIRECT for requirement in requirements(name)]


def pins(environment):
    """Versions by name, of the lines of the lock that an environment installs."""
    found = {}
    for pin in requirements("requirements.lock"):
        if pin.marker is None or pin.marker.evaluate(environment):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} is pinned twice"
            found[name] = str(pin.specifier).removeprefix("==")
    return found


def needed():
    """Every requirement that the direct ones bring into this Python."""
    ahead, seen = direct(), set()
    while ahead:
        requirement = ahead.pop()
        yield requirement
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                ahead += brought_by(name, extra)


def brought_by(name, extra):
    required = map(Requirement, distribution(name).requires or ())
    return [
        requirement
        for requirement in required
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
    ]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_every_direct_requirement(python, platform):
    versions = {"python_version": python, "python_full_version": f"{python}.9"}
    locked = pins(default_environment() | versions | PLATFORMS[platform])
    for requirement in direct():
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_lock_pins_exactly_what_the_direct_requirements_bring():
    closure = {canonicalize_name(requirement.name) for requirement in needed()}
    assert set(pins(default_environment())) == closure


def test_the_lock_satisfies_what_the_direct_requirements_bring():
    locked = pins(default_environment())
    for requirement in needed():
        name = canonicalize_name(requirement.name)
        assert requirement.specifier.contains(locked[name], prereleases=True)


def test_what_is_installed_is_what_is_locked():
    locked = pins(default_environment())
    assert locked == {name: version(name) for name in locked}


def test_every_line_of_the_lock_is_one_exact_version():
    for pin in requirements("requirements.lock"):
        (specifier,) = pin.specifier
        assert (specifier.operator, "*" in specifier.version) == ("==", False)


def test_the_packages_that_the_user_named_are_direct_requirements():
    assert {requirement.name for requirement in direct()} >= NAMED_BY_THE_USER


@pytest.mark.parametrize("name", DIRECT)
def test_each_direct_requirement_has_its_reason(name):
    lines = (ROOT / name).read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    without = [line for line in packages if not re.search(r" # \w+", line)]
    assert packages
    assert not without


def test_conda_installs_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    packages = environment["dependencies"]
    assert {"pip": ["-r requirements.lock"]} in packages


def test_conda_brings_nothing_but_a_supported_python_and_pip():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, *others = [p for p in environment["dependencies"] if isinstance(p, str)]
    assert python in {f"python={version}" for version in PYTHONS}
    assert others == ["pip"]


@pytest.mark.parametrize("name", FILES)
def test_no_address_of_an_index_is_written_down(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"://|index-url|find-links|trusted-host", text)
    assert not re.search(r"\b[a-z0-9-]+\.(com|dev|io|net|org)\b", text)
