"""Progress of one job in one line: what it does, how far it is, how long it will take, and a way to stop it."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from app.jobs.messages import Message, Phase, Progress
from app.ui.job_bridge import JobBridge
from app.ui.phrases import time_left
from app.ui.theme import SPACE
from app.ui.widgets.section import ElidedLabel, button, label

CALM_MS = 200
"""A progress bar paints at once whenever it is told something, with everything that waits to be painted."""
STOP_TEXTS = {"train": "Stop and keep"}
"""What stopping is called where it is not just giving up."""


class JobBar(QWidget):
    """Follows a job of the bridge; hidden while there is none.

    Signals:
        ended(Outcome): the job that was followed has ended; the bar is hidden again.
    """

    ended = Signal(object)

    def __init__(self, bridge: JobBridge, *, stop_text: str = "") -> None:
        super().__init__()
        self._bridge = bridge
        self._stop_text = stop_text
        self.job_id = ""
        self.title = ElidedLabel()
        self.detail = label("", "small")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress")
        self.stop = button("Cancel", "quiet")
        self.stop.clicked.connect(self._stop)
        self._newest: Progress | None = None
        self._calm = QTimer(self, singleShot=True, interval=CALM_MS)
        self._calm.timeout.connect(self._show_newest)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.title, 2)
        layout.addWidget(self.progress, 3)
        layout.addWidget(self.detail)
        layout.addWidget(self.stop)
        bridge.message.connect(self._message)
        bridge.outcome.connect(self._outcome)
        self.hide()

    def follow(self, job_id: str) -> None:
        """Show this job until it ends; does nothing for one that is not running."""
        running = self._bridge.jobs().get(job_id)
        if running is None:
            return
        self.job_id = job_id
        self._newest = None
        self.title.setText(running.title)
        self.detail.setMinimumWidth(0)
        self.detail.setText("starting" if running.progress is None else "")
        self.progress.setRange(0, 0)
        stop_text = self._stop_text or STOP_TEXTS.get(running.job.spec.kind, "Cancel")
        self.stop.setText(stop_text)
        self.stop.setAccessibleName(f"{stop_text}: {running.title}")
        self.stop.setEnabled(True)
        self.show()
        if running.progress is not None:
            self._show_progress(running.progress)

    def _stop(self) -> None:
        running = self._bridge.jobs().get(self.job_id)
        if running is not None:
            self.stop.setEnabled(False)
            self.stop.setText("Stopping…")
            running.job.stop()

    def _message(self, job_id: str, message: Message) -> None:
        if job_id != self.job_id:
            return
        if isinstance(message, Progress):
            self._newest = message
            if not self._calm.isActive():
                self._show_newest()
        elif isinstance(message, Phase):
            self.detail.setText(message.name)

    def _show_newest(self) -> None:
        if self._newest is not None and self.job_id:
            self._show_progress(self._newest)
            self._newest = None
            self._calm.start()

    def _show_progress(self, progress: Progress) -> None:
        if self.progress.maximum() != progress.total:
            self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        figures = f"{progress.done:,} of {progress.total:,}" if progress.total else f"{progress.done:,}"
        self.detail.setText(", ".join(filter(None, (figures, time_left(progress.remaining_s)))))
        wide = self.detail.sizeHint().width()
        if wide > self.detail.minimumWidth():  # grows only: a width that changes lays out the whole window each time
            self.detail.setMinimumWidth(wide)
        self.progress.setToolTip(progress.text)

    def _outcome(self, job_id: str, outcome: object) -> None:
        if job_id == self.job_id:
            self.job_id = ""
            self.hide()
            self.ended.emit(outcome)
