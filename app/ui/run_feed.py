"""What trainings say, by run: live words of the window's own workers after the history on disk.

Between the job bridge, which knows jobs, and the Train room, which shows runs. It must not know a widget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.jobs.messages import Message, Phase
from app.ui.job_bridge import JobBridge, RunningJob
from app.ui.view_models.train import RunWatch, Watches

if TYPE_CHECKING:
    from app.jobs.outcome import Outcome
    from app.services.training import Training


class RunFeed(QObject):
    """Follows every training that this window starts.

    Signals:
        heard(run id): its watch changed.
        moved(run id): another part of its work began; its record on disk may say more now.
        began(run id), ended(run id, Outcome): its worker.
    """

    heard = Signal(str)
    moved = Signal(str)
    began = Signal(str)
    ended = Signal(str, object)

    def __init__(self, bridge: JobBridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._jobs: dict[str, str] = {}
        self._watches = Watches()
        for job_id in bridge.jobs():
            self._job_started(job_id)
        bridge.started.connect(self._job_started)
        bridge.message.connect(self._job_said)
        bridge.outcome.connect(self._job_ended)

    def live(self) -> list[str]:
        """Runs whose worker has not ended, oldest first."""
        return list(self._jobs)

    def job(self, run_id: str) -> RunningJob | None:
        """The running job of a run, or ``None``."""
        return self._bridge.jobs().get(self._jobs.get(run_id, ""))

    def watch(self, run_id: str) -> RunWatch | None:
        """What is known of a run; ``None`` before its history was read."""
        return self._watches.known.get(run_id)

    def read(self, training: Training, run_id: str) -> None:
        """Read the history of a run from disk, unless its live words are complete already."""
        if run_id in self._jobs and run_id in self._watches.known:
            return
        self._watches.load(run_id)

        self._bridge.run_in_background(
            lambda: (run_id, RunWatch.of(training.history(run_id))), self._take, lane=f"history {run_id}"
        )

    def _take(self, answer: tuple[str, RunWatch]) -> None:
        self._watches.loaded(*answer)
        run_id, _watch = answer
        self.heard.emit(run_id)

    def _job_started(self, job_id: str) -> None:
        spec = self._bridge.jobs()[job_id].job.spec
        if spec.kind == "train":
            run_id = str(spec.params["run"])
            self._jobs[run_id] = job_id
            self.began.emit(run_id)

    def _run_of(self, job_id: str) -> str:
        return next((run_id for run_id, job in self._jobs.items() if job == job_id), "")

    def _job_said(self, job_id: str, message: Message) -> None:
        run_id = self._run_of(job_id)
        if run_id:
            self._watches.hear(run_id, message)
            self.heard.emit(run_id)
            if isinstance(message, Phase):
                self.moved.emit(run_id)

    def _job_ended(self, job_id: str, outcome: Outcome) -> None:
        run_id = self._run_of(job_id)
        if run_id:
            del self._jobs[run_id]
            self.ended.emit(run_id, outcome)
