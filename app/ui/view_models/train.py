"""What the Train room shows, as plain values: choices, the list of runs, and what was heard from one run.

The page draws these and decides nothing; they are tested without a window. They must not know Qt or processes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain import families, wording
from app.domain.cohort import Cohort
from app.domain.run import RunState
from app.jobs.messages import CheckpointSaved, Message, Metric, Notice, Phase, PreviewReady, Progress
from app.ui import phrases
from app.ui.view_models import plain
from app.ui.view_models.begin_with import began_with, run_title

if TYPE_CHECKING:
    from app.services.history import RunInfo


@dataclass(frozen=True, slots=True)
class Budget:
    """A time budget on offer; ``seconds`` ``None`` lets the person type minutes."""

    title: str
    seconds: float | None


BUDGETS = (
    Budget("2 minutes", 120.0),
    Budget("10 minutes", 600.0),
    Budget("1 hour", 3600.0),
    Budget("Overnight (8 hours)", 28800.0),
    Budget("Another time…", None),
)
DEFAULT_BUDGET = 1
"""Position of the budget chosen at first: long enough for a picture worth looking at, short enough to wait for."""


FAMILIES = families.CHOICES


STATE_WORDS = {
    RunState.RUNNING: "Training",
    RunState.DONE: "Done",
    RunState.STOPPED: "Stopped",
    RunState.FAILED: "Failed",
    RunState.INTERRUPTED: "Interrupted",
}


_AGAIN = {
    RunState.STOPPED: "Resume",
    RunState.INTERRUPTED: "Resume",
    RunState.FAILED: "Resume",
    RunState.DONE: "Train longer",
}


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in words.

    Attributes:
        title, detail: what it is and where it stands.
        reason: why its family was chosen, where Understudy chose it.
        again: what going on with it is called, "" where it cannot.
        usable: it saved something that can draw.
        curve: how to read its curve.
        began: what it began with, "" where it began anew.
    """

    id: str
    title: str
    detail: str
    state: RunState
    reason: str
    again: str
    usable: bool
    curve: str = families.FALLS
    began: str = ""


def run_line(run: RunInfo, runs: Mapping[str, RunInfo] | None = None) -> RunLine:
    """A run as a line: its state, how long it learnt, and whether it can go on; ``runs`` name what it began with."""
    parts = [STATE_WORDS[run.state]]
    if run.seconds >= 1:
        parts.append(f"learnt for {phrases.duration(run.seconds)}")
    if run.checkpoint is None and run.state is not RunState.RUNNING:
        parts.append("nothing saved")
    detail, usable = " · ".join(parts), run.checkpoint is not None
    again = _AGAIN.get(run.state, "") if usable or run.state in (RunState.RUNNING, RunState.DONE) else "Start again"
    record, curve = run.record, families.choice(run.record.family).curve
    began = began_with(record, runs or {})
    return RunLine(record.id, run_title(record), detail, run.state, record.reason, again, usable, curve, began)


def cohort_line(cohort: Cohort) -> str:
    """Class counts of a cohort in one line, the unseen part named."""
    counts = cohort.counts()
    learnt = {name: splits["train"] for name, splits in counts.items()}
    unseen = sum(splits["val"] + splits["test"] for splits in counts.values())
    total = phrases.count(sum(learnt.values()), "image")
    more = f" {cohort.unlabelled:,} more without a label." if cohort.unlabelled else ""
    return f"{total} to learn from: {plain.listed(learnt)}.{more} {unseen:,} kept unseen."


def size_line(cohort: Cohort) -> str:
    """Size of the prepared pictures in words."""
    recipe = cohort.recipe
    spacing = f", {recipe.spacing_mm:g} mm a pixel" if recipe.spacing_mm else ""
    return f"{recipe.size} × {recipe.size} pixels{spacing}"


_SHOWN_ELSEWHERE = {"training-started", "started-from"}
"""Notices that tell what the room shows anyway."""


