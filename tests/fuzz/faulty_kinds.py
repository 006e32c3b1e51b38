"""Kinds that go wrong on one case, to see that it is found."""

import os
import time
from random import Random

import numpy as np

from tests.fuzz.kinds import Finding, Kind, case_rng

WRONG = 3  # the case


class Numbers(Kind):
    """Each case is its own number."""

    name = "numbers"
    seconds = 0.3
    mib = 50

    def make(self, rng: Random) -> bool:
        """Whether this is the case that goes wrong."""
        return rng.getstate() == case_rng(self.name, WRONG).getstate()

    def run(self, case: bool) -> bool:
        if case:
            self.go_wrong()
        return True

    def go_wrong(self) -> None:
        raise NotImplementedError


class Raises(Numbers):
    name = "raises"

    def go_wrong(self) -> None:
        raise TypeError("wrong")


class RefusesByChance(Numbers):
    """A ValueError, but none that the project raises."""

    name = "by-chance"

    def go_wrong(self) -> None:
        int("x")


class AnswersWrong(Numbers):
    name = "answers"

    def go_wrong(self) -> None:
        raise Finding("status 500")


class Computes(Numbers):
    name = "computes"

    def go_wrong(self) -> None:
        while True:
            pass


class Waits(Numbers):
    """It takes no CPU time, so the parent has to end it."""

    name = "waits"

    def go_wrong(self) -> None:
        time.sleep(60)


class Grows(Numbers):
    name = "grows"
    seconds = 3  # of CPU time, which new memory takes on a busy machine

    def go_wrong(self) -> None:
        np.ones(100 << 20, np.uint8)


class Ends(Numbers):
    name = "ends"

    def go_wrong(self) -> None:
        os.abort()


FAULTS = {
    Raises: "TypeError: wrong",
    RefusesByChance: "ValueError: invalid literal",
    AnswersWrong: "status 500",
    Computes: "over 0.3 s of CPU",
    Waits: "the process ended: signal 9",
    Grows: "the process grew by 1",
    Ends: "the process ended: signal 6",
}
