"""Fixtures that several test files share."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.webapp.running_app import OPTIONS

ROOT = Path(__file__).parent.parent


def pytest_configure() -> None:
    """Forget what this environment says to the app; reach this machine directly."""
    for name in OPTIONS:
        os.environ.pop(name, None)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of files that only CI has as its own."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.ci)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photos, hostile files and checkpoints found in the wild."""
    folder = Path(os.environ.get("SHARED", ROOT.parent / "shared"))
    folder = folder if folder.is_absolute() else ROOT / folder
    if not folder.is_dir():
        pytest.skip(f"needs the shared files, and {folder} is not there")
    return folder


class Untrained(NamedTuple):
    """A network of 32 pixels as initialised, its checkpoint and its frozen file."""

    session: Any  # helpers.training.network_session.NetworkSession
    prefix: str
    path: Path


def untrained(network: str, folder: Path) -> Untrained:
    """The network built, saved and frozen by session."""
    from helpers.freezing.by_session import freeze_by_session
    from helpers.training.network_session import NetworkSession
    from helpers.training.networks import build

    card = {"class_names": ["cat", "dog"], "image_size": 32, "seed": 1}
    session = NetworkSession(build(network, card))
    prefix = str(folder / "model-ckpt")
    session.save(prefix)
    session.write_meta(prefix, card)
    graph_def = freeze_by_session(f"{prefix}.meta", prefix, ["y_pred", "model_card"])
    path = folder / network / "1.pb"
    path.parent.mkdir()
    path.write_bytes(graph_def.SerializeToString())
    return Untrained(session, prefix, path)


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Untrained:
    """The lesson's network, untrained."""
    made = untrained("small", tmp_path_factory.mktemp("small"))
    yield made
    made.session.close()


@pytest.fixture(scope="session")
def resnet(tmp_path_factory) -> Untrained:
    """The network with training-only parts, untrained."""
    made = untrained("resnet", tmp_path_factory.mktemp("resnet"))
    yield made
    made.session.close()
