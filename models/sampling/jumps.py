"""Sampling in one to four jumps over a sampler's noise levels.

Where to land is chosen among the levels of the many-step sampler whose walk the jumps were learnt from, so that the
same seed shows nearly the same image. It knows noise levels and a jump, not networks or how it was learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor

from models.api import OnStep

Jump = Callable[[Tensor, float, float], Tensor]
"""(noisy ``(B, L, h, w)``, its sigma, sigma to land on) to the state there."""

MOST_JUMPS = 4
"""From as many steps on, the many-step sampler is as good."""


def landings(sigmas: Sequence[float], count: int, middle: float) -> tuple[float, ...]:
    """The levels that ``count`` (1..4) jumps touch, the first and the closing 0 included.

    Two jumps meet at the level nearest to ``middle``: above it the layout of the image is settled, below it the
    detail. Four halve each part; three halve the lower one.

    Raises:
        ValueError: more jumps than there are levels, or than ``MOST_JUMPS``.
    """
    last = len(sigmas) - 1
    if not 1 <= count <= min(MOST_JUMPS, last):
        raise ValueError(f"{count} jumps over {last} levels")
    centre = min(range(1, last), key=lambda at: abs(sigmas[at] - middle)) if last > 1 else last
    wanted = {1: (), 2: (centre,), 3: (centre, (centre + last) // 2), 4: (centre // 2, centre, (centre + last) // 2)}
    return tuple(sigmas[at] for at in sorted({0, *wanted[count], last}))


def stretches(sigmas: Sequence[float], middle: float) -> tuple[tuple[tuple[float, float], ...], ...]:
    """For 1, 2 and 4 jumps the (from, to) of each; three jumps need none besides."""
    most = min(MOST_JUMPS, len(sigmas) - 1)
    return tuple(tuple(pairwise(landings(sigmas, count, middle))) for count in (1, 2, 4) if count <= most)


def leap(jump: Jump, start: Tensor, levels: Sequence[float], on_step: OnStep) -> Tensor:
    """Jump from level to level; one network evaluation each."""
    x = start
    for index, (now, following) in enumerate(pairwise(levels)):
        x = jump(x, now, following)
        on_step(index + 1, len(levels) - 1)
    return x
