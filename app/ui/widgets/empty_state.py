"""What an empty room shows: a picture, what this room is for, and the next thing to do."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.ui.icons import pixmap
from app.ui.theme import SPACE, tokens
from app.ui.widgets.section import button, label, row

TEXT_WIDTH = 460
"""Short lines are read more easily; fixed, so that the label knows its height."""


class EmptyState(QWidget):
    """Centred icon, title, sentence and up to two buttons.

    Signals:
        acted(): the first button (primary) was pressed.
        second(): the other one.
    """

    acted = Signal()
    second = Signal()

    def __init__(self, icon: str, title: str, text: str, *, action: str = "", other: str = "") -> None:
        super().__init__()
        self._icon = icon
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = label(title, "heading")
        self.text = label(text, "muted", wrap=True)
        self.text.setFixedWidth(TEXT_WIDTH)
        for piece in (self.title, self.text):
            piece.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.action, self.other = button(action, "primary"), button(other)
        self.action.clicked.connect(self.acted)
        self.other.clicked.connect(self.second)
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACE + 4)
        layout.addStretch(2)
        layout.addWidget(self._picture)
        layout.addWidget(self.title)
        layout.addLayout(row(None, self.text, None))
        layout.addLayout(row(None, self.action, self.other, None))
        layout.addStretch(3)
        self.action.setVisible(bool(action))
        self.other.setVisible(bool(other))

    def show_words(self, title: str, text: str) -> None:
        """Say something else."""
        self.title.setText(title)
        self.text.setText(text)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw the icon in the colours in use."""
        self._draw()
        super().showEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Draw it anew where light became dark."""
        if event.type() == QEvent.Type.PaletteChange and self.isVisible():
            self._draw()
        super().changeEvent(event)

    def _draw(self) -> None:
        self._picture.setPixmap(pixmap(self._icon, 56, tokens().muted))
