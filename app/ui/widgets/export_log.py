"""What left the project before, and whether the log of it still holds; a broken log is said loudly."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.theme import SPACE, set_role
from app.ui.widgets.lines import Line, Lines
from app.ui.widgets.section import label

MOST_HEIGHT = 190
HINT = "A double click opens the folder."


class ExportLog(QWidget):
    """The list with a sentence on its chain; hidden while nothing left.

    Signals:
        opened(line's id): double-clicked, or Enter.
    """

    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.chain = label("", "small", wrap=True)
        self.list = Lines("Past exports")
        self.list.itemActivated.connect(lambda item: self.opened.emit(item.data(Qt.ItemDataRole.UserRole)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(label("Past exports", "heading"))
        layout.addWidget(self.chain)
        layout.addWidget(self.list)
        self.hide()

    def show_log(self, lines: Sequence[Line], sentence: str, *, holds: bool) -> None:
        """Show past exports and what checking the chain said."""
        self.list.set_lines(lines)
        self.chain.setText(f"{sentence} {HINT}" if lines else sentence)
        set_role(self.chain, "small" if holds else "bad")
        self.setVisible(bool(lines) or not holds)
        self.list.setVisible(bool(lines))
        wanted = len(lines) * self.list.sizeHintForRow(0) + 2 * self.list.frameWidth() + 4
        self.list.setFixedHeight(min(wanted, MOST_HEIGHT))
