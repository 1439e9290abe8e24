"""How many processor threads a step gets, measured again while the run goes on.

On an idle machine every core helps. Where other programs keep the cores busy, threads that wait for each other make
a step many times slower than one thread alone; a run over lunch meets both. It knows a callable step and a clock,
not what is computed. Only runs with a time budget use it: another number of threads rounds differently.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import torch

FIRST_S = 30.0
"""Seconds to the first new look; the distance doubles whenever nothing changed."""
WORTH = 0.85
"""All threads must need less than this share of one thread's time."""
SLOWED = 1.5
"""A step this many times longer than it was after the last look calls for a new one at once."""
RECENT = 9
"""Steps whose middle duration counts, so that a preview or a checkpoint between two steps does not."""


class Pace:
    """Chooses between all threads and one for ``step``, and gives the process its own number back at the end."""

    def __init__(self, step: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._step, self._clock = step, clock
        self._all = torch.get_num_threads()
        self._wait, self._due = FIRST_S, clock()
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._usual, self._before = float("inf"), clock()

    def keep(self) -> None:
        """To be called before every step: looks again where it is time to, or where steps have become slow."""
        if self._all == 1:
            return
        now = self._clock()
        self._recent.append(now - self._before)
        if now >= self._due or self._slowed():
            self._look()
        self._before = self._clock()

    def close(self) -> None:
        """All threads again."""
        torch.set_num_threads(self._all)

    def _slowed(self) -> bool:
        if len(self._recent) < RECENT:
            return False
        middle = sorted(self._recent)[RECENT // 2]
        self._usual = min(self._usual, middle)
        return middle > SLOWED * self._usual

    def _look(self) -> None:
        before = torch.get_num_threads()
        alone = min(self._timed(1), self._timed(1))
        together = self._timed(self._all)
        if together < 2 * alone:  # the first step with more threads also starts them
            together = min(together, self._timed(self._all))
        chosen = self._all if together < WORTH * alone else 1
        torch.set_num_threads(chosen)
        self._wait = FIRST_S if chosen != before else 2 * self._wait
        self._due = self._clock() + self._wait
        self._usual = float("inf")
        self._recent.clear()

    def _timed(self, threads: int) -> float:
        torch.set_num_threads(threads)
        started = self._clock()
        self._step()
        return self._clock() - started
