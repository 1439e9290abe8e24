"""How files enter the library while an import runs, and leave it again: studies are put together anew each time.

The library shows a study soon after its first file was looked at. How often studies are put together depends on how
long that takes, so that a study of many thousand files does not eat the import.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.domain.errors import Failed
from app.domain.study import Series, Study
from app.imaging import reader, series
from app.imaging.content import FileContent
from app.store.files import FileRow, Files
from app.store.library import Library
from app.store.project import Project

FIRST_S = 0.3
"""How soon the first files are shown."""
EVERY_S = 1.0
SHARE = 5
"""Putting studies together may take one part in so many of the time."""
BATCH = 2000
"""Slices written in one transaction: some tenths of a second, in which nobody else can write and nothing be stopped."""
SERIES_COST = 10
"""A series costs about as much as so many slices."""
LAST_WORD_S = 0.3
"""How long an import that is to stop may go on putting studies together."""


class Shelf:
    """The library as an import fills it.

    Args:
        stop_asked: whether the person wants the import to end.

    Attributes:
        known: size, modification time and whether it was checked, by path.
        uids: path by SOP Instance UID.
    """

    def __init__(self, project: Project, library: Library, stop_asked: Callable[[], bool] = lambda: False) -> None:
        self._project = project
        self._stop_asked = stop_asked
        self._library = library
        self._files = Files(project)
        self.known = self._files.known()
        self.uids = self._files.uids()
        self.hashes = {path: digest for digest, path in self._files.hashes().items()}
        self._rows: list[FileRow] = []
        self._again: set[str] = set()
        self._unchecked: dict[str, FileRow] | None = None
        self._series: dict[str, list[Series]] = {}
        self._drawn: set[str] = set()
        self._due = time.monotonic() + FIRST_S

    def put(self, content: FileContent, size: int, modified_ns: int) -> str:
        """Take a file in that was looked at; returns the key of its study."""
        secret = self._project.secret
        path, study = str(content.path), series.study_key(content, secret)
        patient = series.patient_key(content, secret)
        uid = content.sop_instance_uid
        row = FileRow(path, study, patient, content.patient_known, "", uid, size, modified_ns, content.to_facts())
        self._rows.append(row)
        self.known[path] = (size, modified_ns, False)
        if uid:
            self.uids[uid] = path
        return study

    def seen(self, path: Path, size: int, modified_ns: int) -> None:
        """A file whose bytes are still those that were checked; the next import knows it by size and time."""
        self._files.seen(str(path), size, modified_ns)
        self.known[str(path)] = (size, modified_ns, True)

    def unchecked(self, path: Path) -> tuple[FileContent, str] | None:
        """A file that an earlier import left unchecked, and the key of its study; ``None`` where it says too little."""
        if self._unchecked is None:
            self._unchecked = {row.path: row for row in self._files.unchecked()}
        row = self._unchecked.get(str(path))
        content = None if row is None else _content(row)
        if row is None or content is None:
            return None
        self._again.add(row.study)
        return content, row.study

    def checked(self, hashes: Mapping[str, str]) -> None:
        """The pixels of these files are whole: SHA-256 by path."""
        self._files.checked(hashes)
        self.hashes.update(hashes)

    def take_out(self, paths: Iterable[str]) -> None:
        """Files leave the library; their studies are put together without them."""
        paths = list(paths)
        if paths:
            self._files.remove(paths)
            self.flush()

    def flush_due(self) -> None:
        """Show what came in, where it is time to."""
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Bring the library up to what came in and fell out.

        Where the person wants to stop, studies that would take long are left stale, for the next import to show.
        """
        began = time.monotonic()
        self._files.put(self._rows)
        self._rows = []
        keys = sorted(self._files.stale() | self._again)
        self._again = set()
        while keys and not (self._stop_asked() and time.monotonic() - began > LAST_WORD_S):
            self._assemble(keys)
        now = time.monotonic()
        self._due = now + max(EVERY_S, SHARE * (now - began))

    def middles(self) -> list[str]:
        """Paths of the files that hold the middle slices of the series that came together here."""
        return [one.instances[len(one.instances) // 2].path for many in self._series.values() for one in many]

    def studies(self) -> set[str]:
        """Keys of the studies that came together here and have files."""
        return set(self._series)

    def draw(self, study: str, path: str, picture: NDArray[np.uint8]) -> None:
        """Keep a file's thumbnail for the series whose middle it holds, or which have none yet."""
        for one in self._series.get(study, ()):
            is_middle = one.instances[len(one.instances) // 2].path == path
            if is_middle or (one.key not in self._drawn and any(i.path == path for i in one.instances)):
                self._save(one.key, picture)

    def _save(self, key: str, picture: NDArray[np.uint8]) -> None:
        """Whole or not at all: the window may look at any time. A cache needs no waiting for the disk."""
        target = self._project.thumbnails / f"{key}.png"
        encoded = io.BytesIO()
        Image.fromarray(picture).save(encoded, "PNG", compress_level=1)
        partial = target.with_suffix(".partial")
        partial.write_bytes(encoded.getvalue())
        partial.replace(target)
        self._drawn.add(key)

    def _assemble(self, keys: list[str]) -> None:
        """Put some studies together, one transaction long, and take them off the list."""
        assembled: list[tuple[Study, list[str]]] = []
        slices = 0
        while keys and slices < BATCH:
            key = keys.pop()
            rows = self._files.of_study(key)
            if not rows:
                self._library.remove_study(key)
                self._series.pop(key, None)
            elif (study := self._study(rows)) is not None:
                assembled.append(study)
                self._series[key] = list(study[0].series)
                slices += sum(len(one.instances) + SERIES_COST for one in study[0].series)
        self._library.replace_studies(assembled)

    def _study(self, rows: Sequence[FileRow]) -> tuple[Study, list[str]] | None:
        """A study from its files, and the paths of those that say nothing any more; ``None`` where no file does."""
        contents = {row.path: _content(row) or _looked_again(row) for row in rows}
        whole = [content for content in contents.values() if content is not None]
        if not whole:
            return None
        one = rows[0]
        study = series.assemble(one.study, one.patient, one.patient_known, whole, self._project.secret)
        return study, [path for path, content in contents.items() if content is None]


def _content(row: FileRow) -> FileContent | None:
    """What the header said; ``None`` where an older version of the program kept it otherwise."""
    try:
        return None if row.facts is None else FileContent.from_facts(row.facts)
    except (TypeError, KeyError):
        return None


def _looked_again(row: FileRow) -> FileContent | None:
    try:
        return reader.look(Path(row.path))
    except Failed:
        return None
