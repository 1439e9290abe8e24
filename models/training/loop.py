"""The training loop: a generator of typed events, so that stopping a run is closing it.

It decides when to step, look and save. It knows no window, no process and no family by name. Everything random in
a step comes from one generator whose state every checkpoint holds, and looking at a run (validation, preview,
checkpoint) draws from generators of its own: so a resumed run equals an uninterrupted one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.config import TrainingPlan
from models.data.feeding import Feed
from models.data.prepared import PreparedImages
from models.evaluate.neighbours import CopyCheck
from models.training import checkpoint
from models.training.events import CheckpointSaved, Ended, Event, Notice, PreviewDue, Request, StepDone, Validated
from models.training.pace import Pace
from models.training.schedule import Budget, learning_rate, previews, stage_at, within
from models.training.seeds import derived
from models.training.state import DivergedError, RunState

__all__ = ["DivergedError", "train"]

HELD_OUT_IMAGES = 256
"""Held-out images whose loss is watched; more would cost more than it tells."""
FIRST_CHECKPOINT_S = 10.0
"""Seconds to the first checkpoint."""
SPEED_WINDOW = 20
"""Steps over which the speed is told."""


def train(
    plan: TrainingPlan,
    data: PreparedImages,
    *,
    folder: Path,
    resume: Path | None = None,
    asked: Callable[[], Request | None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Event]:
    """Train ``plan`` on the training split of ``data``; checkpoints go to ``folder``.

    Args:
        plan: the run; on resume its budget may be larger than that of the checkpoint, family, seed and batch may not
            differ.
        data: prepared images; the validation split, where there is one, is watched and never trained on.
        folder: where checkpoints are written.
        resume: a checkpoint to continue from.
        asked: polled after every step; "stop" ends the run with a checkpoint.
        clock: seconds, for the time budget.

    Raises:
        ValueError: there is nothing to train on, or ``resume`` is damaged or belongs to another plan.
        DivergedError: the loss is not a number; the last checkpoint stands.
        OSError: a checkpoint cannot be written.
    """
    yield from _Run(plan, data, folder, resume, clock).events(asked)


@dataclass(slots=True)
class _Marks:
    """When something was done last."""

    saved_s: float
    held_out_loss: float | None = None
    validated: int = -1
    speed: tuple[float, int] = (0.0, 0)


class _Run:
    """One call of ``train``: what it needs at hand between steps."""

    def __init__(
        self, plan: TrainingPlan, data: PreparedImages, folder: Path, resume: Path | None, clock: Callable[[], float]
    ) -> None:
        self.plan, self.data, self.folder, self.resume = plan, data, folder, resume
        self.feed = Feed(data, "train")
        self.held = Feed(data, "val").plain(HELD_OUT_IMAGES) if len(data.subset("val")) else None
        self.copies = CopyCheck(data)
        self.state = RunState(plan, self.feed)
        described = self.state.restore(resume) if resume else None
        self.budget = Budget(plan, clock, used=described.seconds if described else 0.0)
        self.previews = previews(plan, self.budget.fraction(self.state.step))
        self.next_preview = next(self.previews)
        held = described.held_out_loss if described else None
        used = self.budget.seconds
        self.marks = _Marks(saved_s=used, held_out_loss=held, speed=(used, self.state.images_seen))

    def events(self, asked: Callable[[], Request | None]) -> Iterator[Event]:
        if self.resume is None:
            self.state.choose_precision()
        yield Notice("started", self._facts())
        pace = Pace(self.state.trial) if self.plan.budget_s and self.plan.device == "cpu" else None
        try:
            request: Request | None = None
            while (over := self.budget.over(self.state.step)) is None and request != "stop":
                if pace:
                    pace.keep()
                yield from self._enters()
                yield self._stepped()
                request = asked()
                yield from self._looks(request)
            yield from self._preview()
            yield self._saved()
        finally:
            if pace:
                pace.close()
        yield Ended(over or "stopped", self.state.step, checkpoint.latest(self.folder) or self.folder)

    def _enters(self) -> Iterator[Event]:
        """The next stage where its time has come; a longer budget on resume never leads back."""
        stages = self.state.family.stages
        number = stage_at(stages, self.budget.fraction(self.state.step))
        while self.state.stage_number < number:
            yield from self._validate()
            self.state.enter(self.state.stage_number + 1)
            self.marks.held_out_loss, self.marks.validated = None, -1
            yield Notice("stage", {"name": self.state.stage.name, "number": self.state.stage_number + 1})

    def _stepped(self) -> StepDone:
        state, budget = self.state, self.budget
        over = within(state.family.stages, state.stage_number, budget.fraction(state.step))
        rate = learning_rate(self.plan, state.step - state.stage_began, over)
        loss = state.train_step(rate)
        seconds = budget.seconds
        before, images = self.marks.speed
        speed = (state.images_seen - images) / max(1e-9, seconds - before)
        if state.step % SPEED_WINDOW == 0:
            self.marks.speed = (seconds, state.images_seen)
        return StepDone(state.step, state.images_seen, loss, speed, seconds, budget.fraction(state.step))

    def _looks(self, request: Request | None) -> Iterator[Event]:
        step, fraction = self.state.step, self.budget.fraction(self.state.step)
        if step % self.plan.validate_every == 0:
            yield from self._validate()
        if request == "preview" or fraction >= self.next_preview:
            while fraction >= self.next_preview:
                self.next_preview = next(self.previews)
            yield from self._preview()
        if request == "checkpoint" or self._save_due():
            yield self._saved()

    def _save_due(self) -> bool:
        """Early at first, so that a kill in the first minute does not lose everything; then at even intervals."""
        saved = self.marks.saved_s
        return self.budget.seconds - saved >= min(self.plan.checkpoint_every_s, max(FIRST_CHECKPOINT_S, saved))

    def _validate(self) -> Iterator[Event]:
        if self.held is not None and self.state.stage.watched and self.marks.validated != self.state.step:
            self.marks.held_out_loss = self.state.held_out_loss(self.held)
            self.marks.validated = self.state.step
            yield Validated(self.state.step, self.marks.held_out_loss)

    def _preview(self) -> Iterator[Event]:
        yield from self._validate()
        if self.state.stage_number + 1 < len(self.state.family.stages):
            yield from self._reconstruction()
            return
        labels = torch.arange(max(1, len(self.data.classes))).repeat_interleave(self.plan.preview_per_class)
        if not self.data.classes:
            labels = torch.full_like(labels, -1)
        seeds = [derived(self.plan.seed, "preview", number) for number in range(len(labels))]
        images = self.state.preview(labels, seeds)
        found = self.copies.nearest(images.numpy())
        rate = float(self.copies.suspects(found).mean()) if self.copies.rule else None
        yield PreviewDue(self.state.step, images, labels, rate)

    def _reconstruction(self) -> Iterator[Event]:
        wanted = max(1, len(self.data.classes)) * self.plan.preview_per_class
        shown = self.feed.plain(wanted) if self.held is None else self.held.first(wanted)
        images = self.state.reconstruction(shown)
        if images is not None:
            yield PreviewDue(self.state.step, images, shown.condition.labels, None)

    def _saved(self) -> CheckpointSaved:
        loss = self.marks.held_out_loss
        path = self.state.save(self.folder, seconds=self.budget.seconds, held_out_loss=loss)
        self.marks.saved_s = self.budget.seconds
        return CheckpointSaved(self.state.step, path, path == checkpoint.best(self.folder))

    def _facts(self) -> dict[str, Any]:
        return {
            "precision": self.state.precision,
            "parameters": sum(entry.numel() for entry in self.state.family.network.parameters()),
            "training_images": len(self.feed),
            "held_out_images": 0 if self.held is None else len(self.held.condition),
            "copy_reference": self.copies.rule.reference if self.copies.rule else None,
            "step": self.state.step,
            "step_cap": self.plan.step_cap,
        }
