"""A calm message inside a room: what happened and what to do. Never a traceback, never a dialog in the way."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout

from app.domain.errors import Stopped, UnderstudyError
from app.ui.theme import SPACE, set_role
from app.ui.widgets.section import button, label


class InlineMessage(QFrame):
    """Hidden until it has something to say; the person can put it away.

    Signals:
        acted(): the offered button was pressed.
    """

    acted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = label("", wrap=True)
        self.action = button("")
        self.action.clicked.connect(self.acted)
        self._close = button("Dismiss", "quiet")
        self._close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE + 4, SPACE, SPACE, SPACE)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.action)
        layout.addWidget(self._close)
        self.hide()

    def show_text(self, text: str, level: str = "info", *, action: str = "") -> None:
        """Say ``text``; ``level`` is "info", "caution" or "bad"; ``action`` offers one button."""
        self.text.setText(text)
        self.setAccessibleName(text)
        self.action.setText(action)
        self.action.setVisible(bool(action))
        set_role(self, f"message-{level}")
        self.show()

    def show_error(self, error: UnderstudyError) -> None:
        """Say the sentence of ``error``; calmly where the person wanted it so."""
        self.show_text(str(error), "info" if isinstance(error, Stopped) else "bad")
