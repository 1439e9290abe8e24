"""First stage of an import: every file is looked at, and its header alone decides what becomes of it.

New, here already, or set aside; a file that an import left unchecked goes on to the second stage. It decodes no
pixels, so nothing here can crash on a damaged picture.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import Failed, Stopped
from app.imaging import reader
from app.imaging.content import FileContent
from app.store.files import UNKNOWN_SIZE
from app.worker.channel import Channel
from app.worker.intake_ledger import Ledger, is_text
from app.worker.intake_shelf import Shelf
from app.worker.intake_sources import Found, Sources, digest

LISTING_S = 0.3
"""How long files are listed before the first of them are looked at."""
FIRST_LOOK_S = 0.2

Stamp = tuple[int, int]
"""Size and modification time (ns) of a file."""


@dataclass(frozen=True, slots=True)
class Task:
    """A file whose pixels are still to be checked.

    Attributes:
        content: what its header says.
        study: key of its study.
        stamp: of the file when it was looked at.
        place: what it came with.
    """

    content: FileContent
    study: str
    stamp: Stamp
    place: Path


class Looking:
    """Looks at one file after the other.

    Attributes:
        tasks: files for the second stage.
    """

    def __init__(self, shelf: Shelf, ledger: Ledger, sources: Sources, channel: Channel) -> None:
        self._shelf = shelf
        self._ledger = ledger
        self._sources = sources
        self._channel = channel
        self._unread_by_size: dict[int, list[str]] = defaultdict(list)
        for path, (size, _, _) in shelf.known.items():
            self._unread_by_size[_size_now(path) if size == UNKNOWN_SIZE else size].append(path)
        self._digests_by_size: dict[int, set[str]] = defaultdict(set)
        self._digests = dict(shelf.hashes)
        self._failed: list[tuple[Found, Stamp, Failed]] = []
        self._lost: set[Path] = set()
        self.tasks: list[Task] = []

    def begin(self, found: Iterator[Found]) -> list[Found]:
        """List what is found; where that takes long, the first files are decided on meanwhile, so that a study shows.

        Returns:
            The files that are left to look at.

        Raises:
            Stopped: the person stopped; what came in stays.
        """
        left: deque[Found] = deque()
        first_due: float | None = time.monotonic() + LISTING_S
        try:
            for one in found:
                self._ledger.found += 1
                left.append(one)
                if first_due is not None and time.monotonic() > first_due:
                    first_due = None
                    self._take_some(left)
        except Stopped:
            self._shelf.flush()
            raise
        return list(left)

    def _take_some(self, left: deque[Found]) -> None:
        until = time.monotonic() + FIRST_LOOK_S
        while left and time.monotonic() < until:
            self._channel.check()
            self._take(left.popleft())
        self._shelf.flush()

    def look_at_all(self, found: Sequence[Found]) -> None:
        """Decide on every file, and let the library show what came in meanwhile.

        Raises:
            Stopped: the person stopped; what came in stays.
        """
        try:
            for number, one in enumerate(found):
                self._channel.check()
                self._channel.progress(number, len(found))
                self._take(one)
                self._shelf.flush_due()
            self._channel.progress(len(found), len(found))
        finally:
            self._refuse_failed()
            self._shelf.flush()

    def _take(self, one: Found) -> None:
        if one.place in self._lost:
            self._ledger.gone(one.place)
            return
        try:
            self._decide(one, stamp_of(one.path))
        except OSError as error:
            self._trouble(one, (0, 0), Failed("unreadable", path=str(one.path), detail=error.strerror or str(error)))

    def _decide(self, one: Found, stamp: Stamp) -> None:
        known = self._shelf.known.get(str(one.path))
        if known is not None and known[:2] == stamp:
            self._meet_again(one, stamp, is_checked=known[2])
            return
        if known is not None and known[2] and known[0] in (stamp[0], UNKNOWN_SIZE) and self._is_as_imported(one.path):
            self._shelf.seen(one.path, *stamp)
            self._skip(one)
            return
        self._digests.pop(str(one.path), None)  # of what lay there before
        try:
            content = self._look(one.path)
            twin = self._twin(content, stamp)
        except Failed as error:
            self._trouble(one, stamp, error)
            return
        if twin:
            self._skip(one)
        else:
            self._accept(one, content, stamp)

    def _look(self, path: Path) -> FileContent:
        if not is_text(path):
            raise Failed("name-not-text")
        return reader.look(path)

    def _accept(self, one: Found, content: FileContent, stamp: Stamp) -> None:
        study = self._shelf.put(content, *stamp)
        self._unread_by_size[stamp[0]].append(str(one.path))
        self._queue(Task(content, study, stamp, one.place))

    def _queue(self, task: Task) -> None:
        self.tasks.append(task)
        self._ledger.left += 1
        self._ledger.studies.add(task.study)
        self._ledger.welcome(task.content.path)

    def _meet_again(self, one: Found, stamp: Stamp, is_checked: bool) -> None:
        left = None if is_checked else self._shelf.unchecked(one.path)
        if left is None:
            self._skip(one)
        else:
            self._queue(Task(left[0], left[1], stamp, one.place))

    def _skip(self, one: Found) -> None:
        self._ledger.skipped += 1
        self._ledger.welcome(one.path)

    def _is_as_imported(self, path: Path) -> bool:
        """Whether a file holds the bytes that were checked: its time is another one, or an older version kept none."""
        return self._shelf.hashes.get(str(path)) == digest(path, self._channel.check)

    def _twin(self, content: FileContent, stamp: Stamp) -> bool:
        """Whether the same bytes are in the library under another path.

        Raises:
            Failed: ``same-uid-other-content``: another image under this image's identity.
        """
        path = str(content.path)
        if not content.sop_instance_uid:
            return self._is_copy(path, stamp[0])
        other = self._shelf.uids.get(content.sop_instance_uid)
        if other is None or other == path:
            return False
        if self._digest(path) == self._digest_of_other(other):
            return True
        raise Failed("same-uid-other-content", other=other)

    def _is_copy(self, path: str, size: int) -> bool:
        """Whether the library has these bytes; only files of the same size are ever read to find out."""
        others, digests = self._unread_by_size[size], self._digests_by_size[size]
        while others:
            if (other := others.pop()) != path:
                digests.add(self._digest_of_other(other))
        return bool(digests) and self._digest(path) in digests

    def _digest_of_other(self, path: str) -> str:
        """As ``_digest``; "" for a file that is gone before anybody hashed it."""
        try:
            return self._digest(path)
        except OSError:
            return ""

    def _digest(self, path: str) -> str:
        if path not in self._digests:
            self._digests[path] = digest(Path(path), self._channel.check)
        return self._digests[path]

    def _trouble(self, one: Found, stamp: Stamp, error: Failed) -> None:
        if is_gone(one):
            self._ledger.gone(one.place)
            if not is_there(one.place):
                self._lost.add(one.place)
        else:
            self._failed.append((one, stamp, error))

    def _is_accounted_for(self, one: Found, code: str) -> bool:
        """Whether another file stands for this one: the header of its voxels, or the disc that its program is of."""
        return code == "part-of-volume" or (code == "not-an-image" and self._sources.is_program_file(one.path))

    def _refuse_failed(self) -> None:
        """At the end, when every index of a disc is known: a file that has changed since was still being written."""
        for one, stamp, error in self._failed:
            if self._is_accounted_for(one, error.code):
                self._skip(one)
                continue
            changed = stamp != (0, 0) and has_changed(one.path, stamp)
            self._ledger.refuse(one.path, Failed("being-written") if changed else error)
        self._failed = []
        self._ledger.save()


def _size_now(path: str) -> int:
    """Size of a file whose size an older version did not keep."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return UNKNOWN_SIZE


def stamp_of(path: Path) -> Stamp:
    """Size and modification time. Raises ``OSError``."""
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def has_changed(path: Path, stamp: Stamp) -> bool:
    """Whether a file is another one than when it was looked at."""
    try:
        return stamp_of(path) != stamp
    except OSError:
        return False


def is_gone(one: Found) -> bool:
    """Whether the file, or all that it came with, cannot be reached any more."""
    return not is_there(one.path) or not is_there(one.place)


def is_there(path: Path) -> bool:
    """Whether a path can be reached: a disk that was pulled out answers for nothing on it."""
    try:
        if path.is_dir():
            with os.scandir(path):
                return True
        path.stat()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True
