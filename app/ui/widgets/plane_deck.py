"""The planes of a series, one or three of them, linked by a crosshair in the patient's millimetres.

It decides which pane shows which slice and where the crosshair is. Grey levels, cine and tools are the viewer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from app.domain.errors import UnderstudyError
from app.domain.recipe import Plane
from app.domain.study import Series
from app.ui.job_bridge import JobBridge
from app.ui.mouse_profiles import MouseProfile
from app.ui.view_models.planes import NO_SIDES, THREE, Planes, Point, nearest
from app.ui.widgets.frames import Frames, Load
from app.ui.widgets.plane_pane import PlanePane
from app.ui.widgets.volumes import LoadVolume, Volumes

if TYPE_CHECKING:
    from app.imaging.slices import SliceImage
    from app.imaging.volume import Volume

PATIENCE_MS = 400
"""How long an empty pane waits for its first slice before it says so."""


@dataclass(slots=True)
class Cross:
    """Where the person looks.

    Attributes:
        point: LPS millimetres, ``None`` until a volume says where its voxels lie.
        frame: frame of reference that the millimetres count in; "" where unknown.
        is_shown: whether lines are drawn, for one plane and for three.
    """

    point: Point | None = None
    frame: str = ""
    is_shown: dict[bool, bool] | None = None


class PlaneDeck(QWidget):
    """Panes of one series.

    Attributes:
        panes: the large one and two beside it, which are hidden where one plane is shown.
        volume: the stacked series, ``None`` while it is on its way or where there is none.

    Signals:
        shown(PlanePane, SliceImage): another slice is in a pane.
        native_read(SliceImage): a native slice was decoded, as its file proposes it.
        pointed(PlanePane, row, column): pixel under the cursor, (-1, -1) for none.
        failed(UnderstudyError): the slice asked for cannot be read.
        changed(): planes, layout or crosshair are others now.
    """

    shown = Signal(object, object)
    native_read = Signal(object)
    pointed = Signal(object, int, int)
    failed = Signal(object)
    changed = Signal()

    def __init__(self, bridge: JobBridge, load: Load, load_volume: LoadVolume | None = None) -> None:
        super().__init__()
        self.series: Series | None = None
        self.planes = Planes()
        self.volume: Volume | None = None
        self.cross = Cross(is_shown={False: False, True: True})
        self._swaps = self.wants_three = False
        self.wanted_plane = Plane.NATIVE
        self.frames, self.volumes = Frames(bridge, load), Volumes(bridge, load_volume)
        self.has_volumes = load_volume is not None
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self.panes = (PlanePane(), PlanePane(), PlanePane())
        self.main = self.active = self.panes[0]
        self._arrange()
        self._connect()
        self._lay_out()

    # What the viewer asks for

    def show_series(self, series: Series | None, index: int | None = None) -> None:
        """Show another series at a slice: the one asked for, else the place of the crosshair, else the middle."""
        self.frames.forget()
        self.series, self.volume, self.planes, self._swaps = series, None, Planes(), False
        if series is None or series.frame_of_reference != self.cross.frame or not self.cross.frame:
            self.cross.point = None
        self.cross.frame = series.frame_of_reference if series is not None else ""
        for pane in self.panes:
            pane.canvas.show_slice(None)
            pane.canvas.placing.fit()
            pane.canvas.set_notice("")
            pane.canvas.set_cross(None)
            pane.canvas.set_sides(NO_SIDES)
            pane.set_stack(Plane.NATIVE, len(series.instances) if series is not None else 0)
        self.volumes.look_at(series)
        self._lay_out()
        if series is not None and series.instances:
            self.main.set_index(self._first_index(series) if index is None else index)
            self.bring(self.main)

    def swap(self, series: Series) -> None:
        """Another time of the same stack: planes, place and zoom stay; pictures change as soon as they are there."""
        self.series = series
        self.volumes.look_at(series)
        if self.is_three or self.wanted_plane is not Plane.NATIVE:
            self._swaps = True
            self.volumes.want()
        else:
            self.volume = None
            self.bring(self.main)

    def grow(self, series: Series) -> None:
        """The same series, perhaps with more slices: the person's slice stays on the screen, under its new number."""
        before, self.series = self.series, series
        if before is None or _slices(before) == _slices(series):
            return
        shown = _slices(before)[self.native_index()] if before.instances else None
        index = _slices(series).index(shown) if shown in _slices(series) else len(series.instances) // 2
        self.frames.drop()
        self.volume, self._swaps = None, False
        self.volumes.look_at(series)
        self.main.canvas.set_sides(self.planes.sides.get(Plane.NATIVE, NO_SIDES))
        self.main.set_stack(Plane.NATIVE, len(series.instances))
        self.main.set_index(index)
        self.bring(self.main)

    def go_to(self, index: int) -> None:
        """Scroll the large pane; beyond the ends stays at the end."""
        if self.main.count:
            self.main.set_index(index)
            self._scrolled(self.main)

    def set_three(self, three: bool) -> None:
        """Three planes, or one."""
        self.wants_three = three
        self.active = self.main
        self._plan()

    def set_plane(self, plane: Plane) -> None:
        """The plane that is shown alone."""
        self.wanted_plane, self.wants_three = plane, False
        self.active = self.main
        self._plan()

    def show_cross(self, shown: bool) -> None:
        """Draw the crosshair in the present layout, or take it away."""
        assert self.cross.is_shown is not None
        self.cross.is_shown[self.is_three] = shown
        self._draw_cross()
        self.changed.emit()

    def set_profile(self, profile: MouseProfile) -> None:
        """What the mouse does."""
        for pane in self.panes:
            pane.canvas.profile = profile

    @property
    def is_three(self) -> bool:
        """Whether three planes are on the screen now."""
        return self.wants_three and self.has_volumes and not self.planes.refusal

    @property
    def cross_is_shown(self) -> bool:
        """Whether the crosshair is drawn in the present layout."""
        return bool(self.cross.is_shown and self.cross.is_shown[self.is_three])

    @property
    def is_waiting(self) -> bool:
        """Whether the slice asked for last is not on the screen yet."""
        return self._swaps or (self.volume is None and self.frames.is_waiting)

    def visible_panes(self) -> tuple[PlanePane, ...]:
        """The panes on the screen."""
        return self.panes if self.is_three else (self.main,)

    def native_index(self) -> int:
        """The native slice at the place that is looked at."""
        if self.main.plane is Plane.NATIVE or self.volume is None or self.cross.point is None:
            return self.main.index if self.main.plane is Plane.NATIVE else 0
        index = self.volume.locate(Plane.NATIVE, self.cross.point)[0]
        return max(0, min(index, self.volume.count(Plane.NATIVE) - 1))

    def point(self, pane: PlanePane, row: float, column: float) -> Point | None:
        """The place of a pixel in LPS millimetres, where it is known."""
        if self.volume is None:
            return None
        return self.volume.point(pane.plane, pane.index, row, column)

    def bring(self, pane: PlanePane) -> None:
        """Show the pane's slice: cut from the volume at once, or a native one as soon as it is decoded."""
        if self.series is None:
            return
        if self.volume is not None:
            image = self.volume.cut(pane.plane, pane.index)
            pane.show_image(image)
            self.shown.emit(pane, image)
        elif pane is self.main:
            self._patience.start()
            self.frames.want(self.series.key, pane.index, pane.count)

    # Building

    def _arrange(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        grid.addWidget(self.panes[0], 0, 0, 2, 1)
        grid.addWidget(self.panes[1], 0, 1)
        grid.addWidget(self.panes[2], 1, 1)
        grid.setRowStretch(0, 1)
        grid.setRowStretch(1, 1)

    def _connect(self) -> None:
        self.frames.shown.connect(self._show_native)
        self.frames.failed.connect(self._show_failure)
        self._patience.timeout.connect(self._show_waiting)
        self.volumes.described.connect(self._take_planes)
        self.volumes.progressed.connect(self._show_progress)
        self.volumes.ready.connect(self._take_volume)
        self.volumes.failed.connect(self._volume_failed)
        for pane in self.panes:
            pane.wanted.connect(lambda _index, one=pane: self._scrolled(one))
            pane.canvas.crossed.connect(lambda row, column, one=pane: self._cross_put(one, row, column))
            pane.canvas.pointed.connect(lambda row, column, one=pane: self.pointed.emit(one, row, column))
            pane.canvas.alone_wanted.connect(lambda one=pane: self._alone(one))
            pane.canvas.entered.connect(lambda one=pane: self._enter(one))

    def _lay_out(self) -> None:
        three = self.is_three
        for pane in self.panes[1:]:
            pane.setVisible(three)
        layout = self.layout()
        assert isinstance(layout, QGridLayout)
        layout.setColumnStretch(0, 3)
        layout.setColumnStretch(1, 2 if three else 0)
        self.changed.emit()

    # Planes

    def _plan(self) -> None:
        """Give every pane its plane, keeping the place that is looked at."""
        self._lay_out()
        if self.series is None:
            return
        if self.volume is None:
            if self.wants_three or self.wanted_plane is not Plane.NATIVE:
                self.volumes.want()
                self._show_progress(0, len(self.series.instances))
            return
        wanted = THREE if self.is_three else (self.wanted_plane,)
        for pane, plane in zip(self.panes, wanted, strict=False):
            if pane.plane is not plane:
                pane.canvas.placing.fit()
            pane.set_stack(plane, self.volume.count(plane))
            pane.canvas.set_sides(self.planes.sides.get(plane, NO_SIDES))
        self._go_to_cross()

    def _take_planes(self, planes: Planes) -> None:
        self.planes = planes
        self.main.canvas.set_sides(planes.sides.get(Plane.NATIVE, NO_SIDES))
        self._plan()

    def _take_volume(self, volume: Volume) -> None:
        """From now on every slice of every plane is there at once."""
        self.volume, self._swaps = volume, False
        if self.cross.point is None:
            _, rows, columns = volume.voxels.shape
            self.cross.point = volume.point(Plane.NATIVE, self.main.index, (rows - 1) / 2, (columns - 1) / 2)
        elif not self._is_at_cross(volume):
            self._move_cross(volume, Plane.NATIVE, self.main.index)
        self._plan()

    def _is_at_cross(self, volume: Volume) -> bool:
        """Whether the person has not scrolled away while the volume was stacked."""
        assert self.cross.point is not None
        return volume.locate(Plane.NATIVE, self.cross.point)[0] == self.main.index

    def _volume_failed(self, error: UnderstudyError) -> None:
        """The native slices stay; the other planes say why they are not there."""
        self._swaps = False
        self.planes = Planes({Plane.NATIVE: self.planes.sides.get(Plane.NATIVE, NO_SIDES)}, str(error))
        self._lay_out()

    def _first_index(self, series: Series) -> int:
        found = nearest(series, self.cross.point) if self.cross.point is not None else None
        return len(series.instances) // 2 if found is None else found

    # Slices

    def _scrolled(self, pane: PlanePane) -> None:
        self.bring(pane)
        if self.volume is not None:
            self._move_cross(self.volume, pane.plane, pane.index)
            self._draw_cross()

    def _show_native(self, index: int, image: SliceImage) -> None:
        self.native_read.emit(image)
        if self.volume is None and index == self.main.index:
            self.main.show_image(image)
            self.shown.emit(self.main, image)

    def _show_waiting(self) -> None:
        """A first slice that takes long is said to be on its way; a later one leaves the one before it in view."""
        if self.is_waiting and not self.main.canvas.has_slice:
            self.main.canvas.set_notice("Reading the slice…")

    def _show_failure(self, error: UnderstudyError) -> None:
        self.main.canvas.show_slice(None)
        self.main.canvas.set_notice(str(error))
        self.failed.emit(error)

    def _show_progress(self, done: int, total: int) -> None:
        if self.volume is None and self.is_three:
            for pane in self.panes[1:]:
                pane.canvas.set_notice(f"Reading the volume: {done} of {total} slices")

    def _enter(self, pane: PlanePane) -> None:
        self.active = pane

    def _alone(self, pane: PlanePane) -> None:
        if self.is_three:
            self.set_plane(pane.plane)
        elif self.has_volumes and not self.planes.refusal:
            self.set_three(True)

    # Crosshair

    def _move_cross(self, volume: Volume, plane: Plane, index: int) -> None:
        """The crosshair goes with the slice that was scrolled to."""
        if self.cross.point is not None:
            _, row, column = volume.locate(plane, self.cross.point)
            self.cross.point = volume.point(plane, index, row, column)

    def _cross_put(self, pane: PlanePane, row: float, column: float) -> None:
        point = self.point(pane, row, column)
        if point is None:
            return
        self.cross.point = point
        for other in self.visible_panes():
            if other is not pane:
                self._go_to_point(other, point)
        self.show_cross(True)

    def _go_to_cross(self) -> None:
        if self.cross.point is None or self.volume is None:
            return
        for pane in self.visible_panes():
            pane.set_index(self.volume.locate(pane.plane, self.cross.point)[0])
            self.bring(pane)
        self._draw_cross()

    def _go_to_point(self, pane: PlanePane, point: Point) -> None:
        if self.volume is not None and pane.set_index(self.volume.locate(pane.plane, point)[0]):
            self.bring(pane)

    def _draw_cross(self) -> None:
        for pane in self.visible_panes():
            place = None
            if self.cross_is_shown and self.volume is not None and self.cross.point is not None:
                _, row, column = self.volume.locate(pane.plane, self.cross.point)
                place = (row, column)
            pane.canvas.set_cross(place)


def _slices(series: Series) -> list[tuple[str, int]]:
    """Which slices a series has, whatever else became known of them."""
    return [(one.path, one.index) for one in series.instances]
