"""Sixty-four clients at once, two models and reloads: every answer is its own photo's.

The oracle is each photo alone, before the others come: exactly for batches of the same
size, within 1e-6 across sizes.
"""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count, cycle
from random import Random

import numpy as np
import pytest
import requests

from helpers.serving.library import Library
from helpers.serving.reloading import follow
from helpers.serving.versions import published_in
from tests.serving.made_graphs import photo_bytes
from tests.webapp.running_app import served, write_model
from webapp.app import create_app

THREADS = 64
SIDES = {"cats": 32, "birds": 16}  # pixels a side of each model's input
SIZES = (1, 2, 3, 8)  # of batches; a photo alone, and what one batch holds at most
RELOADS = 4  # versions that are published while the clients ask


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, side in SIDES.items():
        write_model(folder / name / "1.pb", image_size=side)
    return folder


@pytest.fixture(scope="module")
def library(folder):
    with Library.load_folder(folder) as library:
        yield library


def pictures(side: int) -> np.ndarray:
    """A photo for each thread, of another mean colour than all others'."""
    noise = np.random.default_rng(side).integers(0, 40, [THREADS, side, side, 3])
    noise[..., 0] += np.linspace(0, 200, THREADS, dtype=int)[:, None, None]
    return noise.astype(np.uint8)


def batch(images: np.ndarray, first: int, size: int) -> np.ndarray:
    """Photos from the first on; after the last one, the first follow."""
    return images.take(range(first, first + size), axis=0, mode="wrap")


@contextmanager
def reloads(folder, library):
    """Publishes new versions of both models, and drops the old ones, until the end."""
    ended, seen = threading.Event(), []

    def publish():
        newest = max(int(path.stem) for path in folder.glob("*/*.pb"))
        for version, name in zip(count(newest + 1), cycle(SIDES), strict=False):
            place = folder / name / f"{version}.pb"
            write_model(place.with_suffix(".new"), image_size=SIDES[name])
            place.with_suffix(".new").rename(place)
            assert follow(library, published_in(folder)) == []
            seen.append(version)
            if ended.is_set():
                return

    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish)
        try:
            yield seen
        finally:
            ended.set()
        publishing.result()


def answers_of(ask) -> list[tuple]:
    """What all clients were answered; each is a thread that calls `ask(number)`."""
    with ThreadPoolExecutor(THREADS) as pool:
        return [one for many in pool.map(ask, range(THREADS)) for one in many]


@pytest.fixture(scope="module")
def alone(library):
    """What each model answers to each batch when nothing else runs."""
    return {
        (name, size, first): library.model(name).model.predict(
            batch(pictures(side), first, size)
        )
        for name, side in SIDES.items()
        for size in SIZES
        for first in range(THREADS)
    }


@pytest.fixture(scope="module")
def together(folder, library, alone):
    """The same questions, from 64 threads at once, while versions change."""
    images = {name: pictures(side) for name, side in SIDES.items()}

    def ask(thread: int, seen: list[int]) -> list[tuple]:
        random, answers = Random(thread), []
        while len(seen) < RELOADS:
            name, size = random.choice([*SIDES]), random.choice(SIZES)
            version = library.model(name)
            found = version.model.predict(batch(images[name], thread, size))
            answers.append(((name, size, thread), version.version, found))
        return answers

    with reloads(folder, library) as seen:
        return answers_of(partial(ask, seen=seen))


def test_every_photo_has_an_answer_of_its_own(alone):
    for name in SIDES:
        rows = [alone[name, 1, first][0, 0] for first in range(THREADS)]
        assert np.diff(np.sort(rows)).min() > 1e-4


def test_answers_at_once_are_exactly_those_alone_per_batch_size(together, alone):
    different = [
        key for key, _, found in together if not np.array_equal(found, alone[key])
    ]
    assert not different
    assert {size for (_, size, _), _, _ in together} == set(SIZES)


def test_answers_of_other_batch_sizes_are_the_same_within_1e_6(alone):
    for (name, size, first), found in alone.items():
        for place in range(size):
            single = alone[name, 1, (first + place) % THREADS]
            np.testing.assert_allclose(found[place], single[0], rtol=0, atol=1e-6)


def test_several_versions_answered(together):
    assert len({(key[0], version) for key, version, _ in together}) > len(SIDES)


# The same over HTTP, where photos of several clients are computed in one batch


def files() -> list[bytes]:
    """A picture file for each client, of a colour of its own."""
    return [
        photo_bytes((int(value), 255 - int(value), 7 * number % 256), "PNG")
        for number, value in enumerate(np.linspace(0, 255, THREADS))
    ]


@pytest.fixture(scope="module")
def address(library):
    with served(create_app(library)) as address:
        yield address


def asked(session, address: str, data: bytes, name: str) -> dict[str, float]:
    answer = session.post(f"{address}/predict?model={name}", data, timeout=60)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.content)["probabilities"]


def test_no_answer_reaches_another_client(folder, library, address):
    photos = files()
    with requests.Session() as session:
        alone = {
            (name, number): asked(session, address, data, name)
            for name in SIDES
            for number, data in enumerate(photos)
        }
    for name in SIDES:
        answers = sorted(alone[name, number]["cat"] for number in range(THREADS))
        assert np.diff(answers).min() > 1e-4

    def ask(number: int, seen: list[int]) -> list[tuple]:
        answers, names = [], cycle(SIDES)
        with requests.Session() as session:
            while not answers or len(seen) < RELOADS:
                name = next(names)
                found = asked(session, address, photos[number], name)
                answers.append(((name, number), found))
        return answers

    with reloads(folder, library) as seen:
        together = answers_of(partial(ask, seen=seen))
    assert {number for (_, number), _ in together} == {*range(THREADS)}
    for key, found in together:
        assert found == pytest.approx(alone[key], abs=1e-6), key
