"""Starts imports and tells the pages, now and then while it runs and once at its end, that the library grew."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.domain.errors import UnderstudyError
from app.jobs.messages import Message
from app.jobs.outcome import Outcome
from app.ui.context import PageContext
from app.ui.phrases import count

IMPORT_KINDS = ("import", "sample-project")
REFRESH_S = 1.0
"""How often the library is read again while an import runs."""


class Importer(QObject):
    """The imports of one window.

    Signals:
        ended(str, str): a sentence on what came of an import, and its level ("info", "caution", "bad").
    """

    ended = Signal(str, str)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._jobs: set[str] = set()
        self._refreshed = 0.0
        context.bridge.started.connect(self._started)
        context.bridge.message.connect(self._message)
        context.bridge.outcome.connect(self._outcome)

    def add(self, paths: Sequence[Path]) -> None:
        """Read these files and folders into the open project's library."""
        if self._context.services is None or not paths:
            return
        title = f"Reading {paths[0].name}" if len(paths) == 1 else f"Reading {count(len(paths), 'item')}"
        intake = self._context.services.intake
        try:
            self._context.bridge.start(intake.start, list(paths), title=title)
        except UnderstudyError as error:
            self.ended.emit(str(error), "bad")
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
        if self._context.bridge.jobs()[job_id].job.spec.kind in IMPORT_KINDS:
            self._jobs.add(job_id)

    def _message(self, job_id: str, _message: Message) -> None:
        if job_id in self._jobs and time.monotonic() - self._refreshed > REFRESH_S:
            self._refreshed = time.monotonic()
            self._context.library_changed.emit()

    def _outcome(self, job_id: str, outcome: Outcome) -> None:
        if job_id not in self._jobs:
            return
        self._jobs.discard(job_id)
        self._context.library_changed.emit()
        self.ended.emit(*summary(outcome))


def summary(outcome: Outcome) -> tuple[str, str]:
    """What came of an import, in one or two sentences, and how serious it is."""
    if outcome.state == "stopped":
        return "Stopped. What was read is kept.", "info"
    if outcome.state != "done":
        return outcome.sentence(), "bad"
    result = outcome.result
    imported, aside = int(result.get("imported", 0)), len(result.get("quarantined", ()))
    studies = int(result.get("studies", 0))
    images = count(imported, "image")
    text = f"Read {images}." if studies == imported else f"Read {images} in {count(studies, 'study', 'studies')}."
    if imported == 0:
        text = "Nothing new was read."
    if skipped := int(result.get("skipped", 0)):
        text += f" {count(skipped, 'file')} skipped: already in the library, or not images."
    if aside:
        text += f" {count(aside, 'file')} could not be read; see “Set aside”."
    return text, "caution" if aside else "info"
