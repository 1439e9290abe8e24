"""Slices for the viewer: decoded off the GUI thread, kept while memory allows, neighbours fetched ahead."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.domain.errors import UnderstudyError
from app.ui.job_bridge import JobBridge

if TYPE_CHECKING:
    from app.imaging.slices import SliceImage

KEPT_BYTES = 192 << 20
AHEAD = 3

Load = Callable[[str, int], "SliceImage"]


class Frames(QObject):
    """The slices of one viewer.

    Args:
        bridge: does the decoding.
        load: slice of a series key and index; called off the GUI thread.

    Signals:
        shown(index, SliceImage): the slice asked for last; answers to earlier questions are dropped.
        failed(UnderstudyError): it cannot be read.
    """

    shown = Signal(int, object)
    failed = Signal(object)

    def __init__(self, bridge: JobBridge, load: Load) -> None:
        super().__init__()
        self._bridge = bridge
        self._load = load
        self._kept: OrderedDict[tuple[str, int], SliceImage] = OrderedDict()
        self._bytes = 0
        self._lane = f"frames-{id(self)}"
        self._wanted: tuple[str, int] | None = None
        self._count = 0
        self._step = 1

    def forget(self) -> None:
        """Another series: what is on its way is no longer wanted."""
        self._wanted = None
        self._bridge.cancel_lane(self._lane)
        self._bridge.cancel_lane(self._lane + "-ahead")

    def want(self, series: str, index: int, count: int) -> None:
        """Ask for slice ``index`` of ``count``; answered by ``shown``, at once where it is kept."""
        if self._wanted is not None and self._wanted[0] == series and index != self._wanted[1]:
            self._step = 1 if index > self._wanted[1] else -1
        self._wanted, self._count = (series, index), count
        kept = self._kept.get(self._wanted)
        if kept is not None:
            self._kept.move_to_end(self._wanted)
            self._bridge.cancel_lane(self._lane)
            self.shown.emit(index, kept)
            self._fetch_ahead()
            return
        self._bridge.cancel_lane(self._lane + "-ahead")
        self._bridge.run_in_background(
            lambda: ((series, index), self._load(series, index)), self._take, failed=self.failed.emit, lane=self._lane
        )

    def _take(self, answer: tuple[tuple[str, int], SliceImage]) -> None:
        """The lane answers only the latest question, so this is the slice wanted."""
        key, image = answer
        self._keep(key, image)
        self.shown.emit(key[1], image)
        self._fetch_ahead()

    def _keep(self, key: tuple[str, int], image: SliceImage) -> None:
        if key not in self._kept:
            self._kept[key] = image
            self._bytes += image.pixels.nbytes
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            _gone, old = self._kept.popitem(last=False)
            self._bytes -= old.pixels.nbytes

    def _fetch_ahead(self) -> None:
        """One neighbour at a time, in the direction of travel, so that a new wish never waits long."""
        if self._wanted is None:
            return
        series, index = self._wanted
        nearby = (index + self._step * far for far in range(1, AHEAD + 1))
        missing = [near for near in nearby if 0 <= near < self._count and (series, near) not in self._kept]
        if missing:
            near = missing[0]
            self._bridge.run_in_background(
                lambda: ((series, near), self._load(series, near)),
                self._take_ahead,
                failed=_leave_it,
                lane=self._lane + "-ahead",
            )

    def _take_ahead(self, answer: tuple[tuple[str, int], SliceImage]) -> None:
        key, image = answer
        self._keep(key, image)
        if key == self._wanted:
            self.shown.emit(key[1], image)
        self._fetch_ahead()


def _leave_it(_error: UnderstudyError) -> None:
    """A neighbour that cannot be read is told of when the person goes there."""
