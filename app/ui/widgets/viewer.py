"""The slice viewer: one series, scrolled with wheel, keys or slider, with grey levels by dragging, preset or digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSlider, QVBoxLayout, QWidget

from app.domain.errors import UnderstudyError
from app.domain.recipe import WINDOW_PRESETS
from app.domain.study import Series
from app.ui.job_bridge import JobBridge
from app.ui.theme import SPACE
from app.ui.view_models.library import series_title
from app.ui.widgets.frames import Frames, Load
from app.ui.widgets.section import button, label, roomy, row
from app.ui.widgets.slice_canvas import SliceCanvas

if TYPE_CHECKING:
    from app.imaging.slices import SliceImage

PAGE = 10
JUMPS = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -PAGE,
    Qt.Key.Key_PageDown: PAGE,
    Qt.Key.Key_Home: -(10**6),
    Qt.Key.Key_End: 10**6,
}


class SliceViewer(QWidget):
    """Shows a series; the window is proposed by each series and kept while its slices are scrolled.

    Signals:
        slice_changed(int): another slice is on the screen.
    """

    slice_changed = Signal(int)

    def __init__(self, bridge: JobBridge, load: Load) -> None:
        super().__init__()
        self.series: Series | None = None
        self.index = 0
        self._default = (0.0, 1.0)
        self._fresh = False
        self._pointed = ""
        self.frames = Frames(bridge, load)
        self.canvas = SliceCanvas()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Slice")
        self.position = label("", "muted")
        self.warnings = label("", "caution", wrap=True)
        self.presets = QComboBox()
        self.presets.setAccessibleName("Window preset")
        self.presets.setPlaceholderText("By hand")
        self.presets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.center, self.width_box = _number("Window centre"), _number("Window width")
        self.width_box.setMinimum(0.001)
        self.reset = button("Reset", "quiet", tip="The window that the images propose (double click, or 0)")
        self._arrange()
        self._connect()
        self.clear()

    def show_series(self, series: Series, index: int | None = None) -> None:
        """Show ``series`` at ``index``, its middle slice unless said otherwise."""
        if self.series is not None and series.key == self.series.key and index is None:
            self._series_grew(series)
            return
        self.frames.forget()
        self.series, self._fresh = series, True
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.warnings.setText("\n".join(series.warnings))
        self.warnings.setVisible(bool(series.warnings))
        self._offer_presets(series)
        self._series_grew(series)
        self.go_to(len(series.instances) // 2 if index is None else index)

    def clear(self) -> None:
        """Show nothing."""
        self.frames.forget()
        self.series = None
        self.canvas.show_slice(None)
        self.canvas.set_notice("")
        self.warnings.hide()
        self.position.setText("")
        for widget in (self.slider, self.presets, self.center, self.width_box, self.reset):
            widget.setEnabled(False)

    def go_to(self, index: int) -> None:
        """Scroll to a slice; beyond the ends stays at the end."""
        if self.series is None or not self.series.instances:
            return
        self.index = max(0, min(index, len(self.series.instances) - 1))
        self.slider.blockSignals(True)
        self.slider.setValue(self.index)
        self.slider.blockSignals(False)
        self._show_position()
        self.frames.want(self.series.key, self.index, len(self.series.instances))

    def set_window(self, low: float, high: float) -> None:
        """Grey levels from ``low`` to ``high``."""
        self.canvas.set_window(low, high)
        for box, value in ((self.center, (low + high) / 2), (self.width_box, high - low)):
            box.blockSignals(True)
            box.setDecimals(0 if high - low > 20 else 3)
            box.setValue(value)
            box.blockSignals(False)
        self._show_texts()

    def reset_window(self) -> None:
        """Back to the window that the slice proposes."""
        self.presets.setCurrentIndex(0)
        self.set_window(*self._default)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and page keys scroll, 0 resets the window, 1 to 7 choose a preset where the values are HU."""
        jump = JUMPS.get(Qt.Key(event.key()))
        digit = event.key() - Qt.Key.Key_0
        if jump is not None:
            self.go_to(self.index + jump)
        elif digit == 0 and self.series is not None:
            self.reset_window()
        elif 0 < digit < self.presets.count():
            self._choose_preset(digit)
        else:
            super().keyPressEvent(event)

    def _arrange(self) -> None:
        self.position.setMinimumWidth(72)
        self.position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        tools = row(
            self.presets,
            label("Centre", "muted"),
            self.center,
            label("Width", "muted"),
            self.width_box,
            self.reset,
            None,
        )
        scroll = row(self.slider, self.position)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.warnings)
        layout.addWidget(self.canvas, 1)
        layout.addLayout(scroll)
        layout.addLayout(tools)

    def _connect(self) -> None:
        self.frames.shown.connect(self._show)
        self.frames.failed.connect(self._show_failure)
        self.slider.valueChanged.connect(self.go_to)
        self.canvas.scrolled.connect(lambda steps: self.go_to(self.index + steps))
        self.canvas.window_changed.connect(self._window_dragged)
        self.canvas.pointed.connect(self._show_pointed)
        self.canvas.reset_wanted.connect(self.reset_window)
        self.reset.clicked.connect(self.reset_window)
        self.presets.activated.connect(self._choose_preset)
        self.center.valueChanged.connect(self._window_typed)
        self.width_box.valueChanged.connect(self._window_typed)
        self.setFocusProxy(self.canvas)

    def _series_grew(self, series: Series) -> None:
        self.series = series
        last = len(series.instances) - 1
        self.slider.setRange(0, max(0, last))
        self.slider.setEnabled(last > 0)
        self.slider.setPageStep(PAGE)
        for widget in (self.presets, self.center, self.width_box, self.reset):
            widget.setEnabled(True)
        self._show_position()

    def _offer_presets(self, series: Series) -> None:
        self.presets.clear()
        self.presets.addItem("As proposed")
        if series.unit == "HU":
            self.presets.addItems([name.capitalize() for name in WINDOW_PRESETS])
        self.presets.setVisible(self.presets.count() > 1)

    def _choose_preset(self, number: int) -> None:
        self.presets.setCurrentIndex(number)
        if number == 0:
            self.set_window(*self._default)
        else:
            center, width = list(WINDOW_PRESETS.values())[number - 1]
            self.set_window(center - width / 2, center + width / 2)

    def _window_dragged(self, low: float, high: float) -> None:
        self.presets.setCurrentIndex(-1)
        self.set_window(low, high)

    def _window_typed(self) -> None:
        self.presets.setCurrentIndex(-1)
        center, width = self.center.value(), self.width_box.value()
        self.canvas.set_window(center - width / 2, center + width / 2)
        self._show_texts()

    def _show(self, index: int, image: SliceImage) -> None:
        self.canvas.set_notice("")
        self._default = image.default_window
        if self._fresh:
            self._fresh = False
            self.reset_window()
        self.canvas.show_slice(image.pixels, image.spacing_mm)
        self._show_texts()
        self.slice_changed.emit(index)

    def _show_failure(self, error: UnderstudyError) -> None:
        self.canvas.show_slice(None)
        self.canvas.set_notice(str(error))

    def _show_position(self) -> None:
        total = len(self.series.instances) if self.series is not None else 0
        self.position.setText(f"{self.index + 1}/{total}" if total else "")
        self.canvas.setAccessibleName(f"Slice {self.index + 1} of {total}" if total else "No slice")
        self._show_texts()

    def _show_pointed(self, text: str) -> None:
        unit = self.series.unit if self.series is not None else ""
        self._pointed = f"{text} {unit}" if text and unit in ("HU", "SUV") else text
        self._show_texts()

    def _show_texts(self) -> None:
        low, high = self.canvas.window_limits
        title = series_title(self.series) if self.series is not None else ""
        shown_window = f"C {(low + high) / 2:.4g}  W {high - low:.4g}"
        self.canvas.set_texts(title, shown_window, self._pointed, self.position.text())


def _number(name: str) -> QDoubleSpinBox:
    box = roomy(QDoubleSpinBox())
    box.setRange(-1e6, 1e6)
    box.setDecimals(0)
    box.setAccessibleName(name)
    box.setKeyboardTracking(False)
    box.setMinimumWidth(84)
    return box
