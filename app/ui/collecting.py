"""Collects Python's garbage on the GUI thread only.

Python starts a collection in whatever thread happens to allocate; one that finds a dead widget or timer there frees
it outside its own thread, which Qt does not survive ("Timers cannot be stopped from another thread").
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1_000
YOUNG, MIDDLE, OLD = 10_000, 10, 100
"""Objects made before the young are looked through; rounds of the young before the middle, of the middle before all.

A full collection stops every thread; over a library of 20,000 lines it would be felt as a stall of the window.
"""


class Collector(QObject):
    """From ``start`` to ``stop`` garbage is collected by a timer of the thread that made this object."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect)

    def start(self) -> None:
        """Take over from Python's own collection."""
        gc.disable()
        self._timer.start()

    def stop(self) -> None:
        """Give collection back to Python."""
        self._timer.stop()
        gc.enable()

    def settle(self) -> None:
        """Leave alone, from now on, what is loaded by now."""
        gc.freeze()

    def collect(self) -> None:
        """Look through what is due by now."""
        young, middle, old = gc.get_count()
        if old >= OLD:
            gc.collect(2)
        elif middle >= MIDDLE:
            gc.collect(1)
        elif young >= YOUNG:
            gc.collect(0)
