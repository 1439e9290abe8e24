"""The viewer: a series in one plane or three, its grey levels, cine, read-outs, and the header of its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QLabel, QMenu, QVBoxLayout, QWidget

from app.domain.errors import UnderstudyError
from app.domain.study import Series
from app.ui.job_bridge import JobBridge
from app.ui.mouse_profiles import profile
from app.ui.preferences import Preferences
from app.ui.theme import SPACE
from app.ui.view_models.planes import cine_speed
from app.ui.widgets import read_out
from app.ui.widgets.cine import USUAL_SPEED, Cine
from app.ui.widgets.frames import Load
from app.ui.widgets.grey_levels import GreyLevels
from app.ui.widgets.header_view import HeaderView
from app.ui.widgets.plane_deck import PlaneDeck
from app.ui.widgets.plane_pane import PAGE, PlanePane
from app.ui.widgets.section import label
from app.ui.widgets.slice_canvas import ZOOM_STEP, SliceCanvas
from app.ui.widgets.times import Siblings, Times
from app.ui.widgets.viewer_tools import PictureTools, WindowTools
from app.ui.widgets.volumes import LoadVolume

if TYPE_CHECKING:
    from app.imaging.header_table import HeaderLine
    from app.imaging.slices import SliceImage

LoadHeader = Callable[[str, int], "Sequence[HeaderLine]"]
Key = Qt.Key
JUMPS = {
    Key.Key_Up: -1,
    Key.Key_Left: -1,
    Key.Key_Down: 1,
    Key.Key_Right: 1,
    Key.Key_PageUp: -PAGE,
    Key.Key_PageDown: PAGE,
    Key.Key_Home: -(10**6),
    Key.Key_End: 10**6,
}
PAN_STEP = 40.0
PANS = {
    Key.Key_Up: QPointF(0, PAN_STEP),
    Key.Key_Down: QPointF(0, -PAN_STEP),
    Key.Key_Left: QPointF(PAN_STEP, 0),
    Key.Key_Right: QPointF(-PAN_STEP, 0),
}
"""Shift with an arrow looks further in its direction: the picture moves the other way."""
ZOOMS = {Key.Key_Plus: ZOOM_STEP, Key.Key_Equal: ZOOM_STEP, Key.Key_Minus: 1 / ZOOM_STEP}


class SliceViewer(QWidget):
    """Shows a series; the window is proposed by each series and kept while its slices are scrolled.

    Args:
        bridge: does the decoding.
        load: slice of a series key and index; called off the GUI thread.
        volume: volume of a series key, for planes and crosshair; without it there are native slices only.
        siblings: the series of the same study as a series key, among which a stack's other times are found.
        header: header lines of a series key and index; without it there is no header table.
        preferences: where the mouse profile is remembered.

    Signals:
        slice_changed(int): another slice is in the large pane.
    """

    slice_changed = Signal(int)

    def __init__(
        self,
        bridge: JobBridge,
        load: Load,
        *,
        volume: LoadVolume | None = None,
        siblings: Siblings | None = None,
        header: LoadHeader | None = None,
        preferences: Preferences | None = None,
    ) -> None:
        super().__init__()
        self.series: Series | None = None
        self._bridge, self._load_header, self._preferences = bridge, header, preferences
        self._fresh = False
        self.deck = PlaneDeck(bridge, load, volume)
        self.tools, self.window_tools = PictureTools(), WindowTools()
        self.grey = GreyLevels(self.deck.panes, self.window_tools)
        self.times = Times(bridge, siblings)
        self.cine = Cine(self._next_picture, lambda: self.deck.is_waiting)
        self.header_view: HeaderView | None = None
        self.warnings = label("", "caution", wrap=True)
        self._arrange()
        self._connect()
        self.set_mouse(preferences.mouse if preferences is not None else "")
        self.clear()

    @property
    def canvas(self) -> SliceCanvas:
        """The canvas of the large pane."""
        return self.deck.main.canvas

    @property
    def position(self) -> QLabel:
        """Says which slice of how many is in the large pane."""
        return self.deck.main.position

    @property
    def index(self) -> int:
        """The slice of the large pane."""
        return self.deck.main.index

    def show_series(self, series: Series, index: int | None = None) -> None:
        """Show ``series`` at ``index``; by default where the last one of its frame was left, else at its middle."""
        same = self.series is not None and series.key == self.series.key
        self.series = series
        self._show_warnings(series.warnings)
        if same and index is None:
            self.deck.grow(series)
            self._show_texts()
            return
        if index is None and self.times.number_of(series) is not None:
            self._swap(series)
            return
        self._fresh = True
        self.cine.play(False)
        self.times.look_at(series)
        self.tools.speed.setValue(cine_speed(series) or USUAL_SPEED)
        self.grey.begin(series.unit)
        if self.header_view is not None and not same:
            self.header_view.forget()
        self._enable(True)
        self.deck.show_series(series, index)
        self._show_texts()

    def clear(self) -> None:
        """Show nothing."""
        self.cine.play(False)
        self.times.look_at(None)
        self.series = None
        self.deck.show_series(None)
        self._show_warnings(())
        self._enable(False)
        self._show_texts()

    def go_to(self, index: int) -> None:
        """Scroll the large pane to a slice; beyond the ends stays at the end."""
        self.deck.go_to(index)

    def go_to_time(self, number: int) -> None:
        """The same slices at another time, from 0; beyond the last one comes the first."""
        if self.times.members:
            self._swap(self.times.members[number % len(self.times.members)])

    def set_window(self, low: float, high: float) -> None:
        """Grey levels from ``low`` to ``high``, in all panes."""
        self.grey.set_window(low, high)

    def reset_window(self) -> None:
        """Back to the window that the slice proposes."""
        self.grey.reset()

    def set_mouse(self, key: str) -> None:
        """Use a mouse profile, and remember it where there are preferences."""
        chosen = profile(key)
        self.deck.set_profile(chosen)
        self.tools.mouse.show_profile(chosen.key)
        if self._preferences is not None and key and self._preferences.mouse != key:
            self._preferences.mouse = key

    def fit(self) -> None:
        """Whole slices again, in all panes."""
        for pane in self.deck.panes:
            pane.canvas.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and page keys scroll, digits choose windows; the letters are named in the tools' tooltips."""
        key = Key(event.key())
        if self.series is None or not (self._look_key(key, event) or self._tool_key(key)):
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: the cine stands."""
        self.cine.play(False)
        super().hideEvent(event)

    # Building

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE // 2)
        layout.addWidget(self.warnings)
        layout.addWidget(self.tools)
        layout.addWidget(self.deck, 1)
        layout.addWidget(self.window_tools)
        self.setFocusProxy(self.deck.main.canvas)
        if not self.deck.has_volumes:
            for tool in (self.tools.one, self.tools.three, self.tools.plane, self.tools.crosshair):
                tool.hide()
        self.tools.header.setVisible(self._load_header is not None)

    def _connect(self) -> None:
        deck, tools = self.deck, self.tools
        deck.native_read.connect(self.grey.take)
        deck.shown.connect(self._show)
        deck.pointed.connect(self._show_pointed)
        deck.changed.connect(self._show_layout)
        for pane in deck.panes:
            pane.canvas.menu_wanted.connect(self._open_menu)
        tools.one.clicked.connect(lambda: deck.set_plane(deck.wanted_plane))
        tools.three.clicked.connect(lambda: deck.set_three(True))
        tools.plane_chosen.connect(deck.set_plane)
        tools.crosshair.clicked.connect(deck.show_cross)
        tools.invert.toggled.connect(self.grey.invert)
        tools.fit.clicked.connect(self.fit)
        tools.play.clicked.connect(self.cine.play)
        self.times.found.connect(self._show_times)
        tools.time.valueChanged.connect(lambda number: self.go_to_time(number - 1))
        tools.speed.valueChanged.connect(self.cine.set_speed)
        tools.mouse.chosen.connect(self.set_mouse)
        tools.header.clicked.connect(self.open_header)
        self.cine.toggled.connect(self._show_playing)
        self.grey.changed.connect(self._show_texts)

    def _enable(self, on: bool) -> None:
        for tools in (self.tools, self.window_tools):
            tools.setEnabled(on)

    def _show_warnings(self, warnings: Sequence[str]) -> None:
        self.warnings.setText("\n".join(warnings))
        self.warnings.setVisible(bool(warnings))

    # Keys and menu

    def _look_key(self, key: Qt.Key, event: QKeyEvent) -> bool:
        """Scrolling, moving, zooming and windows. Returns whether the key meant one of them."""
        canvas, pane, digit = self.deck.active.canvas, self.deck.active, key - Key.Key_0
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and key in PANS:
            canvas.pan(PANS[key])
        elif key in JUMPS:
            pane.go_to(pane.index + JUMPS[key])
        elif key in ZOOMS:
            canvas.zoom(ZOOMS[key])
        elif 0 <= digit <= len(self.grey.choices) and digit < 10:
            self.grey.choose(digit)
        else:
            return False
        return True

    def _tool_key(self, key: Qt.Key) -> bool:
        keys: dict[Qt.Key, Callable[[], object]] = {
            Key.Key_I: self.tools.invert.toggle,
            Key.Key_F: self.fit,
            Key.Key_Space: lambda: self.cine.play(not self.cine.is_playing),
            Key.Key_C: self.tools.crosshair.click,
            Key.Key_H: self.tools.header.click,
            Key.Key_Comma: lambda: self._step_time(-1),
            Key.Key_Period: lambda: self._step_time(1),
        }
        found = keys.get(key)
        if found is not None:
            found()
        return found is not None

    def _open_menu(self, place: QPoint) -> None:
        """What the tools offer, where the mouse is."""
        menu = QMenu(self)
        menu.addAction("Fit", self.fit)
        menu.addAction("Invert", self.tools.invert.toggle)
        if self.tools.three.isEnabled() and self.deck.has_volumes:
            other = "One plane" if self.deck.is_three else "Three planes"
            menu.addAction(other, (self.tools.one if self.deck.is_three else self.tools.three).click)
        menu.addSeparator()
        menu.addAction("As proposed", self.reset_window)
        for number, choice in enumerate(self.grey.choices, 1):
            menu.addAction(choice.name, partial(self.grey.choose, number))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    # Showing

    def _show(self, pane: PlanePane, image: SliceImage) -> None:
        if pane is self.deck.main or self._fresh:
            self.grey.proposed = image.default_window
        if self._fresh:
            self._fresh = False
            self.reset_window()
        self._show_texts()
        if pane is self.deck.main:
            self.slice_changed.emit(pane.index)
            self._follow_header()

    def _show_layout(self) -> None:
        deck = self.deck
        self.tools.show_layout(deck.is_three, deck.wanted_plane, deck.planes.refusal)
        self.tools.crosshair.setChecked(deck.cross_is_shown)
        self.tools.play.setEnabled(deck.main.count > 1 or len(self.times.members) > 1)
        self._show_texts()

    def _show_playing(self, on: bool) -> None:
        self.tools.play.setChecked(on)
        self.tools.play.setText("Stop" if on else "Play")

    def _show_times(self) -> None:
        self.tools.show_times(self.times.number_of(self.series), len(self.times.members))
        self._show_layout()

    def _swap(self, series: Series) -> None:
        self.series = series
        self.deck.swap(series)
        self._show_times()

    def _step_time(self, by: int) -> None:
        self.go_to_time((self.times.number_of(self.series) or 0) + by)

    def _next_picture(self) -> None:
        """Play through time where there are times, else through the slices."""
        pane = self.deck.active
        if self.times.members:
            self._step_time(1)
        else:
            pane.go_to((pane.index + 1) % max(1, pane.count))

    def _show_pointed(self, pane: PlanePane, row: int, column: int) -> None:
        if self.series is not None:
            read_out.show_pixel(pane, self.series, (row, column), self.deck.point(pane, row, column))

    def _show_texts(self) -> None:
        for pane in self.deck.visible_panes():
            read_out.show_place(pane, self.series, self.deck.point(pane, 0, 0), is_main=pane is self.deck.main)

    # Header

    def open_header(self) -> None:
        """The header of the file shown, in a window that follows the slice."""
        if self.header_view is None:
            self.header_view = HeaderView(self)
        self.header_view.show()
        self._follow_header()

    def _follow_header(self) -> None:
        view, load, series = self.header_view, self._load_header, self.series
        if view is None or not view.isVisible() or load is None or series is None:
            return
        index = self.deck.native_index()
        name = PurePath(series.instances[index].path).name

        def show(lines: Sequence[HeaderLine]) -> None:
            view.show_lines(lines, name)

        def fail(error: UnderstudyError) -> None:
            view.show_error(error)

        self._bridge.run_in_background(lambda: load(series.key, index), show, failed=fail, lane=f"header-{id(self)}")
