"""Starts imports and tells the pages, now and then while it runs and once at its end, that the library grew."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.errors import UnderstudyError
from app.jobs.messages import Message
from app.jobs.outcome import Outcome
from app.ui.context import PageContext
from app.ui.phrases import count
from app.ui.view_models.import_report import ImportReport, newly_warned, report

if TYPE_CHECKING:
    from app.domain.study import SeriesLine

IMPORT_KINDS = ("import", "sample-project")
REFRESH_S = 0.5
"""How often pages hear of a running import; those that need longer to read the library hear less often."""

Warnings = Mapping[str, tuple[str, ...]]


class Importer(QObject):
    """The imports of one window.

    Signals:
        ended(ImportReport): what came of an import.
    """

    ended = Signal(object)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._jobs: dict[str, Warnings] = {}
        self._refreshed = 0.0
        context.bridge.started.connect(self._started)
        context.bridge.message.connect(self._message)
        context.bridge.outcome.connect(self._outcome)

    @property
    def running(self) -> bool:
        """Whether an import of this window has not ended."""
        return bool(self._jobs)

    def add(self, paths: Sequence[Path]) -> None:
        """Read these files and folders into the open project's library."""
        if self._context.services is None or not paths:
            return
        title = f"Reading {paths[0].name}" if len(paths) == 1 else f"Reading {count(len(paths), 'item')}"
        intake = self._context.services.intake
        try:
            self._context.bridge.start(intake.start, list(paths), title=title)
        except UnderstudyError as error:
            self.ended.emit(ImportReport(str(error), "bad"))
            return
        self._context.go("library")

    def add_sample(self) -> None:
        """Make the sample project's invented patients and read them."""
        if self._context.services is None:
            return
        start = self._context.services.intake.start_sample_project
        self._context.bridge.start(start, title="Making the sample patients")
        self._context.go("library")

    def _started(self, job_id: str) -> None:
        """Whoever started it: a retry of what was set aside is an import, too."""
        services = self._context.services
        if services is None or self._context.bridge.jobs()[job_id].job.spec.kind not in IMPORT_KINDS:
            return
        self._jobs[job_id] = {}
        lines = services.catalogue.lines

        def remember(before: Warnings) -> None:
            if job_id in self._jobs:
                self._jobs[job_id] = before

        self._context.bridge.run_in_background(lambda: {one.key: one.warnings for one in lines()}, remember)

    def _message(self, job_id: str, _message: Message) -> None:
        if job_id in self._jobs and time.monotonic() - self._refreshed > REFRESH_S:
            self._refreshed = time.monotonic()
            self._context.library_changed.emit()

    def _outcome(self, job_id: str, outcome: Outcome) -> None:
        before = self._jobs.pop(job_id, None)
        services = self._context.services
        if before is None or services is None:
            return
        self._context.library_changed.emit()
        lines = services.catalogue.lines

        def tell(warned: Sequence[SeriesLine]) -> None:
            self.ended.emit(report(outcome, warned))

        self._context.bridge.run_in_background(
            lambda: newly_warned(before, lines()), tell, failed=lambda _error: tell(())
        )
