"""The requirements, requirements.lock and environment.yml agree."""

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
FILES += (".github/workflows/test.yml",)
NAMED_BY_THE_USER = "tensorflow flask jupyter matplotlib numpy memory-profiler nbval"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PLATFORMS = {"linux": ("Linux", "x86_64"), "darwin": ("Darwin", "arm64")}


def requirements(name):
    """The requirements in a file, parsed, without comments."""
    lines = (ROOT / name).read_text().splitlines()
    stated = (line.partition("#")[0].strip() for line in lines)
    return [Requirement(line) for line in stated if line]


def direct():
    """The direct requirements of this project."""
    return [requirement for name in DIRECT for requirement in requirements(name)]


def pins(environment):
    """The locked versions by name, for an environment of environment markers."""
    found = {}
    for pin in requirements("requirements.lock"):
        if pin.marker is None or pin.marker.evaluate(environment):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} is pinned twice"
            found[name] = str(pin.specifier).removeprefix("==")
    return found


def all_requirements():
    """The direct requirements, and theirs in turn, in this Python."""
    queue, seen = direct(), set()
    while queue:
        requirement = queue.pop()
        yield requirement
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                queue += requirements_of(name, extra)


def requirements_of(name, extra):
    """What an installed package requires for an extra; "" for none."""
    required = map(Requirement, distribution(name).requires or ())
    return [
        requirement
        for requirement in required
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
    ]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_every_direct_requirement(python, platform):
    system, machine = PLATFORMS[platform]
    markers = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": platform,
        "platform_system": system,
        "platform_machine": machine,
    }
    locked = pins(default_environment() | markers)
    for requirement in direct():
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_lock_pins_exactly_all_requirements_and_satisfies_them():
    locked = pins(default_environment())
    required = set()
    for requirement in all_requirements():
        name = canonicalize_name(requirement.name)
        required.add(name)
        assert requirement.specifier.contains(locked[name], prereleases=True)
    assert set(locked) == required


def test_the_installed_versions_are_the_locked_ones():
    locked = pins(default_environment())
    assert locked == {name: version(name) for name in locked}


def test_every_line_of_the_lock_is_one_exact_version():
    for pin in requirements("requirements.lock"):
        (specifier,) = pin.specifier
        assert (specifier.operator, "*" in specifier.version) == ("==", False)


def test_the_packages_that_the_user_named_are_direct_requirements():
    names = {requirement.name for requirement in direct()}
    assert names >= set(NAMED_BY_THE_USER.split())


@pytest.mark.parametrize("name", DIRECT)
def test_each_direct_requirement_has_its_reason(name):
    lines = (ROOT / name).read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert packages
    assert [line for line in packages if not re.search(r" # \w+", line)] == []


def test_conda_installs_a_supported_python_and_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, *others = environment["dependencies"]
    assert python in {f"python={version}" for version in PYTHONS}
    assert others == ["pip", {"pip": ["-r requirements.lock"]}]


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_a_package_index(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"://|index-url|find-links|trusted-host", text)
    assert not re.search(r"\b[a-z0-9-]+\.(com|dev|io|net|org)\b", text)


def test_binder_and_colab_get_what_this_project_asks_for_but_jupyter():
    lines = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    comment, constraint, *names = lines
    assert comment.startswith("#")
    assert constraint == "--constraint ../requirements.lock"
    stated = [requirement.name for requirement in requirements("requirements.txt")]
    assert names == [name for name in stated if name != "jupyter"]
