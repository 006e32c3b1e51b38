"""Photos that wait together: one run of the network, and to each its own answer."""

import threading
from functools import partial

import numpy as np
import pytest

from helpers.serving.library import Library
from tests.webapp.running_app import photo, write_model
from webapp.app import create_app
from webapp.serving.micro_batching import predict, run_batch

IMAGE = np.zeros([8, 8, 3], np.uint8)


class Model:
    """Says how bright each image is, and keeps how many came together."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, images: np.ndarray) -> np.ndarray:
        self.batches.append(len(images))
        return images.reshape(len(images), -1)[:, :1] / 255


def ask(model, brightness, told):
    told.append(predict(model, IMAGE + np.uint8(brightness)).row.item() * 255)


def test_what_comes_together_is_one_batch_and_answered_in_order():
    model, told = Model(), []
    number = run_batch(
        partial(ask, model, brightness, told) for brightness in (7, 9, 8)
    )
    assert number == 3
    assert told == pytest.approx([7, 9, 8])
    assert model.batches == [3]


def test_each_begins_when_the_one_before_it_waits_for_the_network():
    model, order = Model(), []

    def requests():
        for number in range(3):
            order.append(f"next {number}")
            yield lambda number=number: (
                order.append(f"begins {number}"),
                predict(model, IMAGE),
                order.append(f"ends {number}"),
            )

    run_batch(requests())
    begun = [f"{what} {number}" for number in range(3) for what in ("next", "begins")]
    assert order == begun + [f"ends {number}" for number in range(3)]


def test_models_are_asked_apart_and_one_may_ask_another():
    first, second, told = Model(), Model(), []

    def ask_both():
        ask(first, 1, told)
        ask(second, 2, told)

    run_batch([ask_both, partial(ask, second, 3, told), ask_both])
    assert sorted(told) == pytest.approx([1, 1, 2, 2, 3])
    assert (first.batches, second.batches) == ([2], [3])


def test_one_that_needs_no_network_ends_at_once():
    model, told = Model(), []
    assert run_batch([lambda: told.append(0), partial(ask, model, 5, told)]) == 2
    assert told == pytest.approx([0, 5])
    assert run_batch([]) == 0


def test_what_the_model_raises_each_of_them_gets():
    model, caught = Model(), []
    model.predict = lambda images: 1 / 0

    def refused():
        with pytest.raises(ZeroDivisionError):
            predict(model, IMAGE)
        caught.append(True)

    run_batch([refused, refused])
    assert caught == [True, True]


def test_alone_and_in_another_thread_it_is_asked_at_once():
    model, told = Model(), []
    ask(model, 4, told)
    other = threading.Thread(target=ask, args=(model, 5, told))
    other.start()
    other.join()
    assert told == pytest.approx([4, 5])
    assert model.batches == [1, 1]


def test_the_times_are_those_of_the_network():
    times = []
    run_batch([lambda: times.append(predict(Model(), IMAGE))])
    (one,) = times
    assert one.began <= one.ended


@pytest.fixture
def app(tmp_path):
    with Library.load({"cats": write_model(tmp_path / "cats.pb")}) as library:
        yield create_app(library)


COLOURS = ("red", "green", "grey")


def test_requests_that_wait_together_get_what_each_gets_alone(app, monkeypatch):
    client = app.test_client()

    def sent(colour):
        return client.post("/predict", data=photo(colour=colour))

    alone = [sent(colour).json["probabilities"] for colour in COLOURS]
    assert len({str(each) for each in alone}) == len(COLOURS)
    model, sizes = app.extensions["library"].model().model, []
    run = model.predict
    monkeypatch.setattr(model, "predict", lambda x: (sizes.append(len(x)), run(x))[1])
    answers = []
    run_batch(lambda c=colour: answers.append(sent(c)) for colour in COLOURS)
    assert sizes == [len(COLOURS)]
    for answer, one in zip(answers, alone, strict=True):
        assert answer.json["probabilities"] == pytest.approx(one, abs=1e-6)
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == len(COLOURS)


def test_a_bad_photo_among_good_ones_is_refused_alone(app):
    client, answers = app.test_client(), []
    bodies = [photo(), b"no photo", photo()]
    run_batch(
        lambda b=body: answers.append((b, client.post("/predict", data=b)))
        for body in bodies
    )
    codes = {body: answer.status_code for body, answer in answers}
    assert codes == {photo(): 200, b"no photo": 415}
