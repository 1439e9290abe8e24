"""Paints one slice as a radiologist expects it: true proportions, patient's sides, grey levels by the mouse.

Knows pixels, a window and a place in the widget; nothing of series, files or other panes. Grey levels are computed
in place into one picture that is used again.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QRegion, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.mouse_profiles import PROFILES, SHIFT, Does, MouseProfile
from app.ui.theme import tokens
from app.ui.widgets import overlay
from app.ui.widgets.placing import Placing

DRAG_SPAN = 400.0
"""Pixels of dragging that change the centre by the window's width; width and zoom double in about a third of it."""
DRAG_SCROLL = 8.0
"""Pixels of dragging for one slice."""
WHEEL_STEP = 120
ZOOM_STEP = 1.2


class SliceCanvas(QWidget):
    """A slice with its window.

    Signals:
        window_changed(low, high): the person dragged.
        scrolled(int): wheel steps, positive towards later slices.
        pointed(row, column): the pixel under the cursor; (-1, -1) outside the slice.
        crossed(row, column): the person put the crosshair here; in pixels, fractions of them too.
        alone_wanted(): double click.
        menu_wanted(QPoint): where, on the screen.
        entered(): the keyboard is here now.
    """

    window_changed = Signal(float, float)
    scrolled = Signal(int)
    pointed = Signal(int, int)
    crossed = Signal(float, float)
    alone_wanted = Signal()
    menu_wanted = Signal(QPoint)
    entered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumSize(120, 100)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.profile: MouseProfile = PROFILES[0]
        self.window_limits = (0.0, 1.0)
        self.inverted = False
        self.texts = ["", "", "", ""]
        self.sides = ("", "", "", "")
        self.notice = ""
        self.cross: tuple[float, float] | None = None
        self.placing = Placing()
        self._pixels: NDArray[np.float32] | None = None
        self._has_scale = False
        self._drawn: tuple[QImage, int] | None = None
        self._shades: object = None
        self._drag: tuple[QPointF, QPointF, Does] | None = None
        self._moved = False
        self._pointer: QPointF | None = None
        self._wheel = 0
        self._dragged = 0.0

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(512, 512)

    def show_slice(self, pixels: NDArray[np.float32] | None, spacing_mm: tuple[float, float] | None = None) -> None:
        """Show ``pixels`` (rows, columns) with (row, column) spacing; ``None`` for nothing. Zoom and place stay."""
        self._pixels, self._has_scale, self._drawn = pixels, spacing_mm is not None, None
        if pixels is not None:
            self.placing.rows, self.placing.columns = pixels.shape
            self.placing.spacing = spacing_mm or (1.0, 1.0)
        self._point()
        self.update()

    @property
    def has_slice(self) -> bool:
        """Whether a slice is shown."""
        return self._pixels is not None

    def set_window(self, low: float, high: float) -> None:
        """Grey levels: ``low`` is black, ``high`` white (the reverse where ``inverted``)."""
        self.window_limits = (low, high)
        self._drawn = None
        self.update()

    def set_inverted(self, inverted: bool) -> None:
        """Black bones instead of white ones, and back."""
        self.inverted, self._drawn = inverted, None
        self.update()

    def set_texts(self, *corners: str) -> None:
        """Texts in the corners: top left, top right, bottom left, bottom right."""
        if self.texts != list(corners):
            self.texts = list(corners)
            self.update()

    def set_sides(self, sides: tuple[str, str, str, str]) -> None:
        """Letters of the patient's sides at left, right, top and bottom; "" where unknown."""
        self.sides = sides
        self.update()

    def set_cross(self, place: tuple[float, float] | None) -> None:
        """Where the crosshair is, as (row, column); ``None`` for no crosshair."""
        if self.cross == place:
            return
        for one in (self.cross, place):  # only the lines are painted anew, not the slice below them
            if one is not None:
                where = self.placing.widget_point(*one, QSizeF(self.size()))
                for line in overlay.cross_lines(self.rect(), where):
                    self.update(line.normalized().adjusted(-1, -1, 1, 1))
        self.cross = place

    def set_notice(self, text: str) -> None:
        """A sentence in the middle instead of a picture; "" takes it away."""
        self.notice = text
        self.update()

    def fit(self) -> None:
        """The whole slice again."""
        self.placing.fit()
        self._view_changed()

    def zoom(self, factor: float, around: QPointF | None = None) -> None:
        """Zoom by ``factor``; the point ``around`` stays, the middle unless said otherwise."""
        self.placing.zoom_at(around or QPointF(self.rect().center()), factor, QSizeF(self.size()))
        self._view_changed()

    def pan(self, move: QPointF) -> None:
        """Move the picture by pixels of the widget."""
        self.placing.pan(move, QSizeF(self.size()))
        self._view_changed()

    def picture_rect(self) -> QRectF:
        """Where the slice is drawn; empty where there is none."""
        return QRectF() if self._pixels is None else self.placing.rect(QSizeF(self.size()))

    def pixel_at(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) under a point of the widget; ``None`` outside the slice."""
        if self._pixels is None or not self.picture_rect().contains(point):
            return None
        row, column = self.placing.picture_point(point, QSizeF(self.size()))
        rows, columns = self._pixels.shape
        return min(rows - 1, max(0, round(row))), min(columns - 1, max(0, round(column)))

    def value_at(self, row: int, column: int) -> float:
        """The value of a pixel of the slice shown. Raises ``IndexError`` outside it."""
        if self._pixels is None:
            raise IndexError((row, column))
        return float(self._pixels[row, column])

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Slice, letters, scale, crosshair and corner texts."""
        painter = QPainter(self)
        covered = QRect() if self.notice or self._pixels is None else self.picture_rect().toAlignedRect()
        around = QRegion(self.rect()).subtracted(QRegion(covered.adjusted(1, 1, -1, -1)))
        painter.setClipRegion(around)  # what the slice covers need not be filled
        painter.fillRect(self.rect(), QColor(tokens().image))
        painter.setClipping(False)
        if self.notice:
            painter.setPen(QColor(tokens().on_image))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(24, 24, -24, -24), int(flags), self.notice)
        elif self._pixels is not None:
            self._paint_slice(painter, self._pixels)
        painter.end()

    def _paint_slice(self, painter: QPainter, pixels: NDArray[np.float32]) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size, area = QSizeF(self.size()), self.rect()
        painter.drawImage(self.picture_rect(), self._grey(pixels))
        if self.cross is not None:
            overlay.crosshair(painter, area, self.placing.widget_point(*self.cross, size))
        overlay.letters(painter, area, self.sides)
        if self._has_scale:
            overlay.scale(painter, area, self.placing.scale(size))
        overlay.corners(painter, area, self.texts)

    def _grey(self, pixels: NDArray[np.float32]) -> QImage:
        """The slice in grey; one that is drawn at less than half its size is averaged down first."""
        factor = max(1, int(1 / max(1e-6, self._drawn_share())))
        if self._drawn is None or self._drawn[1] != factor:
            from app.imaging.windowing import Shades, reduced

            if not isinstance(self._shades, Shades):
                self._shades = Shades()
            low, high = self.window_limits
            words = self._shades.fill(reduced(pixels, factor), *((high, low) if self.inverted else (low, high)))
            rows, columns = words.shape
            self._drawn = (QImage(words.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32), factor)
        return self._drawn[0]

    def _drawn_share(self) -> float:
        """Device pixels of the screen for one pixel of the slice, along the axis with more of them."""
        rect, ratio = self.picture_rect(), self.devicePixelRatioF()
        return max(rect.width() / self.placing.columns, rect.height() / self.placing.rows) * ratio

    def _view_changed(self) -> None:
        self._point()
        self.update()

    # Mouse

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Keys go to this pane from now on."""
        super().focusInEvent(event)
        self.entered.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll or zoom; high-resolution wheels add up to whole slices."""
        turned = event.angleDelta().y() or event.angleDelta().x()  # Alt turns the wheel sideways on some systems
        if self.profile.turn(event.modifiers()) is Does.ZOOM:
            self.zoom(ZOOM_STEP ** (turned / WHEEL_STEP), event.position())
        else:
            self._wheel -= turned
            steps = math.trunc(self._wheel / WHEEL_STEP)
            self._wheel -= steps * WHEEL_STEP
            if steps:
                self.scrolled.emit(steps)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin what the profile says of this button."""
        if self._pixels is None or self._drag is not None:
            return
        does = self.profile.drag(event.button(), event.modifiers())
        self._drag, self._moved, self._dragged = (event.position(), event.position(), does), False, 0.0
        if does is Does.CROSSHAIR:
            self._put_cross(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it; without a button, read the value, and with Shift take the crosshair along."""
        self._pointer = event.position()
        self._point()
        if self._drag is not None:
            start, last, does = self._drag
            far = (event.position() - start).manhattanLength() >= QApplication.startDragDistance()
            self._moved = self._moved or far
            if self._moved or does is Does.CROSSHAIR:
                self._drag = (start, event.position(), does)
                self._go_on(does, start, event.position() - last)
        elif event.modifiers() & SHIFT and not event.buttons():
            self._put_cross(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """What was changed stays; a click without a drag puts the crosshair, or opens the menu."""
        drag, self._drag = self._drag, None
        if drag is None or self._moved:
            return
        if drag[2] is Does.MENU:
            self.menu_wanted.emit(event.globalPosition().toPoint())
        elif event.button() == Qt.MouseButton.LeftButton:
            self._put_cross(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """This plane alone, or all of them again."""
        self._drag = None
        if event.button() == Qt.MouseButton.LeftButton:
            self.alone_wanted.emit()

    def leaveEvent(self, event: object) -> None:
        """Nothing is under the cursor any more."""
        self._pointer = None
        self._point()

    def _go_on(self, does: Does, start: QPointF, move: QPointF) -> None:
        if does is Does.WINDOW:
            self._drag_window(move)
        elif does is Does.PAN:
            self.pan(move)
        elif does is Does.ZOOM:
            self.zoom(math.exp(-move.y() / DRAG_SPAN * 3), start)
        elif does is Does.SCROLL:
            self._drag_slices(move.y())
        elif does is Does.CROSSHAIR and self._pointer is not None:
            self._put_cross(self._pointer)

    def _drag_window(self, move: QPointF) -> None:
        """Right widens the window; up makes the picture brighter, or darker where the profile says so."""
        low, high = self.window_limits
        width = (high - low) * math.exp(move.x() / DRAG_SPAN * 2)
        sign = 1.0 if self.profile.up_is_brighter else -1.0
        centre = (low + high) / 2 + sign * move.y() / DRAG_SPAN * (high - low)
        self.set_window(centre - width / 2, centre + width / 2)
        self.window_changed.emit(*self.window_limits)

    def _drag_slices(self, down: float) -> None:
        self._dragged += down
        steps = math.trunc(self._dragged / DRAG_SCROLL)
        self._dragged -= steps * DRAG_SCROLL
        if steps:
            self.scrolled.emit(steps)

    def _put_cross(self, point: QPointF) -> None:
        if self.pixel_at(point) is not None:
            self.crossed.emit(*self.placing.picture_point(point, QSizeF(self.size())))

    def _point(self) -> None:
        where = None if self._pointer is None else self.pixel_at(self._pointer)
        self.pointed.emit(*(where or (-1, -1)))
