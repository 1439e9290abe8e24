"""How far a run has come, and what follows from it: learning rate, previews, the end.

Progress is one number, the share of the budget used, whether the budget is time, steps or the cap on steps; so one
decay ends at nothing in every mode, once in every stage of the family. A stage that passes its turn makes that number
jump. It knows plans and clocks, not networks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from models.api import Stage
from models.config import TrainingPlan
from models.training.events import Reason

WARMED_UP = 0.1
"""Share of a stage after which its rate has risen, however few steps that was."""
TINY = 1e-9
"""What rounding may take from a share."""


class Budget:
    """Counts what a run uses; seconds add up over resumes.

    Attributes:
        turns: where stages were ended at their turn: (share of the budget used, share at which they were to end). What
            follows is shortened alike, so that a stage which took half its time leaves half to the next.
    """

    def __init__(
        self,
        plan: TrainingPlan,
        clock: Callable[[], float],
        *,
        used: float = 0.0,
        turns: Sequence[Sequence[float]] = (),
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._started = clock() - used
        self.turns = [(float(at), float(to)) for at, to in turns]

    @property
    def seconds(self) -> float:
        """Training seconds used, over all resumes."""
        return self._clock() - self._started

    def fraction(self, step: int) -> float:
        """How far the run has come after ``step`` steps, 0..1; in a step budget the clock plays no part."""
        used = self._used(step)
        if not self.turns:
            return used
        at, to = self.turns[-1]
        return min(1.0, to + (used - at) * to / at)

    def turn(self, step: int, to: float) -> None:
        """The stage that was to last until ``to`` of the run is over after ``step`` steps."""
        self.turns.append((self._used(step), to))

    def over(self, step: int) -> Reason | None:
        """Why the run ends after ``step`` steps, None while it goes on."""
        plan = self._plan
        if plan.steps is not None and step >= plan.steps:
            return "steps"
        if plan.budget_s is not None and self.seconds >= plan.budget_s:
            return "budget"
        if plan.step_cap is not None and step >= plan.step_cap:
            return "step_cap"
        return "turned" if self.turns and self.fraction(step) >= 1.0 - TINY else None

    def _used(self, step: int) -> float:
        """Share of the budget used."""
        plan = self._plan
        shares = [step / plan.step_cap] if plan.step_cap else [0.0]
        shares.append(step / plan.steps if plan.steps else self.seconds / (plan.budget_s or 1.0))
        return min(1.0, max(shares))


def stage_at(stages: Sequence[Stage], fraction: float) -> int:
    """The number of the stage that ``fraction`` of the budget lies in."""
    ends = list(accumulate(stage.share for stage in stages))
    return min(len(stages) - 1, bisect_right(ends, fraction + TINY))


def within(stages: Sequence[Stage], number: int, fraction: float) -> float:
    """How much of stage ``number`` is over, 0..1, when ``fraction`` of the whole budget is used."""
    begin = sum(stage.share for stage in stages[:number])
    return min(1.0, max(0.0, (fraction - begin) / stages[number].share))


def learning_rate(plan: TrainingPlan, step: int, fraction: float) -> float:
    """Rate of step ``step`` (0-based) of a stage of which ``fraction`` is over.

    A short stage does not spend itself on warming up: a tenth of it is enough.
    """
    rise = min(1.0, max((step + 1) / max(1, plan.warm_up), fraction / WARMED_UP))
    fall = min(1.0, (1.0 - fraction) / max(1e-9, 1.0 - plan.decay_from))
    return plan.learning_rate * rise * fall


def previews(plan: TrainingPlan, done: float) -> Iterator[float]:
    """Shares of the budget at which previews are due, each farther from the last, those before ``done`` left out."""
    at = plan.preview_from
    while at < 1.0:
        if at > done:
            yield at
        at *= plan.preview_growth
    while True:
        yield 2.0
