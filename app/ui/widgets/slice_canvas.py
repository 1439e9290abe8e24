"""Paints one slice as a radiologist expects it: true proportions, grey levels by dragging, values under the cursor.

Knows pixels and a window, nothing of series or files. Windowing is done with plain arithmetic and a grey QImage,
which costs under a millisecond for a CT slice.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.ui.theme import tokens

DRAG_SPAN = 400.0
"""Pixels of dragging that change the window by its own width."""
WHEEL_STEP = 120


class SliceCanvas(QWidget):
    """A slice with its window.

    Signals:
        window_changed(low, high): the person dragged.
        scrolled(int): wheel steps, positive towards later slices.
        pointed(str): what is under the cursor ("x 12, y 40: 51"), "" outside.
        reset_wanted(): double click.
    """

    window_changed = Signal(float, float)
    scrolled = Signal(int)
    pointed = Signal(str)
    reset_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumSize(160, 160)
        self.window_limits = (0.0, 1.0)
        self.texts = ["", "", "", ""]
        self.notice = ""
        self._pixels: NDArray[np.float32] | None = None
        self._spacing = (1.0, 1.0)
        self._image: QImage | None = None
        self._drag: tuple[QPointF, tuple[float, float]] | None = None
        self._pointer: QPointF | None = None
        self._wheel = 0

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(512, 512)

    def show_slice(self, pixels: NDArray[np.float32] | None, spacing_mm: tuple[float, float] | None = None) -> None:
        """Show ``pixels`` (rows, columns) with (row, column) spacing; ``None`` for nothing."""
        self._pixels = pixels
        self._spacing = spacing_mm or (1.0, 1.0)
        self._image = None
        self._point()
        self.update()

    def set_window(self, low: float, high: float) -> None:
        """Grey levels: ``low`` is black, ``high`` white."""
        self.window_limits = (low, high)
        self._image = None
        self.update()

    def set_texts(self, *corners: str) -> None:
        """Texts in the corners: top left, top right, bottom left, bottom right."""
        self.texts = list(corners)
        self.update()

    def set_notice(self, text: str) -> None:
        """A sentence in the middle instead of a picture; "" takes it away."""
        self.notice = text
        self.update()

    def picture_rect(self) -> QRectF:
        """Where the slice is drawn: as large as it fits, in the proportions of its spacing."""
        if self._pixels is None:
            return QRectF()
        height, width = (n * mm for n, mm in zip(self._pixels.shape, self._spacing, strict=True))
        scale = min(self.width() / width, self.height() / height)
        size = (width * scale, height * scale)
        return QRectF((self.width() - size[0]) / 2, (self.height() - size[1]) / 2, *size)

    def pixel_at(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) under a point of the widget; ``None`` outside the slice."""
        rect = self.picture_rect()
        if self._pixels is None or not rect.contains(point):
            return None
        rows, columns = self._pixels.shape
        row = int((point.y() - rect.top()) / rect.height() * rows)
        column = int((point.x() - rect.left()) / rect.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Slice and corner texts."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens().image))
        if self.notice:
            painter.setPen(QColor(tokens().on_image))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(32, 32, -32, -32), int(flags), self.notice)
        elif self._pixels is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.picture_rect(), self._grey(self._pixels))
            self._paint_texts(painter)
        painter.end()

    def _grey(self, pixels: NDArray[np.float32]) -> QImage:
        if self._image is None:
            from app.imaging.windowing import to_uint8

            grey = to_uint8(pixels, *self.window_limits)
            rows, columns = grey.shape
            self._image = QImage(grey.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()
        return self._image

    def _paint_texts(self, painter: QPainter) -> None:
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        top, bottom = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
        inside = self.rect().adjusted(10, 8, -10, -8)
        places = (left | top, right | top, left | bottom, right | bottom)
        for text, place in zip(self.texts, places, strict=True):
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, inside.width() * 6 // 10)
            for shift, colour in ((1, "#000000"), (0, tokens().on_image)):
                painter.setPen(QColor(colour))
                painter.drawText(inside.translated(shift, shift), place, shown)

    # Mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll through the slices; high-resolution wheels add up to whole steps."""
        self._wheel -= event.angleDelta().y()
        steps = math.trunc(self._wheel / WHEEL_STEP)
        if steps:
            self._wheel -= steps * WHEEL_STEP
            self.scrolled.emit(steps)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag the window."""
        if event.button() == Qt.MouseButton.LeftButton and self._pixels is not None:
            self._drag = (event.position(), self.window_limits)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Right widens the window, up makes the picture brighter; without a button, read the value."""
        self._pointer = event.position()
        if self._drag is None:
            self._point()
            return
        start, (low, high) = self._drag
        move = event.position() - start
        width = (high - low) * math.exp(move.x() / DRAG_SPAN * 2)
        centre = (low + high) / 2 + move.y() / DRAG_SPAN * (high - low)
        self.set_window(centre - width / 2, centre + width / 2)
        self.window_changed.emit(*self.window_limits)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """The window stays as it is."""
        self._drag = None

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Back to the window that the images propose."""
        self._drag = None
        self.reset_wanted.emit()

    def leaveEvent(self, event: object) -> None:
        """Nothing is under the cursor any more."""
        self._pointer = None
        self._point()

    def _point(self) -> None:
        where = None if self._pointer is None else self.pixel_at(self._pointer)
        if where is None or self._pixels is None:
            self.pointed.emit("")
            return
        value = float(self._pixels[where])
        self.pointed.emit(f"x {where[1]}, y {where[0]}: {value:.4g}")
