"""What a run does whose numbers went out of bounds: it goes on from its last checkpoint, more carefully.

The checkpoint rather than a copy in memory: it restores everything to the bit, costs a full graphics card nothing,
and at most a minute is lost. It knows step numbers; taking up the checkpoint lies with the loop.
"""

from __future__ import annotations

from dataclasses import dataclass

ALLOWED = 2
"""Setbacks within ``STRETCH`` steps that a run survives."""
STRETCH = 1000
SLOWER = 0.5
"""What each setback leaves of the learning rate."""


class DivergedError(RuntimeError):
    """The loss, its gradient or a weight became infinite or not a number at ``step``."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss is not a finite number at step {step}; the checkpoint before it still stands")
        self.step = step


@dataclass(frozen=True, slots=True)
class Setbacks:
    """The steps at which a run went out of bounds, over all resumes; every checkpoint holds them."""

    steps: tuple[int, ...] = ()

    @property
    def rate(self) -> float:
        """Share of the planned learning rate that is left."""
        return SLOWER ** len(self.steps)

    def after(self, error: DivergedError) -> Setbacks:
        """One more; raises ``error`` itself where there were too many within a short while."""
        if sum(error.step - STRETCH < step for step in self.steps) >= ALLOWED:
            raise error
        return Setbacks((*self.steps, error.step))
