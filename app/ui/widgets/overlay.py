"""What is painted over a slice: texts in the corners, orientation letters, a scale in millimetres, the crosshair.

Painting only: what the texts and letters say is decided elsewhere.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from app.ui.theme import tokens
from app.ui.widgets.placing import scale_bar_mm

EDGE, GAP = 8, 9
"""Room to the widget's edge, and half the hole in the crosshair's middle, in pixels."""
LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
TOP, BOTTOM = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
CENTRE_H, CENTRE_V = Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignVCenter
VEIL = QColor(0, 0, 0, 120)
CORNERS = (LEFT | TOP, RIGHT | TOP, LEFT | BOTTOM, RIGHT | BOTTOM)
SIDES = (LEFT | CENTRE_V, RIGHT | CENTRE_V, CENTRE_H | TOP, CENTRE_H | BOTTOM)


def corners(painter: QPainter, area: QRect, texts: list[str]) -> None:
    """Texts at top left, top right, bottom left and bottom right; lines that are too long are shortened."""
    inside = area.adjusted(EDGE, EDGE, -EDGE, -EDGE)
    metrics, widest = painter.fontMetrics(), inside.width() * 45 // 100
    for text, place in zip(texts, CORNERS, strict=True):
        lines = (metrics.elidedText(line, Qt.TextElideMode.ElideRight, widest) for line in text.split("\n"))
        _text(painter, inside, place, "\n".join(lines))


def letters(painter: QPainter, area: QRect, sides: tuple[str, str, str, str]) -> None:
    """Letters of the patient's sides at left, right, top and bottom; empty ones are left out."""
    plain = painter.font()
    strong = QFont(plain)
    strong.setBold(True)
    strong.setPointSizeF(plain.pointSizeF() * 1.2)
    painter.setFont(strong)
    inside = area.adjusted(EDGE, EDGE, -EDGE, -EDGE)
    for text, place in zip(sides, SIDES, strict=True):
        _text(painter, inside, place, text)
    painter.setFont(plain)


def scale(painter: QPainter, area: QRect, per_mm: float) -> None:
    """An upright bar at the right edge, at most a quarter of the widget long, with its length."""
    length = scale_bar_mm(area.height() / 4 / per_mm)
    bottom = area.bottom() - EDGE - 2 * painter.fontMetrics().height() - 4
    right, top = area.right() - EDGE - 2, bottom - round(length * per_mm)
    for shift, colour in ((1, QColor("#000000")), (0, QColor(tokens().on_image))):
        painter.fillRect(QRect(right + shift, top + shift, 1, bottom - top), colour)
        for y in (top, bottom):
            painter.fillRect(QRect(right - 5 + shift, y + shift, 6, 1), colour)
    label = QRect(right - 80, top, 72, bottom - top)
    _text(painter, label, RIGHT | CENTRE_V, f"{length:g} mm")


def crosshair(painter: QPainter, area: QRect, place: QPointF) -> None:
    """Lines through ``place`` with a hole in the middle, so that what is pointed at stays visible."""
    colour = QColor(tokens().cross)
    colour.setAlpha(190)
    for line in cross_lines(area, place):
        painter.fillRect(line, colour)


def cross_lines(area: QRect, place: QPointF) -> tuple[QRect, QRect, QRect, QRect]:
    """The lines of the crosshair: left of its hole, right of it, above and below; one pixel thick."""
    x, y = round(place.x()), round(place.y())
    return (
        QRect(area.left(), y, x - GAP - area.left(), 1),
        QRect(x + GAP, y, area.right() - x - GAP + 1, 1),
        QRect(x, area.top(), 1, y - GAP - area.top()),
        QRect(x, y + GAP, 1, area.bottom() - y - GAP + 1),
    )


def _text(painter: QPainter, area: QRect, place: Qt.AlignmentFlag, text: str) -> None:
    """A text on a dark veil, so that it can be read on bright pictures too."""
    if text:
        painter.fillRect(painter.boundingRect(area, int(place), text).adjusted(-3, -1, 3, 1), VEIL)
        painter.setPen(QColor(tokens().on_image))
        painter.drawText(area, int(place), text)
