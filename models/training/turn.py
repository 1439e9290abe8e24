"""Whether a stage has passed its turn: from there on it learns its images by heart.

Two signs: the loss on held-out images rises, or the previews copy training images. A stage ends on either only after
it has persisted for a share of all that was done, so that neither noise nor a slow stretch ends it. The falling
learning rate is tied to the whole budget and is not brought forward: the checkpoint that is kept wears a weight
average, which stands in for it. It knows step numbers, losses and rates; not networks.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from models.training.checkpoint import COPYING

Sign = Literal["held-out", "copies"]

LEAST_STEPS = 1000
"""Steps of a stage before which it never ends; the first are spent on finding the range of grey levels."""
LEAST_IMAGES = 8
"""Held-out images below which their loss says too little."""
LOOKS = 3
"""Last looks that must all lie above the lowest loss."""
CLEARLY = 3.0
"""How far above: so many times the usual difference between two looks."""
COPIED = 0.4
"""Share of the patience that copies need: they are a plainer sign."""


@dataclass(slots=True)
class Watch:
    """What was seen in the stage that lasts, by steps of the stage.

    Attributes:
        losses: (step, loss on held-out images), in order.
        copies: (step, share of suspected copies in a preview), in order.
    """

    losses: list[tuple[int, float]] = field(default_factory=list)
    copies: list[tuple[int, float]] = field(default_factory=list)

    def turned(self, step: int, patience: float | None) -> Sign | None:
        """The sign by which the stage has passed its turn at ``step`` of the stage, None while it has not.

        Args:
            step: steps of the stage.
            patience: share of all steps for which the lowest loss must not have been reached again; None never ends.
        """
        if patience is None or step < LEAST_STEPS:
            return None
        if self._rising() and step - self.best >= patience * step:
            return "held-out"
        return "copies" if self._copied_since(step) >= COPIED * patience * step else None

    @property
    def best(self) -> int:
        """The step of the lowest loss; 0 where nothing was seen."""
        return min(self.losses, key=lambda look: look[1], default=(0, 0.0))[0]

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return {"losses": [list(look) for look in self.losses], "copies": [list(look) for look in self.copies]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Watch:
        """The inverse of ``to_json``; what is no list of pairs of numbers counts as not seen."""
        return cls(*(_pairs(document.get(name)) for name in ("losses", "copies")))

    def _rising(self) -> bool:
        values = [loss for _, loss in self.losses]
        if len(values) <= 2 * LOOKS:
            return False
        usual = statistics.median(abs(after - before) for before, after in pairwise(values))
        return min(values[-LOOKS:]) > min(values) + CLEARLY * usual

    def _copied_since(self, step: int) -> int:
        """Steps for which every preview has shown copies, while the held-out loss found no new low."""
        first = step
        for at, rate in reversed(self.copies):
            if rate < COPYING:
                break
            first = at
        lasting = step - first if len(self.copies) > 1 and self.copies[-1][0] > first else 0
        return min(lasting, step - self.best) if self.losses else lasting


def _pairs(found: object) -> list[tuple[int, float]]:
    if not isinstance(found, list):
        return []
    return [(int(pair[0]), float(pair[1])) for pair in found if isinstance(pair, list) and len(pair) == 2]
