"""What each request is answered when it is alone: its status and its numbers."""

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from benchmarks.soak.exchange import Connection
from benchmarks.soak.photos import Photo, photos
from benchmarks.soak.prepared import Prepared, photo_requests
from benchmarks.soak.readers import READERS, TOLERANCE, agree

APART = 4 * TOLERANCE  # two photos that are not told apart by their answers
TRIED = 6  # photos for each that is kept


class Expected(NamedTuple):
    """A request with the status and the numbers of its answer; () for none."""

    request: Prepared
    status: int
    numbers: Sequence[float] = ()


def distinct(
    models: Sequence[str], port: int, sizes: Mapping[tuple[int, int], int]
) -> tuple[list[Photo], dict[tuple[str, str], list[float]]]:
    """Photos that every model answers differently, and their probabilities.

    An answer that reached the client of another photo would be noticed.

    Args:
      sizes: how many photos of each width and height; a size of which too few are told
        apart has fewer.
    """
    kept, answers = [], dict[tuple[str, str], list[float]]()
    for (width, height), wanted in sizes.items():
        most = len(kept) + wanted
        for photo in islice(photos(width, height), TRIED * wanted):
            found = {(photo.name, name): _alone(photo, name, port) for name in models}
            if all(_is_new(answers, key[1], row) for key, row in found.items()):
                kept.append(photo)
                answers |= found
            if len(kept) == most:
                break
    return kept, answers


def _alone(photo: Photo, model: str, port: int) -> list[float]:
    request = next(photo_requests(photo, model, 1, 0))
    answer = Connection(port, keeps=False).ask(request.data)
    if answer.status != 200:
        raise ValueError(f"{photo.name} was answered with {answer.status}")
    return READERS[request.reader](answer.body)


def _is_new(answers: dict, model: str, row: Sequence[float]) -> bool:
    others = [numbers for (_, name), numbers in answers.items() if name == model]
    return all(abs(other[0] - row[0]) > APART for other in others)


def expect(
    requests: Iterable[Prepared], answers: dict, port: int, checked: Container[str]
) -> tuple[list[Expected], list[str]]:
    """What each request must be answered, and what is wrong with it even alone.

    Args:
      answers: the probabilities by name of photo and model.
      checked: the photos that are asked about alone in every way; the ways to ask about
        the others are the same.
    """
    expected, wrong = [], list[str]()
    for request in requests:
        numbers: Sequence[float] = ()
        if request.photo:
            numbers = answers[request.photo]
            if request.photo[0] not in checked:
                expected.append(Expected(request, 200, numbers))
                continue
        answer = Connection(port, keeps=False).ask(request.data)
        low, high = (400, 500) if request.kind.startswith("bad") else (200, 201)
        if not low <= answer.status < high:
            wrong.append(f"{request.kind}: {answer.status} where it is alone")
        elif request.reader == "explain":
            numbers = READERS["explain"](answer.body)
        elif request.photo and not agree(request.reader, answer.body, numbers):
            wrong.append(f"{request.kind}: not as /predict for {request.photo}")
        expected.append(Expected(request, answer.status, numbers))
    return expected, wrong
