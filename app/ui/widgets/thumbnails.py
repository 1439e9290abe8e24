"""Small pictures for lists, read from their files off the GUI thread and kept while they are wanted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from app.ui.job_bridge import JobBridge

KEPT = 2000
"""Pictures in memory; at 96 x 96 pixels about 20 MB."""


class Thumbnails(QObject):
    """Answers at once with what it has, and tells when more has come.

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
        self._asked: set[str] = set()

    def get(self, key: str) -> QPixmap | None:
        """The picture, or ``None`` while it is read (or where there is none)."""
        picture = self._kept.get(key)
        if picture is not None:
            self._kept.move_to_end(key)
        elif key not in self._asked:
            self._asked.add(key)
            self._bridge.run_in_background(lambda: (key, self._read(key)), self._take)
        return picture

    def retry_missing(self) -> None:
        """Ask again for pictures that had no file yet (an import was going on)."""
        self._asked.intersection_update(self._kept)

    def _read(self, key: str) -> QImage:
        path = self._find(key)
        return QImage(str(path)) if path is not None and path.is_file() else QImage()

    def _take(self, answer: tuple[str, QImage]) -> None:
        key, image = answer
        if image.isNull():
            return
        self._kept[key] = QPixmap.fromImage(image)
        while len(self._kept) > KEPT:
            gone, _picture = self._kept.popitem(last=False)
            self._asked.discard(gone)
        self.ready.emit(key)
