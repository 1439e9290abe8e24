"""One plane of a series: its canvas, the slider through its slices, and where one is in the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSlider, QVBoxLayout, QWidget

from app.domain.recipe import Plane
from app.ui.view_models.planes import NAMES
from app.ui.widgets.section import label, row
from app.ui.widgets.slice_canvas import SliceCanvas

if TYPE_CHECKING:
    from app.imaging.slices import SliceImage

PAGE = 10
"""Slices that a page key, or a click beside the slider's handle, goes on."""


class PlanePane(QWidget):
    """A canvas with its slider; it asks for slices and shows what it is given.

    Attributes:
        plane, index, count: what it stands at.

    Signals:
        wanted(index): the person scrolled to another slice.
    """

    wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.plane, self.index, self.count = Plane.NATIVE, 0, 0
        self.canvas = SliceCanvas()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setPageStep(PAGE)
        self.position = label("", "muted")
        self.position.setMinimumWidth(64)
        self.position.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.canvas.scrolled.connect(lambda steps: self.go_to(self.index + steps))
        self.slider.valueChanged.connect(self.go_to)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.canvas, 1)
        layout.addLayout(row(self.slider, self.position))
        self.set_stack(Plane.NATIVE, 0)

    def set_stack(self, plane: Plane, count: int) -> None:
        """Stand at a plane with ``count`` slices; the slice is kept where there is one of its number."""
        self.plane, self.count = plane, count
        self.index = max(0, min(self.index, count - 1))
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, count - 1))
        self.slider.blockSignals(False)
        self.slider.setEnabled(count > 1)
        self.slider.setAccessibleName(f"Slice, {NAMES[plane].lower()}")
        self._say()

    def set_index(self, index: int) -> bool:
        """Stand at a slice, the last one where ``index`` is beyond it. Returns whether it is another one."""
        before, self.index = self.index, max(0, min(index, self.count - 1))
        self.slider.blockSignals(True)
        self.slider.setValue(self.index)
        self.slider.blockSignals(False)
        self._say()
        return before != self.index

    def go_to(self, index: int) -> None:
        """Scroll, as the person does."""
        if self.count and self.set_index(index):
            self.wanted.emit(self.index)

    def show_image(self, image: SliceImage) -> None:
        """Show a slice that was asked for."""
        self.canvas.set_notice("")
        self.canvas.show_slice(image.pixels, image.spacing_mm)

    def _say(self) -> None:
        self.position.setText(f"{self.index + 1}/{self.count}" if self.count else "")
        name = NAMES[self.plane]
        self.canvas.setAccessibleName(f"{name}, slice {self.index + 1} of {self.count}" if self.count else "No slice")
