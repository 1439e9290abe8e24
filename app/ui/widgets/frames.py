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
AHEAD, BEHIND = 8, 2
"""Neighbours fetched in the direction of travel, and against it."""

Load = Callable[[str, int], "SliceImage"]
_Key = tuple[str, int]


class Frames(QObject):
    """The slices of one viewer.

    Every series that is shown begins a new generation; an answer that was asked for in an earlier one is dropped.

    Args:
        bridge: does the decoding.
        load: slice of a series key and index; called off the GUI thread.

    Signals:
        shown(index, SliceImage): the slice asked for last.
        failed(UnderstudyError): it cannot be read.
    """

    shown = Signal(int, object)
    failed = Signal(object)

    def __init__(self, bridge: JobBridge, load: Load) -> None:
        super().__init__()
        self._bridge = bridge
        self._load = load
        self._kept: OrderedDict[_Key, SliceImage] = OrderedDict()
        self._bytes = 0
        self._lane = f"frames-{id(self)}"
        self._wanted: _Key | None = None
        self._generation = 0
        self._count = 0
        self._step = 1
        self._unreadable: set[_Key] = set()

    @property
    def is_waiting(self) -> bool:
        """Whether the slice asked for last is still on its way."""
        return self._wanted is not None and self._wanted not in self._kept and self._wanted not in self._unreadable

    def forget(self) -> None:
        """Another series: what is on its way is no longer wanted."""
        self._wanted = None
        self._generation += 1
        self._unreadable.clear()
        self._bridge.cancel_lane(self._lane)
        self._bridge.cancel_lane(self._lane + "-ahead")

    def drop(self) -> None:
        """Keep nothing: the numbers of a series' slices mean other slices now."""
        self.forget()
        self._kept.clear()
        self._bytes = 0

    def want(self, series: str, index: int, count: int) -> None:
        """Ask for slice ``index`` of ``count``; answered by ``shown``, at once where it is kept."""
        if self._wanted is not None and self._wanted[0] == series and index != self._wanted[1]:
            self._step = 1 if index > self._wanted[1] else -1
        self._wanted, self._count = (series, index), count
        self._unreadable.discard(self._wanted)
        kept = self._kept.get(self._wanted)
        if kept is not None:
            self._kept.move_to_end(self._wanted)
            self._bridge.cancel_lane(self._lane)
            self.shown.emit(index, kept)
            self._fetch_ahead()
            return
        self._bridge.cancel_lane(self._lane + "-ahead")
        self._bridge.run_in_background(
            self._work(self._wanted), self._take, failed=self._fail(self._wanted), lane=self._lane
        )

    def _work(self, key: _Key) -> Callable[[], tuple[int, _Key, SliceImage]]:
        generation = self._generation
        return lambda: (generation, key, self._load(*key))

    def _fail(self, key: _Key) -> Callable[[UnderstudyError], None]:
        generation = self._generation

        def tell(error: UnderstudyError) -> None:
            if generation == self._generation and key == self._wanted:
                self._unreadable.add(key)
                self.failed.emit(error)

        return tell

    def _take(self, answer: tuple[int, _Key, SliceImage]) -> None:
        generation, key, image = answer
        if generation != self._generation:
            return
        self._keep(key, image)
        if key == self._wanted:
            self.shown.emit(key[1], image)
        self._fetch_ahead()

    def _keep(self, key: _Key, image: SliceImage) -> None:
        if key not in self._kept:
            self._kept[key] = image
            self._bytes += image.pixels.nbytes
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            _gone, old = self._kept.popitem(last=False)
            self._bytes -= old.pixels.nbytes

    def _fetch_ahead(self) -> None:
        """One neighbour at a time, so that a new wish never waits long; nothing that would push the others out."""
        if self._wanted is None:
            return
        missing = next((key for key in self._nearby() if key not in self._kept and key not in self._unreadable), None)
        each = self._kept[self._wanted].pixels.nbytes if self._wanted in self._kept else 0
        if missing is not None and each * (AHEAD + BEHIND + 1) <= KEPT_BYTES:
            self._bridge.run_in_background(
                self._work(missing), self._take, failed=self._leave(missing), lane=self._lane + "-ahead"
            )

    def _nearby(self) -> list[_Key]:
        assert self._wanted is not None
        series, index = self._wanted
        far = [self._step * n for n in range(1, AHEAD + 1)] + [-self._step * n for n in range(1, BEHIND + 1)]
        return [(series, index + n) for n in far if 0 <= index + n < self._count]

    def _leave(self, key: _Key) -> Callable[[UnderstudyError], None]:
        """A neighbour that cannot be read is told of when the person goes there."""

        def go_on(_error: UnderstudyError) -> None:
            self._unreadable.add(key)
            self._fetch_ahead()

        return go_on
