"""The whole road as one use case: import, cohort, train, generate, audit, export, with sensible choices.

``understudy demo`` walks it on the sample project, on a folder of labelled images, or on a cohort that is already
there. It only strings the other services together; it knows neither the command line nor the window, and blocks:
call ``Road.run`` on a thread of your own. The window's “Augment…” follows the same ``RoadPlan`` without blocking.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.domain.errors import Stopped
from app.domain.export import ExportRequest, Format, Include
from app.domain.recipe import Recipe

if TYPE_CHECKING:
    from app.domain.cohort import Cohort
    from app.jobs.messages import Message
    from app.jobs.process import Job
    from app.services.audit import Audits
    from app.services.cohorts import Cohorts
    from app.services.export import Exports
    from app.services.generation import Generation
    from app.services.intake import Intake
    from app.services.training import Training

STAGES = ("import", "cohort", "train", "generate", "audit", "export")
"""The stages in order; ``on_stage`` is told each one as it begins."""

SHORT_BUDGET_S = 600.0
"""Up to this training time a CPU learns small pictures only."""


class Rooms(Protocol):
    """The services that the road passes through; ``app.compose.Services`` is one."""

    @property
    def intake(self) -> Intake:
        """Import."""
        ...

    @property
    def cohorts(self) -> Cohorts:
        """Cohorts."""
        ...

    @property
    def training(self) -> Training:
        """Training."""
        ...

    @property
    def generation(self) -> Generation:
        """Generation."""
        ...

    @property
    def audits(self) -> Audits:
        """Audits."""
        ...

    @property
    def exports(self) -> Exports:
        """Exports."""
        ...


SAMPLE_STEPS = 360
"""Training steps for the sample project, unless somebody asks for more. Its 24 invented patients to learn from are soon
known by heart: after 480 steps one image of six lies nearer to one of them than any unseen patient does, after 900 nine
of ten, and such images may not leave.
"""


@dataclass(frozen=True, slots=True)
class RoadPlan:
    """What to make of what.

    Attributes:
        out: folder of the export; new or empty.
        source: folder of labelled images to import (class = name of the folder); ``None`` takes ``cohort``, and
            without one the sample project.
        cohort: name of an existing cohort; import and cohort are skipped.
        budget_s: training time in seconds; the other stages come on top.
        steps: training steps instead of a time.
        per_class: synthetic images of every class.
        size: picture size in pixels; ``None`` chooses by the budget.
        include: which pictures are exported.
        formats: in which forms.
        seed: seed of everything random.
    """

    out: Path
    source: Path | None = None
    cohort: str = ""
    budget_s: float = 120.0
    steps: int | None = None
    per_class: int = 24
    size: int | None = None
    include: tuple[Include, ...] = (Include.SYNTHETIC,)
    formats: tuple[Format, ...] = (Format.PNG, Format.DICOM, Format.NIFTI)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class RoadResult:
    """What the road left: identities, places and figures, JSON values only."""

    cohort: str
    run: str
    samples: str
    audit: str
    report: str
    out: str
    files: int
    per_class: dict[str, int]
    verdicts: list[dict[str, Any]] = field(default_factory=list)


def recipe_for(budget_s: float, size: int | None = None) -> Recipe:
    """The recipe of a road: small pictures where the time is short, so that what is learnt is anatomy."""
    return Recipe(size=size or (32 if budget_s <= SHORT_BUDGET_S else 64))


class Road:
    """One walk. ``stop`` and ``kill`` may be called from any thread."""

    def __init__(
        self,
        rooms: Rooms,
        plan: RoadPlan,
        *,
        on_message: Callable[[Message], None] | None = None,
        on_stage: Callable[[str], None] | None = None,
    ) -> None:
        self._rooms = rooms
        self._plan = plan
        self._on_message = on_message
        self._on_stage = on_stage or (lambda _stage: None)
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._stop_asked = False

    def run(self) -> RoadResult:
        """Walk all stages; returns when the export stands.

        Raises:
            UnderstudyError: what the stage that could not be done says; ``Stopped`` after ``stop``.
        """
        cohort = self._cohort()
        plan, rooms = self._plan, self._rooms
        budget = None if plan.steps else plan.budget_s
        run = self._stage(
            "train",
            lambda **on: rooms.training.start(cohort, budget_s=budget, steps=plan.steps, seed=plan.seed, **on),
        )["run"]
        samples = self._stage(
            "generate", lambda **on: rooms.generation.start(run, per_class=plan.per_class, seed=plan.seed, **on)
        )["samples"]
        audit = self._stage("audit", lambda **on: rooms.audits.start(samples, **on))
        request = ExportRequest(str(plan.out), samples, cohort.name, plan.formats, plan.include)
        export = self._stage("export", lambda **on: rooms.exports.start(request, **on))
        return RoadResult(
            cohort=cohort.name,
            run=run,
            samples=samples,
            audit=audit["audit"],
            report=audit["report"],
            verdicts=audit["verdicts"],
            out=export["out"],
            files=export["files"],
            per_class=export["per_class"],
        )

    def stop(self) -> None:
        """End the road at the next safe point; a training keeps its last checkpoint."""
        with self._lock:
            self._stop_asked = True
            if self._job is not None:
                self._job.stop()

    def kill(self) -> None:
        """End the road at once."""
        with self._lock:
            self._stop_asked = True
            if self._job is not None:
                self._job.kill()

    def _cohort(self) -> Cohort:
        plan, rooms = self._plan, self._rooms
        if plan.cohort:
            return rooms.cohorts.load(plan.cohort)
        if plan.source is None:
            self._stage("import", rooms.intake.start_sample_project)
        else:
            source = plan.source
            self._stage("import", lambda **on: rooms.intake.start([source], **on))
        self._on_stage("cohort")
        return rooms.cohorts.make("demo", recipe_for(plan.budget_s, plan.size), seed=plan.seed)

    def _stage(self, name: str, start: Callable[..., Job]) -> dict[str, Any]:
        """Run one job to its end and return its result.

        Raises:
            UnderstudyError: it was not done.
        """
        self._on_stage(name)
        with self._lock:
            if self._stop_asked:
                raise Stopped("stopped")
            self._job = job = start(on_message=self._on_message)
        outcome = job.wait()
        with self._lock:
            self._job = None
        if outcome is None:
            raise Stopped("stopped")
        if error := outcome.error():
            raise error
        return outcome.result
