"""A list of two-line entries (a title and a detail), as the rooms show runs, sample sets and past exports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from app.ui.theme import SPACE, tokens

_DETAIL = Qt.ItemDataRole.UserRole + 1
_TONE = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True, slots=True)
class Line:
    """One entry; ``tone`` is a token name that colours the mark before the title ("good", "caution", "bad", "")."""

    id: str
    title: str
    detail: str
    tone: str = ""


class Lines(QListWidget):
    """Entries to choose one of.

    Signals:
        chosen(id): the person, or ``choose``, moved to another entry.
    """

    chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setItemDelegate(_TwoLines(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.currentItemChanged.connect(self._moved)

    def set_lines(self, lines: Iterable[Line]) -> None:
        """Show these; the chosen entry stays chosen where it still exists, silently."""
        kept = self.chosen_id()
        self.blockSignals(True)
        self.clear()
        for line in lines:
            item = QListWidgetItem(line.title)
            item.setData(Qt.ItemDataRole.UserRole, line.id)
            item.setData(_DETAIL, line.detail)
            item.setData(_TONE, line.tone)
            item.setToolTip(f"{line.title}\n{line.detail}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{line.title}, {line.detail}")
            self.addItem(item)
        self._select(kept)
        self.blockSignals(False)

    def ids(self) -> list[str]:
        """Ids in the order shown."""
        return [str(self.item(place).data(Qt.ItemDataRole.UserRole)) for place in range(self.count())]

    def chosen_id(self) -> str:
        """Id of the chosen entry, "" for none."""
        item = self.currentItem()
        return "" if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def choose(self, line_id: str) -> None:
        """Choose an entry that is shown."""
        self._select(line_id)

    def _select(self, line_id: str) -> None:
        ids = self.ids()
        if line_id in ids:
            self.setCurrentRow(ids.index(line_id))

    def _moved(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(str(item.data(Qt.ItemDataRole.UserRole)))


class _TwoLines(QStyledItemDelegate):
    """Title above detail, both shortened at the end; the mark before the title repeats what the detail says."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Two lines of text and some air."""
        return QSize(120, 2 * option.fontMetrics.height() + 2 * SPACE)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Ground by the style, text by hand."""
        self.initStyleOption(option, index)
        title, option.text = option.text, ""
        widget = option.widget
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        colours = tokens()
        height = option.fontMetrics.height()
        inside = option.rect.adjusted(SPACE, SPACE, -SPACE, 0)
        tone = str(index.data(_TONE) or "")
        if tone:
            painter.save()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(getattr(colours, tone)))
            painter.drawEllipse(QRect(inside.left(), inside.top() + height // 2 - 4, 8, 8))
            painter.restore()
            inside.setLeft(inside.left() + 14)
        for text, colour, top in ((title, colours.text, 0), (str(index.data(_DETAIL)), colours.muted, height)):
            painter.setPen(QColor(colour))
            place = QRect(inside.left(), inside.top() + top, inside.width(), height)
            shown = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, inside.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
