"""Where a slice lies in its widget: as large as it fits, in true proportions, zoomed and moved by the person.

Plain geometry between picture, millimetres and the widget's pixels; it paints nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSizeF

CLOSEST, FARTHEST = 40.0, 0.2
"""Limits of the zoom, in multiples of the fitting size."""


@dataclass(slots=True)
class Placing:
    """Zoom and the point of the picture that is in the middle of the widget.

    Attributes:
        rows, columns: size of the slice in pixels.
        spacing: (row, column) size of a pixel in millimetres, (1, 1) where unknown.
        zoom: 1 where the whole slice fits.
        shift: from the slice's middle to the point that is shown in the widget's middle, in millimetres.
    """

    rows: int = 1
    columns: int = 1
    spacing: tuple[float, float] = (1.0, 1.0)
    zoom: float = 1.0
    shift: QPointF = field(default_factory=QPointF)

    def fit(self) -> None:
        """The whole slice, in the middle."""
        self.zoom, self.shift = 1.0, QPointF()

    def size_mm(self) -> QSizeF:
        """Width and height of the slice."""
        return QSizeF(self.columns * self.spacing[1], self.rows * self.spacing[0])

    def scale(self, widget: QSizeF) -> float:
        """Pixels of the widget per millimetre."""
        size = self.size_mm()
        return self.zoom * max(1e-9, min(widget.width() / size.width(), widget.height() / size.height()))

    def rect(self, widget: QSizeF) -> QRectF:
        """Where the slice is drawn; larger than the widget where it is zoomed."""
        scale, size = self.scale(widget), self.size_mm() * self.scale(widget)
        middle = QPointF(widget.width() / 2, widget.height() / 2) - self.shift * scale
        return QRectF(middle - QPointF(size.width() / 2, size.height() / 2), size)

    def picture_point(self, point: QPointF, widget: QSizeF) -> tuple[float, float]:
        """(row, column) at a point of the widget, in pixels from the middle of the first one (0.0 is its middle)."""
        rect = self.rect(widget)
        row = (point.y() - rect.top()) / rect.height() * self.rows - 0.5
        return row, (point.x() - rect.left()) / rect.width() * self.columns - 0.5

    def widget_point(self, row: float, column: float, widget: QSizeF) -> QPointF:
        """The inverse of ``picture_point``."""
        rect = self.rect(widget)
        return QPointF(
            rect.left() + (column + 0.5) / self.columns * rect.width(),
            rect.top() + (row + 0.5) / self.rows * rect.height(),
        )

    def zoom_at(self, point: QPointF, factor: float, widget: QSizeF) -> None:
        """Zoom by ``factor``; what is under ``point`` stays there."""
        away = point - QPointF(widget.width() / 2, widget.height() / 2)
        before = self.shift + away / self.scale(widget)
        self.zoom = min(CLOSEST, max(FARTHEST, self.zoom * factor))
        self.shift = before - away / self.scale(widget)

    def pan(self, move: QPointF, widget: QSizeF) -> None:
        """Move the picture by ``move`` pixels of the widget; its edge never leaves the widget's middle."""
        wanted, half = self.shift - move / self.scale(widget), self.size_mm() / 2
        self.shift = QPointF(
            min(half.width(), max(-half.width(), wanted.x())), min(half.height(), max(-half.height(), wanted.y()))
        )


def scale_bar_mm(longest: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not over ``longest``.

    Raises:
        ValueError: ``longest`` is not positive.
    """
    if longest <= 0:
        raise ValueError("a scale bar needs room")
    power = 1.0
    while power > longest:
        power /= 10
    while power * 10 <= longest:
        power *= 10
    return next(step * power for step in (5, 2, 1) if step * power <= longest)
