"""Plays a stack: one slice after another at a steady speed, never faster than slices can be shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

SPEEDS = (1, 60)
"""Slowest and fastest speed, in pictures a second."""
USUAL_SPEED = 10


class Cine(QObject):
    """A clock that steps through slices.

    Args:
        step: goes to the next slice, the first after the last.
        is_waiting: whether the slice asked for last is not on the screen yet; the clock then waits with it.

    Signals:
        toggled(bool): it plays, or stands.
    """

    toggled = Signal(bool)

    def __init__(self, step: Callable[[], None], is_waiting: Callable[[], bool]) -> None:
        super().__init__()
        self._step, self._is_waiting = step, is_waiting
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.set_speed(USUAL_SPEED)

    @property
    def is_playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    def set_speed(self, pictures_a_second: int) -> None:
        """Play so fast."""
        self._timer.setInterval(round(1000 / pictures_a_second))

    def play(self, on: bool) -> None:
        """Play, or stand still."""
        if on != self.is_playing:
            if on:
                self._timer.start()
            else:
                self._timer.stop()
            self.toggled.emit(on)

    def _tick(self) -> None:
        if not self._is_waiting():
            self._step()
