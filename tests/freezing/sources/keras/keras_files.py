"""Keras files made for tests, and the answers of frozen graphs to compare with."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from helpers.freezing.report import Report
from tests.freezing.small_models import frozen_answers


def answers_of(report: Report, samples: list[np.ndarray]) -> list[np.ndarray]:
    """The frozen graph's outputs, in their order; samples in the inputs' order."""
    names = [name.removesuffix(":0") for name in report.inputs]
    outputs = [name.removesuffix(":0") for name in report.outputs]
    start = report.card.get("initialisers", ())
    feeds = dict(zip(names, samples, strict=True))
    return frozen_answers(report.output, outputs, feeds, start)


def edited(
    path: Path, change: Callable[[dict[str, Any]], None], version: str = ""
) -> Path:
    """The file with its model's config changed, and perhaps its Keras version."""
    if path.suffix == ".keras":
        return _edited_archive(path, change)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        change(config)
        file.attrs["model_config"] = json.dumps(config)
        for group in (file, file["model_weights"]) if version else ():
            group.attrs["keras_version"] = version
    return path


def _edited_archive(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    change(config)
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
