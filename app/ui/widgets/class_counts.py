"""Images per class and split as a table with bars, and the patients behind them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from app.ui.theme import SPLIT_COLOURS, tokens

HEADERS = ("Class", "", "Train", "Val", "Test")
TIPS = (
    "",
    "Share of images per split",
    "Learnt from",
    "Watched during training",
    "Kept unseen until the review",
)
ROW = 28


class Bar(QWidget):
    """Train, val and test of one class side by side; the longest class fills the width."""

    def __init__(self, parts: Sequence[int], longest: int) -> None:
        super().__init__()
        self._parts = parts
        self._longest = max(1, longest)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Three rectangles."""
        painter = QPainter(self)
        left = 4.0
        scale = (self.width() - 8) / self._longest
        for part, colour in zip(self._parts, SPLIT_COLOURS, strict=True):
            painter.fillRect(QRectF(left, self.height() / 2 - 5, part * scale, 10), QColor(colour))
            left += part * scale
        painter.end()


class ClassCounts(QTableWidget):
    """One row a class, and one row of patients."""

    def __init__(self) -> None:
        super().__init__(0, len(HEADERS))
        self.setAccessibleName("Images per class and split")
        self.setHorizontalHeaderLabels(list(HEADERS))
        for column, tip in enumerate(TIPS):
            header = self.horizontalHeaderItem(column)
            if header is not None:
                header.setToolTip(tip)
                side = Qt.AlignmentFlag.AlignRight if column > 1 else Qt.AlignmentFlag.AlignLeft
                header.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        self.setMinimumHeight(120)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(0, 170)
        for column in (2, 3, 4):
            self.setColumnWidth(column, 72)

    def show_rows(self, rows: Sequence[tuple[str, int, int, int]], patients: tuple[int, int, int] | None) -> None:
        """Show (class, train, val, test) rows; ``patients`` per split, ``None`` where the sources name none."""
        self.setVisible(bool(rows))
        self.setRowCount(len(rows) + bool(rows))
        longest = max((sum(parts) for _name, *parts in rows), default=0)
        for number, (name, *parts) in enumerate(rows):
            self._fill(number, name, [f"{part:,}" for part in parts])
            self.setCellWidget(number, 1, Bar(parts, longest))
        if rows:
            figures = [f"{who:,}" for who in patients] if patients else ["", "", ""]
            self._fill(len(rows), "Patients" if patients else "Patients are not known", figures, muted=True)
            self.removeCellWidget(len(rows), 1)
        self.setMaximumHeight(self.horizontalHeader().height() + ROW * max(2, self.rowCount()) + 4)

    def _fill(self, number: int, name: str, figures: Sequence[str], *, muted: bool = False) -> None:
        first = QTableWidgetItem(name)
        first.setToolTip(name)
        cells = [QTableWidgetItem(text) for text in figures]
        for column, cell in enumerate(cells, start=2):
            cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(number, column, cell)
        if muted:
            for cell in (first, *cells):
                cell.setForeground(QColor(tokens().muted))
        self.setItem(number, 0, first)
