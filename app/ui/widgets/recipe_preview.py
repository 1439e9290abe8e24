"""Shows slices exactly as a model will see them, one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.errors import UnderstudyError
from app.domain.recipe import Recipe
from app.ui.job_bridge import JobBridge
from app.ui.theme import SPACE, tokens
from app.ui.widgets.section import ElidedLabel, button, row

Sample = tuple[str, int, str]
LANE = "recipe-preview"
SLOW_MS = 600
"""After this long the picture of before goes: a series in which a face is looked for takes seconds, once."""


class Picture(QWidget):
    """A grey picture as large as it fits, its own pixels visible, on near-black."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._text = ""
        self.setMinimumSize(140, 140)

    def sizeHint(self) -> QSize:
        """Square."""
        return QSize(256, 256)

    def show_picture(self, grey: NDArray[np.uint8]) -> None:
        """Show uint8 (rows, columns)."""
        data = np.ascontiguousarray(grey)
        rows, columns = data.shape
        self._image = QImage(data.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
        self._text = ""
        self.update()

    def show_text(self, text: str) -> None:
        """Say something instead."""
        self._image, self._text = None, text
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Picture or text."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens().image))
        if self._image is not None:
            edge = min(self.width(), self.height())
            painter.drawImage(QRectF((self.width() - edge) / 2, (self.height() - edge) / 2, edge, edge), self._image)
        else:
            painter.setPen(QColor(tokens().on_image))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 16, -16, -16), int(flags), self._text)
        painter.end()


class RecipePreview(QWidget):
    """Pages through samples.

    Args:
        bridge: does the decoding.
        load: picture of (series, index, recipe); called off the GUI thread.

    Signals:
        shown(): a new picture is on the screen.
    """

    shown = Signal()

    def __init__(self, bridge: JobBridge, load: Callable[[str, int, Recipe], NDArray[np.uint8]]) -> None:
        super().__init__()
        self._bridge = bridge
        self._load = load
        self._samples: Sequence[Sample] = ()
        self._recipe = Recipe()
        self.number = 0
        self.picture = Picture()
        self.picture.setAccessibleName("Preview of the recipe")
        self._slow = QTimer(self, singleShot=True, interval=SLOW_MS)
        self._slow.timeout.connect(lambda: self.picture.show_text("Reading the series…"))
        self.caption = ElidedLabel("", "small")
        self.back, self.forth = button("‹", tip="Previous"), button("›", tip="Next")
        self.back.setAccessibleName("Previous image")
        self.forth.setAccessibleName("Next image")
        self.back.clicked.connect(lambda: self.go_to(self.number - 1))
        self.forth.clicked.connect(lambda: self.go_to(self.number + 1))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.picture, 1)
        layout.addLayout(row(self.caption, self.back, self.forth))

    def show_samples(self, samples: Sequence[Sample], recipe: Recipe) -> None:
        """Preview these slices through ``recipe``; stays at its place where it can."""
        self._samples, self._recipe = samples, recipe
        self.go_to(min(self.number, max(0, len(samples) - 1)))

    def go_to(self, number: int) -> None:
        """Show sample ``number``, going round at the ends."""
        some = bool(self._samples)
        self.back.setEnabled(some)
        self.forth.setEnabled(some)
        if not some:
            self._bridge.cancel_lane(LANE)
            self._slow.stop()
            self.caption.setText("")
            self.picture.show_text("No image to preview yet")
            return
        self.number = number % len(self._samples)
        series, index, label = self._samples[self.number]
        recipe = self._recipe
        self.caption.setText(f"{label} · {self.number + 1} of {len(self._samples)} samples")
        self._slow.start()
        self._bridge.run_in_background(
            lambda: self._load(series, index, recipe), self._show, failed=self._fail, lane=LANE
        )

    def _show(self, grey: NDArray[Any]) -> None:
        self._slow.stop()
        self.picture.show_picture(grey)
        self.shown.emit()

    def _fail(self, error: UnderstudyError) -> None:
        self._slow.stop()
        self.picture.show_text(str(error))
