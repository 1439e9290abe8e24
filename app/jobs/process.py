"""Jobs as the rest of the program sees them: start one, hear what it says, stop it, learn how it ended.

No Qt and no torch: the command line uses this directly, the window wraps the two callbacks in signals. Each
running job has one reader thread; one more thread minds deadlines (a stop that is not obeyed, a worker that
has fallen silent).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from app.jobs.child import LOG_NAME, Child
from app.jobs.frames import FrameError
from app.jobs.messages import (
    SCHEMA,
    CheckpointSaved,
    Failed,
    Finished,
    Heartbeat,
    Hello,
    Message,
    Metric,
    Stop,
)
from app.jobs.outcome import Outcome, crash_reason
from app.jobs.queue import Queues
from app.jobs.spec import JobSpec
from app.paths import worker_command

T = TypeVar("T")

OnMessage = Callable[[Message], None]
OnOutcome = Callable[[Outcome], None]

SILENCE_S = 60.0
"""A worker that says nothing for so long, not even its heartbeat, is lost."""
STOP_GRACE_S = 30.0
"""How long a worker may go on without news after it was asked to stop (saving a checkpoint takes time)."""
FORCE_S = 5.0
"""How long a process may take to end when it was terminated, or its pipe to end when it is gone."""
REAP_S = 10.0

_log = logging.getLogger(__name__)


class Job:
    """One job, from its place in the queue to its outcome. Made by ``Runner.start``."""

    def __init__(self, spec: JobSpec, runner: Runner, on_message: OnMessage | None, on_outcome: OnOutcome | None):
        self.spec = spec
        self.id = Path(spec.folder).name
        self.outcome: Outcome | None = None
        self._runner = runner
        self._on_message = on_message
        self._on_outcome = on_outcome
        self._child: Child | None = None
        self._ended = threading.Event()
        self._lost = False
        self._stop_asked = self._kill_asked = False
        self._silent_since = self._idle_since = 0.0
        self._terminated_at: float | None = None
        self._last: Message | None = None
        self._last_step: int | None = None
        self._checkpoint: str | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the worker; ``None`` while the job waits."""
        return None if self._child is None else self._child.pid

    @property
    def running(self) -> bool:
        """Whether the worker has been started and has not ended."""
        return self._child is not None and self.outcome is None

    def send(self, message: Message) -> None:
        """Ask the worker something; nobody hears it where the worker does not run."""
        if self._child is not None:
            self._child.send(message)

    def stop(self) -> None:
        """Ask the job to save what there is and end; by force where it does not. A waiting job ends at once."""
        if self._runner._withdraw(self):
            return
        if not self._stop_asked:
            self._idle_since = time.monotonic()
            self._stop_asked = True
        self.send(Stop())

    def kill(self) -> None:
        """End the worker at once, with everything that it started. Nothing is saved."""
        if self._runner._withdraw(self):
            return
        self._kill_asked = True
        if self._child is not None:
            self._child.kill()

    def wait(self, timeout_s: float | None = None) -> Outcome | None:
        """Wait for the end (after ``on_outcome`` returned); ``None`` where it takes longer."""
        return self.outcome if self._ended.wait(timeout_s) else None

    def _run(self, command: Sequence[str]) -> None:
        """The whole life of the worker, on the job's own thread."""
        self._silent_since = self._idle_since = time.monotonic()
        try:
            self._child = Child(command, self.spec.path)
        except OSError as error:
            self._end(Outcome("failed", code="worker-not-started", facts={"detail": str(error)}))
            return
        if self._kill_asked:
            self._child.kill()
        elif self._stop_asked:
            self._child.send(Stop())
        garbled = ""
        try:
            for message in self._child.messages():
                self._heard(message)
        except FrameError as error:
            garbled = str(error)
            self._child.kill()
        self._end(self._judged(self._child.reap(REAP_S), garbled))

    def _heard(self, message: Message) -> None:
        self._silent_since = time.monotonic()
        if isinstance(message, Heartbeat):
            return
        self._idle_since = self._silent_since
        match message:
            case Hello(schema=schema) if schema != SCHEMA:
                raise FrameError(f"a worker that speaks version {schema}, not {SCHEMA}")
            case Metric(step=step):
                self._last_step = step
            case CheckpointSaved(step=step, path=path):
                self._last_step, self._checkpoint = step, path
            case Finished() | Failed():
                self._last = message
        self._call(self._on_message, message)

    def _judged(self, returncode: int | None, garbled: str) -> Outcome:
        log = str(Path(self.spec.folder) / LOG_NAME)
        match self._last:
            case Finished(outcome=state, result=result):
                outcome = Outcome("stopped", result, "stopped") if state == "stopped" else Outcome("done", result)
            case Failed(code=code, facts=facts, outcome=state):
                outcome = Outcome("refused" if state == "refused" else "failed", code=code, facts=facts)
            case _ if garbled:
                outcome = Outcome("failed", code="worker-garbled", facts={"detail": garbled, "log": log})
            case _ if self._lost:
                outcome = Outcome("lost", code="worker-lost", facts={"log": log})
            case _ if self._stop_asked:
                outcome = Outcome("stopped", code="stopped")
            case _:
                outcome = Outcome(
                    "crashed", code="worker-crashed", facts={"signal": crash_reason(returncode), "log": log}
                )
        return replace(outcome, last_step=self._last_step, checkpoint=self._checkpoint)

    def _end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._runner._ended(self)
        self._call(self._on_outcome, outcome)
        self._ended.set()

    def _call(self, callback: Callable[[T], None] | None, value: T) -> None:
        if callback is None:
            return
        try:
            callback(value)
        except Exception:  # noqa: BLE001 - the job runner is an edge: a listener's mistake must not end the reading
            _log.exception("a listener of job %s failed", self.id)

    def _mind(self, now: float) -> None:
        """Act on deadlines that have passed."""
        child = self._child
        if child is None or self.outcome is not None:
            return
        if child.ended():
            if now - self._silent_since > self._runner.force_s:
                child.kill()
        elif self._terminated_at is not None:
            if now - self._terminated_at > self._runner.force_s:
                child.kill()
        elif now - self._silent_since > self._runner.silence_s:
            self._lost = True
            child.kill()
        elif self._stop_asked and now - self._idle_since > self._runner.stop_grace_s:
            self._terminated_at = now
            child.terminate()


