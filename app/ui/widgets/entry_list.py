"""The Library's list: groups and their series in two lines of text with a thumbnail, tags and a mark for warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.ui.icons import pixmap
from app.ui.theme import tokens
from app.ui.view_models.library import Entry
from app.ui.widgets.grouped_list import INDENT, ROW_ROLE, GroupedList, Index, Row, arrow_rect
from app.ui.widgets.thumbnails import Thumbnails

ROW = 56
PICTURE = 46
CHIP_WIDTH = 90
CHIPS_SHARE = 0.5
"""Part of a line that tags may take; those that do not fit are counted."""


class EntryDelegate(QStyledItemDelegate):
    """Paints arrow, thumbnail, title, tags and detail."""

    def __init__(self, view: GroupedList, thumbnails: Thumbnails) -> None:
        super().__init__(view)
        self._view = view
        self._thumbnails = thumbnails
        self._marks: dict[str, QPixmap] = {}

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Every row is equally high."""
        return QSize(200, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One row."""
        row = cast("Row", index.data(ROW_ROLE))
        entry = cast("Entry", row.node)
        rect: QRect = option.rect
        painter.save()
        self._paint_ground(painter, option, current=index == self._view.currentIndex())
        if entry.children:
            paint_arrow(painter, rect, row)
        left = rect.left() + INDENT + 2 + (INDENT if row.level else 0)
        self._paint_picture(painter, QRect(left, rect.top() + (ROW - PICTURE) // 2, PICTURE, PICTURE), entry)
        text = rect.adjusted(0, 8, -8, -8)
        text.setLeft(left + PICTURE + 10)
        if entry.warnings:
            painter.drawPixmap(rect.right() - 22, rect.top() + 10, self._mark(tokens().caution))
        self._paint_text(painter, text, entry)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, *, current: bool) -> None:
        state: QStyle.StateFlag = option.state
        rect: QRect = option.rect
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(tokens().accent_soft))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens().raised))
        if current:
            painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), QColor(tokens().accent))

    def _paint_text(self, painter: QPainter, text: QRect, entry: Entry) -> None:
        metrics = painter.fontMetrics()
        half = text.height() // 2
        upper, lower = text.adjusted(0, 0, -18 if entry.warnings else 0, -half), text.adjusted(0, half, 0, 0)
        aside = entry.line is not None and bool(entry.line.apart)
        painter.setPen(QColor(tokens().muted if aside else tokens().text))
        title = metrics.elidedText(entry.title, Qt.TextElideMode.ElideMiddle, upper.width())
        painter.drawText(upper, Qt.AlignmentFlag.AlignVCenter, title)
        taken = paint_chips(painter, lower, entry.tags)
        painter.setPen(QColor(tokens().muted))
        room = lower.width() - taken
        detail = metrics.elidedText(entry.detail, Qt.TextElideMode.ElideRight, room)
        painter.drawText(lower.adjusted(0, 0, -taken, 0), Qt.AlignmentFlag.AlignVCenter, detail)

    def _paint_picture(self, painter: QPainter, frame: QRect, entry: Entry) -> None:
        painter.fillRect(frame, QColor(tokens().image))
        picture = self._thumbnails.get(entry.series)
        if picture is None:
            return
        size = picture.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(frame.topLeft(), size)
        place.moveCenter(frame.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(place, picture)

    def _mark(self, colour: str) -> QPixmap:
        """Kept: reading a drawing from its file for every row would be felt while scrolling."""
        if colour not in self._marks:
            self._marks[colour] = pixmap("aside", 14, colour)
        return self._marks[colour]


def paint_arrow(painter: QPainter, rect: QRect, row: Row) -> None:
    """The arrow of a group: to the right while it is closed, down while it is open."""
    place = arrow_rect(rect).adjusted(3, 3, -3, -3)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(place.center())
    if row.opened:
        painter.rotate(90)
    pen = painter.pen()
    pen.setColor(QColor(tokens().muted))
    pen.setWidthF(1.6)
    painter.setPen(pen)
    painter.drawPolyline([*map(_point, ((-2, -4), (2, 0), (-2, 4)))])
    painter.restore()


def paint_chips(painter: QPainter, line: QRect, tags: Sequence[str]) -> int:
    """Small rounded words at the right end of ``line``; returns the width that they take."""
    if not tags:
        return 0
    words = _fitting(painter.fontMetrics(), tags, round(line.width() * CHIPS_SHARE))
    right = line.right()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(tokens().accent))
    painter.setBrush(QColor(tokens().background))
    for word in reversed(words):
        chip = _chip(painter.fontMetrics(), word)
        chip.moveRight(right)
        chip.moveTop(line.center().y() - chip.height() // 2 + 1)
        painter.drawRoundedRect(chip, chip.height() / 2, chip.height() / 2)
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, word)
        right = chip.left() - 5
    painter.restore()
    return line.right() - right + 4


def _fitting(metrics: QFontMetrics, tags: Sequence[str], room: int) -> list[str]:
    """As many as fit beside one another, shortened, and how many more there are; one at least."""
    words = [metrics.elidedText(tag, Qt.TextElideMode.ElideRight, CHIP_WIDTH) for tag in tags]
    shown = len(words)
    while shown > 1 and sum(_chip(metrics, word).width() + 5 for word in _counted(words, shown)) > room:
        shown -= 1
    return _counted(words, shown)


def _counted(words: Sequence[str], shown: int) -> list[str]:
    more = len(words) - shown
    return [*words[:shown], f"+{more}"] if more else list(words)


def _chip(metrics: QFontMetrics, word: str) -> QRect:
    return QRect(0, 0, metrics.horizontalAdvance(word) + 12, metrics.height() + 2)


def _point(place: tuple[int, int]) -> QPointF:
    return QPointF(*place)


class EntryList(GroupedList):
    """The list of studies.

    Signals: as ``GroupedList``; ``current_changed`` gives an ``Entry`` or ``None``.
    """

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__("Studies", ROW)
        self.setItemDelegate(EntryDelegate(self, thumbnails))
        self.setMouseTracking(True)
        thumbnails.ready.connect(self.viewport().update)

    @property
    def entries(self) -> Sequence[Entry]:
        """What is listed, groups closed."""
        return cast("Sequence[Entry]", self.grouped.nodes)

    def selected(self) -> list[Entry]:
        """The selected lines in the order of the list."""
        return cast("list[Entry]", self.nodes_selected())

    def current(self) -> Entry | None:
        """The line that is shown."""
        return cast("Entry | None", self.current_node())
