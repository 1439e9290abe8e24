"""Second stage of an import: every file is decoded once, in a process that may be lost.

Middle slices come first, so that every series soon has its thumbnail. A file whose pixels are not whole leaves the
library and is set aside; one that is gone with its disk stays, unchecked, for the next import of its place.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from app.domain.errors import Failed
from app.imaging.content import Checked, FileContent
from app.worker.channel import Channel
from app.worker.intake_ledger import Ledger
from app.worker.intake_look import Task, has_changed, is_gone
from app.worker.intake_shelf import Shelf
from app.worker.intake_sources import Found

SAVE_S = 1.0
POLL_S = 0.1
AHEAD = 2
"""Files handed out for each decoder, so that none waits for this thread."""


class Checker(Protocol):
    """The pool of decoders, as far as an import needs it."""

    @property
    def count(self) -> int:
        """How many files are decoded at the same time."""
        ...

    def check(self, content: FileContent) -> Checked:
        """As ``app.jobs.decoders.Decoders.check``."""
        ...


class Checking:
    """Checks the files of one import."""

    def __init__(self, shelf: Shelf, ledger: Ledger, decoders: Checker, channel: Channel) -> None:
        self._shelf = shelf
        self._ledger = ledger
        self._decoders = decoders
        self._channel = channel
        self._hashes: dict[str, str] = {}
        self._out: list[str] = []
        self._saved = time.monotonic()

    def check_all(self, tasks: Sequence[Task]) -> None:
        """Check every file; what was found out is kept about every second, and when the person stops.

        Raises:
            Stopped: the person stopped; files not checked yet are left to the next import.
        """
        threads = ThreadPoolExecutor(self._decoders.count, thread_name_prefix="checking")
        done = 0
        try:
            for task, result in self._results(_in_order(tasks, self._shelf.middles()), threads):
                self._take(task, result)
                done += 1
                self._channel.progress(done, len(tasks))
                if time.monotonic() - self._saved > SAVE_S:
                    self._save()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            self._save()

    def _results(self, tasks: Iterator[Task], threads: ThreadPoolExecutor) -> Iterator[tuple[Task, Future[Checked]]]:
        running: dict[Future[Checked], Task] = {}
        while True:
            while len(running) < AHEAD * self._decoders.count and (task := next(tasks, None)) is not None:
                running[threads.submit(self._decoders.check, task.content)] = task
            if not running:
                return
            finished, _ = wait(running, timeout=POLL_S, return_when=FIRST_COMPLETED)
            self._channel.check()
            for future in finished:
                yield running.pop(future), future

    def _take(self, task: Task, result: Future[Checked]) -> None:
        path = task.content.path
        try:
            checked = result.result()
        except Failed as error:
            self._refuse(task, error)
            return
        if has_changed(path, task.stamp):
            self._refuse(task, Failed("being-written"))
            return
        self._hashes[str(path)] = checked.sha256
        self._ledger.left -= 1
        self._ledger.imported += 1
        self._shelf.draw(task.study, str(path), checked.thumbnail)

    def _refuse(self, task: Task, error: Failed) -> None:
        found = Found(task.content.path, task.place)
        if is_gone(found):
            self._ledger.gone(task.place)
            return
        self._out.append(str(found.path))
        self._ledger.left -= 1
        changed = has_changed(found.path, task.stamp)
        self._ledger.refuse(found.path, Failed("being-written") if changed else error)

    def _save(self) -> None:
        self._shelf.checked(self._hashes)
        self._shelf.take_out(self._out)
        self._ledger.save()
        self._hashes, self._out = {}, []
        self._saved = time.monotonic()


def _in_order(tasks: Sequence[Task], middles: Sequence[str]) -> Iterator[Task]:
    """Files with middle slices first."""
    first = set(middles)
    yield from (task for task in tasks if str(task.content.path) in first)
    yield from (task for task in tasks if str(task.content.path) not in first)
