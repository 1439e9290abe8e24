"""The list of what a training can begin with; its last two entries ask for something on disk."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

from app.ui.theme import SPACE
from app.ui.view_models.begin_with import Beginning

FILE, FOLDER = "Model file or bundle as ZIP…", "Folder of a bundle or training…"
TITLE_PX, DETAIL_PX = 320, 400
"""Widths of what a run is called and of what it learnt: the opened list may be wider than its column, not endless."""
_ROOM = 48
"""Pixels beside the longest entry: margins and a scroll bar."""


class BeginWithList(QComboBox):
    """Begins closed on its first entry; arrow keys and the wheel pass no dialog, only the opened list asks for one.

    Signals:
        chosen(Beginning): the person chose another entry.
        file_wanted(), folder_wanted(): the person wants to choose on disk.
    """

    chosen = Signal(object)
    file_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Begin with")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(10)
        self._shown = 0
        self._opened = False
        self.activated.connect(self._activated)

    def fill(self, offers: Sequence[Beginning], chosen: Beginning) -> None:
        """Offer these, ``chosen`` among them or after them; silently."""
        offers = [*offers, *([] if chosen in offers else [chosen])]
        self.clear()
        for one in offers:
            self.addItem(self._named(one), one)
            tip = "\n".join(filter(None, (one.title, one.detail)))
            self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.insertSeparator(self.count())
        self.addItem(FILE)
        self.addItem(FOLDER)
        self._show(offers.index(chosen))

    def showPopup(self) -> None:
        """Open the list, as wide as its entries."""
        self._opened = True
        self.view().setMinimumWidth(max(self.width(), self.view().sizeHintForColumn(0) + _ROOM))
        super().showPopup()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The closed list; what is too long ends in "…"."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        style, part = self.style(), QStyle.SubControl.SC_ComboBoxEditField
        field = style.subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self)
        inside = field.width() - 2 * SPACE
        option.currentText = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, inside)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A key on the closed list."""
        self._opened = False
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel over the closed list."""
        self._opened = False
        super().wheelEvent(event)

    def _named(self, begin: Beginning) -> str:
        """Its title and, for a run, what it learnt; shortened so that the date and the time of learning stay."""
        elided = self.fontMetrics().elidedText
        title = elided(begin.title, Qt.TextElideMode.ElideMiddle, TITLE_PX)
        detail = elided(begin.detail, Qt.TextElideMode.ElideRight, DETAIL_PX)
        return f"{title} · {detail}" if begin.classes else title

    def _show(self, place: int) -> None:
        self._shown = place
        self.setCurrentIndex(place)
        self.setToolTip(self.itemData(place, Qt.ItemDataRole.ToolTipRole))

    def _activated(self, place: int) -> None:
        begin = self.itemData(place)
        if isinstance(begin, Beginning):
            self._show(place)
            self.chosen.emit(begin)
            return
        asked = self.itemText(place)
        self._show(self._shown)
        if self._opened:
            (self.file_wanted if asked == FILE else self.folder_wanted).emit()
