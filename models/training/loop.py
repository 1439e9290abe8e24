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

from models.config import TrainingPlan
from models.data.feeding import Feed
from models.data.prepared import PreparedImages
from models.training import checkpoint, storing
from models.training.checkpoint import Checkpoint
from models.training.distributed import Leader
from models.training.events import (
    CheckpointSaved,
    Ended,
    Event,
    Notice,
    Reason,
    Request,
    StepDone,
)
from models.training.looking import Looks
from models.training.pace import Pace
from models.training.schedule import Budget, learning_rate, previews, stage_at, within
from models.training.setbacks import DivergedError
from models.training.state import RunState

__all__ = ["DivergedError", "train"]

FIRST_CHECKPOINT_S = 10.0
"""Seconds to the first checkpoint."""
WAITS = 1.5
"""How many times longer than planned a checkpoint may wait for the next look at the held-out loss, which it names."""
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
    leader: Leader | None = None,
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
        leader: of the ranks that share every step's batch, where several devices train together.

    Raises:
        ValueError: there is nothing to train on, or ``resume`` is damaged or belongs to another plan.
        DivergedError: the loss is not a number, again after going on from the last checkpoint, which stands.
        TooLargeError: not even one image at a time fits into memory; the last checkpoint stands.
        OSError: a checkpoint cannot be written.
    """
    run = _Run(plan, data, folder, resume, clock)
    run.state.leader = leader
    yield from run.events(asked)


@dataclass(slots=True)
class _Marks:
    """When something was done last."""

    saved_s: float
    saved: Path | None
    speed: tuple[float, int]
    at_once: int


class _Run:
    """One call of ``train``: what it needs at hand between steps."""

    def __init__(
        self, plan: TrainingPlan, data: PreparedImages, folder: Path, resume: Path | None, clock: Callable[[], float]
    ) -> None:
        self.plan, self.folder, self.resume = plan, folder, resume
        self.feed = Feed(data, "train")
        self.state = RunState(plan, self.feed)
        described = self.state.restore(resume) if resume else None
        self.looks = Looks(self.state, data, described)
        self.budget = _budget(plan, clock, described)
        self.previews = previews(plan, self.budget.fraction(self.state.step))
        self.next_preview = next(self.previews)
        used = self.budget.seconds
        self.marks = _Marks(used, resume, (used, self.state.images_seen), self.state.portions.at_once)

    def events(self, asked: Callable[[], Request | None]) -> Iterator[Event]:
        if self.resume is None:
            self.state.choose_precision()
        checkpoint.set_aside(self.folder, self.resume)
        yield Notice("started", self._facts())
        pace = Pace(self.state.trial) if self.plan.budget_s and self.plan.device == "cpu" else None
        try:
            request: Request | None = None
            while (over := self.budget.over(self.state.step)) is None and request != "stop":
                if pace:
                    pace.keep()
                yield from self._enters()
                yield from self._steps()
                request = asked()
                yield from self._looks(request)
                yield from self._turns()
        finally:
            if pace:
                pace.close()
        yield from self._ends(over or "stopped")

    def _ends(self, reason: Reason) -> Iterator[Event]:
        if reason == "stopped":  # somebody waits: what there is is made safe before it is looked at
            yield self._saved()
        yield from self.looks.preview(closely=reason != "stopped")
        saved = self._saved()
        yield saved
        yield Ended(reason, self.state.step, saved.path, checkpoint.best(self.folder) or saved.path)

    def _turns(self) -> Iterator[Event]:
        """The stage ends where it has passed its turn; the next one begins from its best checkpoint."""
        state, sign = self.state, self.looks.sign(self.plan.patience)
        if sign is None:
            return
        best = checkpoint.best(self.folder)
        if best is not None and checkpoint.read(best).stage == state.stage_number:
            storing.take_averages(state, best)
        stages = state.family.stages[: state.stage_number + 1]
        self.budget.turn(state.step, sum(stage.share for stage in stages))
        facts = {"step": state.step, "best": state.stage_began + self.looks.watch.best, "stage": state.stage.name}
        yield Notice("turned-copies" if sign == "copies" else "turned", facts)

    def _enters(self) -> Iterator[Event]:
        """The next stage where its time has come; a longer budget on resume never leads back."""
        stages = self.state.family.stages
        number = stage_at(stages, self.budget.fraction(self.state.step))
        while self.state.stage_number < number:
            yield from self.looks.choose()
            self.state.enter(self.state.stage_number + 1)
            self.looks.go_on(None)
            yield Notice("stage", {"name": self.state.stage.name, "number": self.state.stage_number + 1})

    def _steps(self) -> Iterator[Event]:
        """One step, or some back where it went out of bounds."""
        try:
            yield self._stepped()
        except DivergedError as error:
            yield self._stepped_back(error)

    def _stepped(self) -> StepDone:
        state, budget = self.state, self.budget
        stages, number = state.family.stages, state.stage_number
        over = within(stages, number, budget.fraction(state.step))
        rate = stages[number].rate * learning_rate(self.plan, state.step - state.stage_began, over)
        loss = state.train_step(rate)
        seconds = budget.seconds
        before, images = self.marks.speed
        speed = (state.images_seen - images) / max(1e-9, seconds - before)
        if state.step % SPEED_WINDOW == 0:
            self.marks.speed = (seconds, state.images_seen)
        return StepDone(state.step, state.images_seen, loss, speed, seconds, budget.fraction(state.step))

    def _stepped_back(self, error: DivergedError) -> Notice:
        saved = self.marks.saved
        self.looks.go_on(self.state.step_back(saved, error))
        self.marks.speed = (self.budget.seconds, self.state.images_seen)
        facts = {"step": error.step, "back": self.state.step, "rate": self.state.setbacks.rate}
        return Notice("stepped-back", facts)

    def _looks(self, request: Request | None) -> Iterator[Event]:
        fraction = self.budget.fraction(self.state.step)
        if request == "preview" or fraction >= self.next_preview:
            while fraction >= self.next_preview:
                self.next_preview = next(self.previews)
            yield from self.looks.preview()
        elif request == "checkpoint" or self.state.step % self.plan.validate_every == 0:
            yield from self.looks.validate()
        at_once = self.state.portions.at_once
        if at_once < self.marks.at_once:
            self.marks.at_once = at_once
            yield Notice("smaller-portions", {"at_once": at_once, "batch": self.plan.batch})
        if request == "checkpoint" or self._save_due():
            yield from self._saves()

    def _save_due(self) -> bool:
        """Early at first, so that a kill in the first minute does not lose everything; then at even intervals.

        A checkpoint waits a little for the next look at the held-out loss.
        """
        saved = self.marks.saved_s
        due = min(self.plan.checkpoint_every_s, max(FIRST_CHECKPOINT_S, saved))
        looked = not self.looks.watching or self.looks.loss is not None
        return self.budget.seconds - saved >= (due if looked else WAITS * due)

    def _saves(self) -> Iterator[Event]:
        try:
            yield self._saved()
        except DivergedError as error:
            yield self._stepped_back(error)

    def _saved(self) -> CheckpointSaved:
        path = self.state.save(
            self.folder,
            seconds=self.budget.seconds,
            held_out_loss=self.looks.loss,
            watch=self.looks.watch.to_json(),
            copy_rate=self.looks.copy_rate,
            turns=self.budget.turns,
        )
        self.marks.saved_s, self.marks.saved = self.budget.seconds, path
        return CheckpointSaved(self.state.step, path, path == checkpoint.best(self.folder))

    def _facts(self) -> dict[str, Any]:
        looks = self.looks
        return {
            "precision": self.state.precision,
            "parameters": sum(entry.numel() for entry in self.state.family.network.parameters()),
            "training_images": len(self.feed),
            "held_out_images": 0 if looks.held is None else len(looks.held.condition),
            "copy_reference": looks.copies.rule.reference if looks.copies.rule else None,
            "step": self.state.step,
            "step_cap": self.plan.step_cap,
        }


def _budget(plan: TrainingPlan, clock: Callable[[], float], described: Checkpoint | None) -> Budget:
    """What a resumed run has used; with another budget than before, no stage counts as cut short."""
    if described is None:
        return Budget(plan, clock)
    names = ("budget_s", "steps", "step_cap")
    same = all(described.plan.get(name) == getattr(plan, name) for name in names)
    return Budget(plan, clock, used=described.seconds, turns=described.turns if same else ())