class Runner:
    """Starts jobs, one at a time for each resource.

    Args:
        command: what starts a worker, followed by the path of its spec.
        silence_s, stop_grace_s, force_s: see ``SILENCE_S``, ``STOP_GRACE_S`` and ``FORCE_S``.
    """

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        silence_s: float = SILENCE_S,
        stop_grace_s: float = STOP_GRACE_S,
        force_s: float = FORCE_S,
    ) -> None:
        self.silence_s = silence_s
        self.stop_grace_s = stop_grace_s
        self.force_s = force_s
        self._command = list(command or worker_command())
        self._queues: Queues[Job] = Queues()
        self._closing = False
        self._closed = threading.Event()
        self._minder = threading.Thread(target=self._mind_all, name="job-minder", daemon=True)
        self._minder.start()

    def start(self, spec: JobSpec, on_message: OnMessage | None = None, on_outcome: OnOutcome | None = None) -> Job:
        """Write the spec into its folder and start the job, or let it wait for its resource.

        A runner that is closing starts nothing: the job is stopped at once.

        Args:
            spec: what to do.
            on_message: hears every message but the heartbeat, on a thread of the runner.
            on_outcome: hears the end, on a thread of the runner.
        """
        spec.write()
        job = Job(spec, self, on_message, on_outcome)
        if self._closing:
            job._end(Outcome("stopped", code="stopped"))
            return job
        self._queues.join(spec.resource, job)
        self._start_next(spec.resource)
        return job

    def jobs(self) -> list[Job]:
        """Running jobs, then the waiting ones."""
        return self._queues.jobs()

    def find(self, job_id: str) -> Job | None:
        """The running or waiting job of that id."""
        return next((job for job in self.jobs() if job.id == job_id), None)

    def close(self, grace_s: float = 10.0) -> None:
        """Stop every job, end after ``grace_s`` what has not stopped by itself, and take no further care."""
        self._closing = True
        jobs = self.jobs()
        for job in reversed(jobs):
            job.stop()
        deadline = time.monotonic() + grace_s
        for job in jobs:
            if job.wait(max(0.0, deadline - time.monotonic())) is None:
                job.kill()
                job.wait(REAP_S)
        self._closed.set()
        self._minder.join()

    def _start_next(self, resource: str) -> None:
        job = self._queues.admit(resource)
        if job is not None:
            threading.Thread(target=job._run, args=(self._command,), name=f"job-{job.id}", daemon=True).start()

    def _ended(self, job: Job) -> None:
        self._queues.release(job.spec.resource, job)
        self._start_next(job.spec.resource)

    def _withdraw(self, job: Job) -> bool:
        """End a job that waits; false where it does not wait."""
        if not self._queues.leave(job.spec.resource, job):
            return False
        job._end(Outcome("stopped", code="stopped"))
        return True

    def _mind_all(self) -> None:
        while not self._closed.wait(0.25):
            now = time.monotonic()
            for job in self.jobs():
                job._mind(now)
