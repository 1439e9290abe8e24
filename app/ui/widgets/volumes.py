"""The volume of the series on the screen, stacked off the GUI thread with progress; late ones are dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.domain.errors import Stopped, UnderstudyError
from app.domain.study import Series
from app.ui.job_bridge import JobBridge
from app.ui.view_models.planes import Planes, planes

if TYPE_CHECKING:
    from app.imaging.volume import Volume

DWELL_MS = 250
"""How long a series is looked at before its volume is stacked without being asked for."""
AHEAD_BYTES = 1 << 30
"""Largest volume, at four bytes a voxel, that is stacked without being asked for."""

LoadVolume = Callable[[str, Callable[[int, int], None]], "Volume"]


class Volumes(QObject):
    """Planes and volume of one series at a time.

    A volume makes every plane and every slice available at once, so it is stacked as soon as somebody stays with a
    series; a very large one only when a plane is asked for.

    Args:
        bridge: does the work.
        load: volume of a series key, telling (slices read, slices); called off the GUI thread. ``None`` for a
            viewer of native slices only.

    Signals:
        described(Planes): which planes there are, soon after ``look_at``.
        progressed(done, total): slices stacked.
        ready(Volume): the volume of the series looked at.
        failed(UnderstudyError): it cannot be stacked.
    """

    described = Signal(object)
    progressed = Signal(int, int)
    ready = Signal(object)
    failed = Signal(object)
    _read = Signal(int, int, int)

    def __init__(self, bridge: JobBridge, load: LoadVolume | None) -> None:
        super().__init__()
        self._bridge, self._load = bridge, load
        self._lane = f"volume-{id(self)}"
        self._generation = 0
        self._series: Series | None = None
        self._asked = self._begun = False
        self._planes: Planes | None = None
        self._dwell = QTimer(self, singleShot=True, interval=DWELL_MS)
        self._dwell.timeout.connect(self._begin_ahead)
        self._read.connect(self._tell_progress, Qt.ConnectionType.QueuedConnection)

    def look_at(self, series: Series | None) -> None:
        """Another series, or none: what was on its way is stopped."""
        self._generation += 1
        self._series, self._planes, self._asked, self._begun = series, None, False, False
        self._dwell.stop()
        self._bridge.cancel_lane(self._lane)
        if series is None:
            return
        generation = self._generation
        self._bridge.run_in_background(
            lambda: (generation, planes(series)), self._take_planes, lane=self._lane + "-planes"
        )

    def want(self) -> None:
        """The volume is needed now; the answer is ``ready`` or ``failed``, unless ``described`` said no already."""
        self._asked = True
        if self._planes is not None and not self._planes.refusal:
            self._begin()

    def _take_planes(self, answer: tuple[int, Planes]) -> None:
        generation, found = answer
        if generation != self._generation:
            return
        self._planes = found
        self.described.emit(found)
        if found.refusal or self._load is None:
            return
        if self._asked:
            self._begin()
        else:
            self._dwell.start()

    def _begin_ahead(self) -> None:
        assert self._series is not None
        first = self._series.instances[0]
        if first.rows * first.columns * len(self._series.instances) * 4 <= AHEAD_BYTES:
            self._begin()

    def _begin(self) -> None:
        if self._begun or self._load is None or self._series is None:
            return
        self._begun = True
        self._dwell.stop()
        generation, key, load = self._generation, self._series.key, self._load

        def tell(done: int, total: int) -> None:
            if generation != self._generation:
                raise Stopped("stopped")  # nobody waits for this volume any more; its threads are free again
            self._read.emit(generation, done, total)

        self._bridge.run_in_background(
            lambda: (generation, load(key, tell)), self._take, failed=self._fail(generation), lane=self._lane
        )

    def _take(self, answer: tuple[int, Volume]) -> None:
        generation, volume = answer
        if generation == self._generation:
            self.ready.emit(volume)

    def _fail(self, generation: int) -> Callable[[UnderstudyError], None]:
        def tell(error: UnderstudyError) -> None:
            if generation == self._generation:
                self.failed.emit(error)

        return tell

    def _tell_progress(self, generation: int, done: int, total: int) -> None:
        if generation == self._generation:
            self.progressed.emit(done, total)
