"""The one-button road in the window: cohort, train, generate, audit, export, each begun when the one before is done.

The command line walks the same stages with ``services.demo.Road``, which blocks; here every stage is an ordinary
job of the bridge, so that the status line shows it, it can be cancelled, and closing the window asks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.cohort import Cohort
from app.domain.errors import UnderstudyError
from app.domain.export import ExportRequest
from app.ui.context import PageContext
from app.ui.dialogs.augment import AugmentDialog
from app.ui.phrases import count

if TYPE_CHECKING:
    from app.compose import Services
    from app.jobs.outcome import Outcome
    from app.services.demo import RoadPlan

STAGES = {"train": "training", "generate": "generating", "review": "reviewing", "export": "exporting"}
"""The rooms that the road passes through, with what happens there."""


class Augmentation(QObject):
    """At most one road at a time in a window.

    Signals:
        done(str): a sentence on what stands where.
        failed(UnderstudyError): a stage could not be done, or was cancelled; what the earlier ones made is kept.
    """

    done = Signal(str)
    failed = Signal(object)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._plan: RoadPlan | None = None
        self._cohort = ""
        self._found: dict[str, Any] = {}
        self._job = ""
        self._next: Callable[[], None] | None = None
        context.bridge.outcome.connect(self._outcome)
        context.project_changed.connect(self._forget)

    @property
    def running(self) -> bool:
        """Whether a road is being walked."""
        return self._plan is not None

    def ask(self, window: QWidget, project: Path) -> None:
        """Ask for what cannot be guessed, in a dialog of ``window``, and begin."""
        services = self._services()
        self._context.bridge.run_in_background(
            lambda: (services.cohorts.names(), default_out(project, project.parent)),
            lambda known: self._open(AugmentDialog(window, *known)),
            lane="augment",
        )

    def _open(self, dialog: AugmentDialog) -> None:
        from app.services.demo import RoadPlan

        def begin() -> None:
            self.begin(
                RoadPlan(dialog.out, cohort=dialog.cohort, budget_s=dialog.budget_s, per_class=dialog.each.value())
            )

        dialog.accepted.connect(begin)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def begin(self, plan: RoadPlan) -> None:
        """Walk the road; without a cohort in the plan, one is made of the whole library by folder names."""
        if self.running:
            return
        self._plan = plan
        services = self._services()
        self._context.say("Augmenting: making the cohort")
        self._context.bridge.run_in_background(
            lambda: _cohort(services, plan), self._train, failed=self._fail, lane="augment"
        )

    def _train(self, cohort: Cohort) -> None:
        plan = self._asked()
        self._cohort = cohort.name
        self._context.cohorts_changed.emit()
        budget = None if plan.steps else plan.budget_s
        start = self._services().training.start
        self._stage("train", self._generate, start, cohort, budget_s=budget, steps=plan.steps, seed=plan.seed)

    def _generate(self) -> None:
        plan, start = self._asked(), self._services().generation.start
        self._context.runs_changed.emit()
        self._stage("generate", self._audit, start, self._found["run"], per_class=plan.per_class, seed=plan.seed)

    def _audit(self) -> None:
        self._context.samples_changed.emit()
        self._stage("review", self._export, self._services().audits.start, self._found["samples"])

    def _export(self) -> None:
        plan = self._asked()
        self._context.audits_changed.emit()
        request = ExportRequest(str(plan.out), self._found["samples"], self._cohort, plan.formats, plan.include)
        self._stage("export", self._finish, self._services().exports.start, request)

    def _finish(self) -> None:
        self._context.exports_changed.emit()
        found = self._found
        self._forget()
        made = sum(int(n) for n in found["per_class"].values())
        self.done.emit(f"{count(made, 'synthetic image')} in {count(int(found['files']), 'file')} at {found['out']}")

    def _stage(
        self, room: str, then: Callable[[], None], start: Callable[..., Any], *args: Any, **options: Any
    ) -> None:
        number = list(STAGES).index(room) + 1
        title = f"Augmenting “{self._cohort}”, step {number} of {len(STAGES)}: {STAGES[room]}"
        self._next = then
        try:
            self._job = self._context.bridge.start(start, *args, title=title, **options).id
        except UnderstudyError as error:
            self._fail(error)
            return
        self._context.say("")
        self._context.go(room)

    def _outcome(self, job_id: str, outcome: Outcome) -> None:
        if not self._job or job_id != self._job:
            return
        self._job = ""
        error, following = outcome.error(), self._next
        if error is not None:
            self._fail(error)
        elif following is not None:
            self._found |= outcome.result
            following()

    def _fail(self, error: UnderstudyError) -> None:
        self._forget()
        self.failed.emit(error)

    def _forget(self) -> None:
        self._plan, self._next, self._job, self._cohort, self._found = None, None, "", "", {}
        self._context.say("")

    def _services(self) -> Services:
        assert self._context.services is not None, "the button is hidden while no project is open"
        return self._context.services

    def _asked(self) -> RoadPlan:
        assert self._plan is not None, "a stage begins only while a road is walked"
        return self._plan


def default_out(project: Path, home: Path) -> Path:
    """Where the export goes unless the person says otherwise: a new folder beside the project."""
    wanted = f"{project.name} augmented"
    names = (wanted if number == 1 else f"{wanted} {number}" for number in range(1, 10_000))
    return next(home / name for name in names if not (home / name).exists())


def _cohort(services: Services, plan: RoadPlan) -> Cohort:
    """Off the GUI thread."""
    from app.services.demo import recipe_for

    if plan.cohort:
        return services.cohorts.load(plan.cohort)
    return services.cohorts.make("All images", recipe_for(plan.budget_s, plan.size), seed=plan.seed)
