"""Brings what happens elsewhere onto the GUI thread: messages of worker processes and answers of short work.

Pages know this object and nothing of threads. It must not know what a job does: it starts what it is given, passes
on what is said, and forgets the job when it ended.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from app.domain.errors import UnderstudyError
from app.jobs.messages import Message, Progress

if TYPE_CHECKING:
    from app.jobs.outcome import Outcome
    from app.jobs.process import Job

Answer = TypeVar("Answer")


@dataclass(slots=True)
class RunningJob:
    """A job that the window started and that has not ended.

    Attributes:
        job: the handle (``stop()``, ``send(message)``).
        title: what the person reads in the status line ("Reading 3 folders").
        progress: the last progress heard, or ``None``.
    """

    job: Job
    title: str
    progress: Progress | None = None


class _Request:
    """Short work on its way, and who waits for it.

    What it holds may be the last hold of a widget, which must be freed on the GUI thread. The pool forgets a request
    on a thread of its own and at a time of its own, so the GUI thread empties it first (``forget``).
    """

    def __init__(
        self,
        lane: str,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[UnderstudyError], None] | None,
    ) -> None:
        self.lane = lane
        self.work: Callable[[], Any] | None = work
        self.done: Callable[[Any], None] | None = done
        self.failed = failed
        self.answer: Any = None
        self.error: Exception | None = None
        self.future: Future[None] | None = None
        self.wanted = True

    def run(self) -> None:
        """Do the work and keep its answer, or its error; on a thread of the pool."""
        if self.work is None or not self.wanted:
            return
        try:
            self.answer = self.work()
        except Exception as error:  # noqa: BLE001 (raised again on the GUI thread)
            self.error = error

    def forget(self) -> None:
        """Let go of everything; on the GUI thread."""
        self.work = self.done = self.failed = self.answer = self.error = None


class JobBridge(QObject):
    """Starts jobs and short background work; every signal and callback arrives on the GUI thread.

    Signals:
        started(job id): a job was handed to the runner (it may still wait in its queue).
        message(job id, Message): something that its worker said.
        outcome(job id, Outcome): its end; the job has left ``jobs`` by then.
        failed(UnderstudyError): short work failed and nobody took the failure.
    """

    started = Signal(str)
    message = Signal(str, object)
    outcome = Signal(str, object)
    failed = Signal(object)

    _said = Signal(int, object)
    _ended = Signal(int, object)
    _answered = Signal(int)

    def __init__(self, *, threads: int = 2) -> None:
        super().__init__()
        self._numbers = itertools.count(1)
        self._ids: dict[int, str] = {}
        self._jobs: dict[str, RunningJob] = {}
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="window")
        self._requests: dict[int, _Request] = {}
        self._latest: dict[str, int] = {}
        self._closed = False
        queued = Qt.ConnectionType.QueuedConnection
        self._said.connect(self._pass_message, queued)
        self._ended.connect(self._pass_outcome, queued)
        self._answered.connect(self._pass_answer, queued)

    def start(self, starter: Callable[..., Job], *args: Any, title: str, **options: Any) -> Job:
        """Start a job: ``bridge.start(services.training.start, cohort, title="Training on …", seed=1)``.

        Args:
            starter: a ``start`` method of a service; called here with ``on_message`` and ``on_outcome`` filled in.
            title: what the status line calls the job.

        Raises:
            UnderstudyError: whatever the service refuses before starting.
        """
        number = next(self._numbers)
        job = starter(
            *args,
            on_message=lambda message: self._said.emit(number, message),
            on_outcome=lambda outcome: self._ended.emit(number, outcome),
            **options,
        )
        self._ids[number] = job.id
        self._jobs[job.id] = RunningJob(job, title)
        self.started.emit(job.id)
        return job

    def jobs(self) -> dict[str, RunningJob]:
        """The jobs that have not ended, oldest first, by id."""
        return dict(self._jobs)

    def run_in_background(
        self,
        work: Callable[[], Answer],
        done: Callable[[Answer], None],
        *,
        failed: Callable[[UnderstudyError], None] | None = None,
        lane: str = "",
    ) -> int:
        """Do short work (decode a slice, ask the database) off the GUI thread; ``done(answer)`` is called on it.

        Args:
            work: runs on a worker thread; touches no widget.
            done: takes the answer; a method of a widget that has been deleted meanwhile is not called.
            failed: takes an ``UnderstudyError``; without it the ``failed`` signal is emitted. Any other exception
                is a defect and reaches the excepthook.
            lane: only the newest request of a lane is answered, earlier ones are cancelled or their answers
                dropped. An empty lane keeps all.

        Returns:
            The request's number.
        """
        number = next(self._numbers)
        if self._closed:  # a timer of a page may ring once more while the window goes
            return number
        if lane:
            self._drop(self._latest.get(lane))
            self._latest[lane] = number
        request = self._requests[number] = _Request(lane, work, done, failed)
        request.future = self._pool.submit(request.run)
        request.future.add_done_callback(lambda _ended: self._answered.emit(number))
        return number

    def cancel_lane(self, lane: str) -> None:
        """Drop what is still on its way in ``lane``."""
        self._drop(self._latest.pop(lane, None))

    def close(self) -> None:
        """Forget all requests, those to come too, and end the threads; jobs are the runner's to end."""
        self._closed = True
        for number in self._requests:
            self._drop(number)
        self._pool.shutdown(wait=True, cancel_futures=True)
        for request in self._requests.values():
            request.forget()
        self._requests.clear()

    def _drop(self, number: int | None) -> None:
        request = self._requests.get(number) if number is not None else None
        if request is not None:
            request.wanted = False
            if request.future is not None:
                request.future.cancel()

    def _pass_message(self, number: int, message: Message) -> None:
        job_id = self._ids.get(number)
        if job_id is None:
            return
        if isinstance(message, Progress):
            self._jobs[job_id].progress = message
        self.message.emit(job_id, message)

    def _pass_outcome(self, number: int, outcome: Outcome) -> None:
        job_id = self._ids.pop(number, None)
        if job_id is None:
            return
        del self._jobs[job_id]
        self.outcome.emit(job_id, outcome)

    def _pass_answer(self, number: int) -> None:
        request = self._requests.pop(number, None)
        if request is None:
            return
        if request.lane and self._latest.get(request.lane) == number:
            del self._latest[request.lane]
        wanted, done, failed, answer, error = (
            request.wanted,
            request.done,
            request.failed,
            request.answer,
            request.error,
        )
        request.forget()
        if wanted and isinstance(error, UnderstudyError):
            self._pass_failure(failed, error)
        elif wanted and done is not None and _alive(done):
            if error is not None:
                raise error
            done(answer)

    def _pass_failure(self, failed: Callable[[UnderstudyError], None] | None, error: UnderstudyError) -> None:
        if failed is None:
            self.failed.emit(error)
        elif _alive(failed):
            failed(error)


def _alive(callback: Callable[..., None]) -> bool:
    """False for a method of a Qt object that no longer exists."""
    owner = getattr(callback, "__self__", None)
    return not isinstance(owner, QObject) or shiboken6.isValid(owner)
