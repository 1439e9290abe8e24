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


@dataclass(slots=True)
class _Request:
    """Short work on its way: its lane and who waits for the answer."""

    lane: str
    done: Callable[[Any], None]
    failed: Callable[[UnderstudyError], None] | None


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
    _answered = Signal(int, object)

    def __init__(self, *, threads: int = 2) -> None:
        super().__init__()
        self._numbers = itertools.count(1)
        self._ids: dict[int, str] = {}
        self._jobs: dict[str, RunningJob] = {}
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="window")
        self._requests: dict[int, _Request] = {}
        self._futures: dict[int, Future[Any]] = {}
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
        self._requests[number] = _Request(lane, done, failed)
        future = self._pool.submit(work)
        self._futures[number] = future
        future.add_done_callback(lambda ended: self._answered.emit(number, ended))
        return number

    def cancel_lane(self, lane: str) -> None:
        """Drop what is still on its way in ``lane``."""
        self._drop(self._latest.pop(lane, None))

    def close(self) -> None:
        """Forget all requests, those to come too, and end the threads; jobs are the runner's to end."""
        self._closed = True
        for number in list(self._requests):
            self._drop(number)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _drop(self, number: int | None) -> None:
        if number is None:
            return
        self._requests.pop(number, None)
        future = self._futures.pop(number, None)
        if future is not None:
            future.cancel()

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

    def _pass_answer(self, number: int, future: Future[Any]) -> None:
        self._futures.pop(number, None)
        request = self._requests.pop(number, None)
        if request is None or future.cancelled():
            return
        if request.lane and self._latest.get(request.lane) == number:
            del self._latest[request.lane]
        error = future.exception()
        if isinstance(error, UnderstudyError):
            self._pass_failure(request, error)
        elif _alive(request.done):
            request.done(future.result())

    def _pass_failure(self, request: _Request, error: UnderstudyError) -> None:
        if request.failed is None:
            self.failed.emit(error)
        elif _alive(request.failed):
            request.failed(error)


def _alive(callback: Callable[..., None]) -> bool:
    """False for a method of a Qt object that no longer exists."""
    owner = getattr(callback, "__self__", None)
    return not isinstance(owner, QObject) or shiboken6.isValid(owner)
