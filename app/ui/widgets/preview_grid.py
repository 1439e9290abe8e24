"""The same few pictures drawn again and again while a model learns, with a slider back to the first ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QSlider, QVBoxLayout, QWidget

from app.ui.job_bridge import JobBridge
from app.ui.widgets.picture import Picture
from app.ui.widgets.section import label, row

WAITING = "The first pictures appear here shortly after training starts."


class PreviewGrid(QWidget):
    """Shows one preview of a run's history; follows the newest while the slider stands at its end."""

    def __init__(self, bridge: JobBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._history: list[tuple[int, Path]] = []
        self.picture = Picture(WAITING)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Earlier and later previews")
        self.slider.setToolTip("Drag to see how the same pictures looked earlier")
        self.slider.valueChanged.connect(self._load)
        self.caption = label("", "small")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.picture, 1)
        layout.addLayout(row(self.slider, self.caption))
        self._arrange()

    def set_history(self, history: Sequence[tuple[int, Path]]) -> None:
        """The previews there are, as (step, file), oldest first."""
        if list(history) == self._history:
            return
        at_end = self.slider.value() >= len(self._history) - 1
        same_run = bool(self._history) and self._history[0] == (history[0] if history else None)
        self._history = list(history)
        place = self.slider.value() if same_run and not at_end else len(self._history) - 1
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(self._history) - 1))
        self.slider.setValue(max(0, place))
        self.slider.blockSignals(False)
        self._load()

    def _arrange(self) -> None:
        self.slider.setVisible(len(self._history) > 1)
        if not self._history:
            self.caption.setText("")
            return
        place = self.slider.value()
        self.caption.setText(f"Preview {place + 1} of {len(self._history)}, after {self._history[place][0]:,} steps")

    def _load(self) -> None:
        self._arrange()
        lane = f"preview {id(self)}"
        if not self._history:
            self._bridge.cancel_lane(lane)
            self.picture.set_image(QImage())
            return
        path = str(self._history[self.slider.value()][1])
        self._bridge.run_in_background(lambda: QImage(path), self.picture.set_image, lane=lane)
