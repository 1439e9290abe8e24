"""Looks at a run while it trains: held-out loss, choice of the weight average, previews and their copies.

Nothing here draws from the run's random numbers, so that a run that is looked at equals one that is not. It knows a
run's state; not when to look, nor what is done about it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from models.api import Batch, Reconstructs
from models.data.feeding import Feed
from models.data.prepared import PreparedImages
from models.evaluate.neighbours import CopyCheck
from models.training.checkpoint import Checkpoint
from models.training.events import Event, PreviewDue, Validated
from models.training.seeds import derived
from models.training.state import RunState
from models.training.turn import LEAST_IMAGES, Sign, Watch

MOST_IMAGES, FEWEST_IMAGES = 256, 64
"""Held-out images whose loss is watched; more would cost more than they tell, and large ones cost more."""
LARGE = 48
"""Image side in pixels from which on fewer are taken, in proportion to their area."""


class Looks:
    """What is seen of a run.

    Attributes:
        held: held-out images, None where there are none.
        copies: the copy check against the training images.
        watch: what was seen in the stage that lasts.
        copy_rate: share of suspected copies in the last preview, None where there was none to compare.
    """

    def __init__(self, state: RunState, data: PreparedImages, described: Checkpoint | None) -> None:
        self._state, self._data = state, data
        wanted = min(MOST_IMAGES, max(FEWEST_IMAGES, round(MOST_IMAGES * (LARGE / data.size) ** 2)))
        self.held = Feed(data, "val").plain(wanted) if len(data.subset("val")) else None
        self.copies = CopyCheck(data)
        self.go_on(described)

    def go_on(self, described: Checkpoint | None) -> None:
        """Take up what a checkpoint says was seen; nothing without one."""
        self.watch = Watch.from_json(described.watch) if described else Watch()
        self.copy_rate = described.copy_rate if described else None
        self._looked: tuple[int, float] | None = None
        self._chosen = -1

    @property
    def watching(self) -> bool:
        """Whether the held-out loss says how good the model is."""
        return self.held is not None and self._state.stage.watched

    @property
    def loss(self) -> float | None:
        """The held-out loss after this very step, None where nobody looked."""
        looked = self._looked
        return looked[1] if looked is not None and looked[0] == self._state.step else None

    def sign(self, patience: float | None) -> Sign | None:
        """The sign that the stage has passed its turn; only one whose loss is watched has a turn."""
        state = self._state
        return self.watch.turned(state.step - state.stage_began, patience) if state.stage.watched else None

    def validate(self) -> Iterator[Event]:
        """The held-out loss of the worn average, unless it is known."""
        if self.held is not None and self.watching and self.loss is None:
            yield from self._seen(self.held, self._state.held_out_loss(self.held))

    def choose(self, *, closely: bool = False) -> Iterator[Event]:
        """The held-out loss of every average; the best is worn from now on."""
        if self.held is not None and self.watching and (closely or self._chosen != self._state.step):
            self._chosen = self._state.step
            loss = self._state.held_out_loss(self.held, choose=True, closely=closely)
            yield from self._seen(self.held, loss)

    def preview(self, *, closely: bool = False) -> Iterator[Event]:
        """Samples of the best average; while a family learns to encode, held-out images encoded and decoded."""
        yield from self.choose(closely=closely)
        stages = self._state.family.stages
        if len(stages) > 1 and self._state.stage is stages[0] and isinstance(self._state.family, Reconstructs):
            yield from self._reconstruction()
            return
        classes, plan = len(self._data.classes), self._state.plan
        labels = torch.arange(max(1, classes)).repeat_interleave(plan.preview_per_class)
        if not classes:
            labels = torch.full_like(labels, -1)
        images = self._state.preview(labels, [derived(plan.seed, "preview", number) for number in range(len(labels))])
        found = self.copies.nearest(images.numpy())
        self.copy_rate = float(self.copies.suspects(found).mean()) if self.copies.rule else None
        if self.copy_rate is not None:
            self.watch.copies.append((self._state.step - self._state.stage_began, self.copy_rate))
        yield PreviewDue(self._state.step, images, labels, self.copy_rate)

    def _seen(self, held: Batch, loss: float) -> Iterator[Event]:
        if not math.isfinite(loss):
            return
        self._looked = (self._state.step, loss)
        if len(held.condition) >= LEAST_IMAGES:
            self.watch.losses.append((self._state.step - self._state.stage_began, loss))
        yield Validated(self._state.step, loss)

    def _reconstruction(self) -> Iterator[Event]:
        wanted = max(1, len(self._data.classes)) * self._state.plan.preview_per_class
        shown = self._state.feed.plain(wanted) if self.held is None else self.held.first(wanted)
        images = self._state.reconstruction(shown)
        if images is not None:
            yield PreviewDue(self._state.step, images, shown.condition.labels, None)
