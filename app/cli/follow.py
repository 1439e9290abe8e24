"""Following a job from the command line: its messages are written, and Ctrl-C stops it properly.

The first Ctrl-C (or SIGTERM, or a reader of our output that went away) asks the job to stop, which saves a
checkpoint; the second ends it at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from app.cli.render import Output
    from app.jobs.outcome import Outcome
    from app.jobs.process import Job

_POLL_S = 0.1

T = TypeVar("T")


class Stoppable(Protocol):
    """Work that can be asked to stop, and ended."""

    def stop(self) -> None:
        """Ask for a proper end."""
        ...

    def kill(self) -> None:
        """End at once."""
        ...


def follow(start: Callable[[], Job], output: Output) -> Outcome:
    """Start a job and wait for its end; Ctrl-C stops it.

    Args:
        start: begins the job with ``on_message=output.message``; called with the signals already watched.
        output: says that a stop was asked.
    """
    with watched(output) as watch:
        job = start()
        watch.attach(job)
        while (outcome := job.wait(_POLL_S)) is None:
            watch.look()
    return outcome


def follow_call(call: Callable[[], T], work: Stoppable, output: Output) -> T:
    """Run a blocking piece of work on a thread and wait for it; Ctrl-C stops it.

    Raises:
        UnderstudyError: what the call raised.
    """
    with watched(output) as watch, ThreadPoolExecutor(1, thread_name_prefix="road") as pool:
        watch.attach(work)
        future = pool.submit(call)
        while not wait([future], timeout=_POLL_S).done:
            watch.look()
        return future.result()


class Watch:
    """Counts the requests to stop, and passes them on to the work."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._work: Stoppable | None = None
        self._asked = 0
        self._passed_on = 0

    def attach(self, work: Stoppable) -> None:
        """The work that is to be stopped."""
        self._work = work

    def ask(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Signal handler: only counts, because a handler may interrupt a write."""
        self._asked += 1

    def look(self) -> None:
        """Pass requests on; called from the waiting loop."""
        if self._output.reader_gone and self._asked == 0:
            self._asked = 1
        if self._work is None or self._passed_on >= min(self._asked, 2):
            return
        self._passed_on += 1
        if self._passed_on == 1:
            self._output.say("Stopping; what was done so far is being saved. Press Ctrl-C again to end at once.")
            self._work.stop()
        else:
            self._work.kill()


@contextmanager
def watched(output: Output) -> Iterator[Watch]:
    """Watch for requests to stop while the block runs (signals only on the main thread)."""
    watch = Watch(output)
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    kept = {number: signal.signal(number, watch.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield watch
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
