"""How many processor threads a step gets, measured again while the run goes on.

On an idle machine every core helps. Where other programs keep the cores busy, threads that wait for each other make
a step many times slower than one thread alone; a run over lunch meets both. It knows a callable step and a clock,
not what is computed. Only runs with a time budget use it: another number of threads rounds differently.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

FIRST_S = 30.0
"""Seconds to the first new look; the distance doubles whenever nothing changed."""
WORTH = 0.85
"""All threads must need less than this share of one thread's time."""


class Pace:
    """Chooses between all threads and one for ``step``, and gives the process its own number back at the end."""

    def __init__(self, step: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._step, self._clock = step, clock
        self._all = torch.get_num_threads()
        self._wait, self._due = FIRST_S, clock()

    def keep(self) -> None:
        """Look again where it is time to; cheap otherwise."""
        if self._all == 1 or self._clock() < self._due:
            return
        before = torch.get_num_threads()
        alone = min(self._timed(1), self._timed(1))
        together = self._timed(self._all)
        if together < 2 * alone:  # the first step with more threads also starts them
            together = min(together, self._timed(self._all))
        chosen = self._all if together < WORTH * alone else 1
        torch.set_num_threads(chosen)
        self._wait = FIRST_S if chosen != before else 2 * self._wait
        self._due = self._clock() + self._wait

    def close(self) -> None:
        """All threads again."""
        torch.set_num_threads(self._all)

    def _timed(self, threads: int) -> float:
        torch.set_num_threads(threads)
        started = self._clock()
        self._step()
        return self._clock() - started
