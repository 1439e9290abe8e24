"""A calm message inside a room: what happened and what to do. Never a traceback, never a dialog in the way."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout

from app.domain.errors import Stopped, UnderstudyError
from app.ui.theme import SPACE, set_role
from app.ui.widgets.section import button, label, row

DETAIL_LINES = 9


class InlineMessage(QFrame):
    """Hidden until it has something to say; the person can put it away, open its details and copy them.

    Signals:
        acted(): the offered button was pressed.
    """

    acted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = label("", wrap=True)
        self.action = button("")
        self.action.clicked.connect(self.acted)
        self.unfold = button("Details", "quiet")
        self.unfold.setCheckable(True)
        self.copy = button("Copy", "quiet", tip="Copy the message with its details")
        self._close = button("Dismiss", "quiet")
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setAccessibleName("Details of the message")
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setFixedHeight(DETAIL_LINES * self.details.fontMetrics().lineSpacing() + 2 * SPACE)
        self.unfold.toggled.connect(self.details.setVisible)
        self.copy.clicked.connect(self._copy)
        self._close.clicked.connect(self.hide)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE + 4, SPACE, SPACE, SPACE)
        layout.setSpacing(SPACE)
        line = row(self.text, self.action, self.unfold, self.copy, self._close)
        line.setStretch(0, 1)
        layout.addLayout(line)
        layout.addWidget(self.details)
        self.hide()

    @property
    def lasting(self) -> bool:
        """Whether it holds details, which are worth keeping until they were put away."""
        return not self.isHidden() and bool(self.details.toPlainText())

    def show_text(self, text: str, level: str = "info", *, action: str = "", details: str = "") -> None:
        """Say ``text``; ``level`` is "info", "caution" or "bad".

        Args:
            text: one or two sentences.
            level: how serious it is.
            action: offers one button.
            details: lines that stay folded until somebody asks for them.
        """
        self.text.setText(text)
        self.setAccessibleName(text)
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.details.setPlainText(details)
        self.unfold.setChecked(False)
        self.details.hide()
        for widget in (self.unfold, self.copy):
            widget.setVisible(bool(details))
        set_role(self, f"message-{level}")
        self.show()

    def show_error(self, error: UnderstudyError) -> None:
        """Say the sentence of ``error``; calmly where the person wanted it so."""
        self.show_text(str(error), "info" if isinstance(error, Stopped) else "bad")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.text.text()}\n\n{self.details.toPlainText()}")
