"""Photos that wait together are one batch, and each gets its own answer."""

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
    """Predicts the brightness of each image, and records the sizes of its batches."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, images: np.ndarray) -> np.ndarray:
        self.batches.append(len(images))
        return images.reshape(len(images), -1)[:, :1] / 255


def ask(model, brightness, answers):
    answers.append(predict(model, IMAGE + np.uint8(brightness)).row.item() * 255)


def test_requests_that_wait_together_are_one_batch_in_order():
    model, answers = Model(), []
    number = run_batch(
        partial(ask, model, brightness, answers) for brightness in (7, 9, 8)
    )
    assert number == 3
    assert answers == pytest.approx([7, 9, 8])
    assert model.batches == [3]


def test_each_request_begins_when_the_one_before_it_is_suspended():
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


def test_each_model_has_its_own_batch():
    first, second, answers = Model(), Model(), []

    def ask_both():
        ask(first, 1, answers)
        ask(second, 2, answers)

    run_batch([ask_both, partial(ask, second, 3, answers), ask_both])
    assert sorted(answers) == pytest.approx([1, 1, 2, 2, 3])
    assert (first.batches, second.batches) == ([2], [3])


def test_a_request_without_a_prediction_ends_at_once():
    model, answers = Model(), []
    assert run_batch([lambda: answers.append(0), partial(ask, model, 5, answers)]) == 2
    assert answers == pytest.approx([0, 5])
    assert run_batch([]) == 0


def test_each_request_gets_the_error_of_the_model():
    model, caught = Model(), []
    model.predict = lambda images: 1 / 0

    def refused():
        with pytest.raises(ZeroDivisionError):
            predict(model, IMAGE)
        caught.append(True)

    run_batch([refused, refused])
    assert caught == [True, True]


def test_a_single_request_and_another_thread_predict_at_once():
    model, answers = Model(), []
    ask(model, 4, answers)
    other = threading.Thread(target=ask, args=(model, 5, answers))
    other.start()
    other.join()
    assert answers == pytest.approx([4, 5])
    assert model.batches == [1, 1]


def test_begin_and_end_of_the_run_are_ordered():
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

    def send(colour):
        return client.post("/predict", data=photo(colour=colour))

    alone = [send(colour).json["probabilities"] for colour in COLOURS]
    assert len({str(each) for each in alone}) == len(COLOURS)
    model, sizes = app.extensions["library"].model().model, []
    run = model.predict
    monkeypatch.setattr(model, "predict", lambda x: (sizes.append(len(x)), run(x))[1])
    answers = []
    run_batch(lambda c=colour: answers.append(send(c)) for colour in COLOURS)
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
