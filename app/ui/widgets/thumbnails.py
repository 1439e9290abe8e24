"""Small pictures for lists, read from their files off the GUI thread and kept while they are wanted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from app.ui.job_bridge import JobBridge

KEPT = 2000
"""Pictures in memory; at 96 x 96 pixels about 20 MB."""
BATCH = 12
"""Pictures read in one go; the viewer's slices wait no longer than that takes."""
WAITING = 60
"""Wishes remembered: who scrolls fast through a long list is past the others already."""


class Thumbnails(QObject):
    """Answers at once with what it has, and tells when more has come; the newest wish is served first.

    Args:
        bridge: does the reading.
        find: file of a key's thumbnail, or ``None``; called off the GUI thread.

    Signals:
        ready(key): ``get(key)`` gives a picture now.
    """

    ready = Signal(str)

    def __init__(self, bridge: JobBridge, find: Callable[[str], Path | None]) -> None:
        super().__init__()
        self._bridge = bridge
        self._find = find
        self._kept: OrderedDict[str, QPixmap] = OrderedDict()
        self._missing: set[str] = set()
        self._wanted: OrderedDict[str, None] = OrderedDict()
        self._reading = False

    def get(self, key: str) -> QPixmap | None:
        """The picture, or ``None`` while it is read (or where there is none)."""
        picture = self._kept.get(key)
        if picture is not None:
            self._kept.move_to_end(key)
        elif key not in self._missing:
            self._wanted[key] = None
            self._wanted.move_to_end(key)
            while len(self._wanted) > WAITING:
                self._wanted.popitem(last=False)
            self._read_next()
        return picture

    def retry_missing(self) -> None:
        """Ask again for pictures that had no file yet (an import was going on)."""
        self._missing.clear()

    def renew(self, keys: Iterable[str]) -> None:
        """Read these again, where they are shown; the old pictures stay until the new ones are there."""
        for key in keys:
            if key in self._kept:
                self._wanted[key] = None
        self._read_next()

    def _read_next(self) -> None:
        if self._reading or not self._wanted:
            return
        self._reading = True
        keys = [self._wanted.popitem()[0] for _ in range(min(BATCH, len(self._wanted)))]
        self._bridge.run_in_background(lambda: self._read(keys), self._take)

    def _read(self, keys: Sequence[str]) -> list[tuple[str, QImage]]:
        found = []
        for key in keys:
            path = self._find(key)
            found.append((key, QImage(str(path)) if path is not None and path.is_file() else QImage()))
        return found

    def _take(self, answers: Sequence[tuple[str, QImage]]) -> None:
        self._reading = False
        for key, image in answers:
            self._wanted.pop(key, None)
            if image.isNull():
                if key not in self._kept:
                    self._missing.add(key)
                continue
            self._kept[key] = QPixmap.fromImage(image)
            self.ready.emit(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._read_next()
