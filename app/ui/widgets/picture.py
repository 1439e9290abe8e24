"""One picture on a near-black ground, as large as the room allows; grey levels are judged here, so no theme colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import tokens


def grey_image(pixels: npt.NDArray[np.uint8]) -> QImage:
    """8-bit grey pixels (rows, columns) as a picture of its own memory; safe on any thread."""
    rows, columns = pixels.shape
    held = np.ascontiguousarray(pixels)
    return QImage(held.tobytes(), columns, rows, columns, QImage.Format.Format_Grayscale8).copy()


def grey_pixels(path: Path) -> npt.NDArray[np.uint8]:
    """8-bit grey pixels (rows, columns) of a picture file; a black speck where the file is gone."""
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_Grayscale8)
    if image.isNull():
        return np.zeros((1, 2), np.uint8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].copy()


def fitted(picture: QSize, room: QRect) -> QRect:
    """The largest rectangle of the picture's shape, centred in ``room``."""
    size = picture.scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
    corner = room.center() - QRect(0, 0, size.width(), size.height()).center()
    return QRect(corner, size)


class Picture(QWidget):
    """Shows one picture, or a sentence where there is none."""

    def __init__(self, empty: str = "") -> None:
        super().__init__()
        self._image = QImage()
        self._empty = empty
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def image(self) -> QImage:
        """What is shown; null where nothing is."""
        return self._image

    def sizeHint(self) -> QSize:
        """Square and comfortable; the layout decides."""
        return QSize(320, 320)

    def set_image(self, image: QImage) -> None:
        """Show ``image``; a null one shows the sentence."""
        self._image = image
        self.update()

    def set_empty(self, text: str) -> None:
        """Say something else where there is no picture."""
        self._empty = text
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Ground, then the picture fitted in, or the sentence."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens().image))
        if self._image.isNull():
            painter.setPen(QColor(tokens().on_image))
            inside = self.rect().adjusted(16, 16, -16, -16)
            painter.drawText(inside, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(fitted(self._image.size(), self.rect()), self._image)
        painter.end()