@dataclass(slots=True)
class RunWatch:
    """Everything heard from one run, ready to be drawn; fed live or from its history, in the order it was said.

    Attributes:
        loss, held_out: (step, value) points; only finite values are kept.
        previews: (step, path relative to the project), in order; a resumed run replaces those that it repeats.
        progress: last progress, or ``None``.
        phase: part of the work, as the worker names it.
        images_per_s: last measured speed, or ``None``.
        copy_rate: share of pictures near to a training image, or ``None`` where not measured.
        saved_step: step of the last checkpoint, or ``None``.
        notices: sentences that the person should read, each once.
    """

    loss: list[tuple[int, float]] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)
    previews: list[tuple[int, str]] = field(default_factory=list)
    progress: Progress | None = None
    phase: str = ""
    images_per_s: float | None = None
    copy_rate: float | None = None
    saved_step: int | None = None
    notices: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, messages: Iterable[Message]) -> RunWatch:
        """What a history tells."""
        watch = cls()
        for message in messages:
            watch.hear(message)
        return watch

    def hear(self, message: Message) -> None:
        """Take one message; kinds that the room does not show are passed over."""
        match message:
            case Metric():
                self._hear_metric(message)
            case Progress():
                self.progress = message
            case Phase(name=name):
                self.phase = name
                self.progress = None
            case PreviewReady(step=step, path=path):
                self.previews = [*(known for known in self.previews if known[0] < step), (step, path)]
            case CheckpointSaved(step=step):
                self.saved_step = step
            case Notice(code=code, facts=facts) if code in wording.SENTENCES and code not in _SHOWN_ELSEWHERE:
                self._hear_notice(wording.sentence(code, facts))
            case _:
                pass

    def _hear_metric(self, metric: Metric) -> None:
        for name, points in (("loss", self.loss), ("held_out_loss", self.held_out)):
            value = metric.values.get(name)
            if value is not None and math.isfinite(value):
                _go_back_to(points, metric.step)
                points.append((metric.step, value))
        self.images_per_s = metric.values.get("images_per_s", self.images_per_s)
        self.copy_rate = metric.values.get("copy_rate", self.copy_rate)

    def _hear_notice(self, sentence: str) -> None:
        if sentence not in self.notices:
            self.notices.append(sentence)

    def facts(self, *, live: bool) -> list[str]:
        """Figures above the plot; only what is known. What passes (phase, time left) only while the run is ``live``."""
        shown: list[str] = []
        if live and self.phase and not self.loss:
            shown.append(self.phase)
        if live and self.progress is not None and self.progress.remaining_s is not None:
            shown.append(f"Time left: {phrases.duration(self.progress.remaining_s)}")
        if self.images_per_s is not None:
            shown.append(f"Speed: {self.images_per_s:,.0f} images a second")
        if self.copy_rate is not None:
            shown.append(f"Near copies: {self.copy_rate:.0%} of the pictures")
        return shown


def _go_back_to(points: list[tuple[int, float]], step: int) -> None:
    """A resumed run repeats the steps after its checkpoint: drop what the interrupted one said about them."""
    while points and points[-1][0] >= step:
        points.pop()


@dataclass(slots=True)
class Watches:
    """What was heard from every run that was looked at; live words that come while a history loads are not lost."""

    known: dict[str, RunWatch] = field(default_factory=dict)
    _waiting: dict[str, list[Message]] = field(default_factory=dict)

    def load(self, run_id: str) -> None:
        """The history of this run was asked for."""
        self._waiting.setdefault(run_id, [])

    def loaded(self, run_id: str, watch: RunWatch) -> None:
        """The history came; what was said meanwhile follows it."""
        for message in self._waiting.pop(run_id, []):
            watch.hear(message)
        self.known[run_id] = watch

    def hear(self, run_id: str, message: Message) -> None:
        """A live word of a run."""
        if run_id in self._waiting:
            self._waiting[run_id].append(message)
        else:
            self.known.setdefault(run_id, RunWatch()).hear(message)
