"""Asks before something that cannot be taken back: what will happen, in a sentence, and in detail."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QPlainTextEdit, QVBoxLayout, QWidget

from app.ui.theme import SPACE
from app.ui.widgets.section import button, label, row

DETAIL_LINES = 12


class ConfirmDialog(QDialog):
    """Modal to its window; accepted where the person agreed. Return keeps things as they are."""

    def __init__(self, parent: QWidget, title: str, text: str, *, agree: str, details: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(560 if details else 460)
        self.text = label(text, wrap=True)
        self.details = QPlainTextEdit(details)
        self.details.setReadOnly(True)
        self.details.setAccessibleName("Details")
        lines = min(DETAIL_LINES, details.count("\n") + 2)
        self.details.setFixedHeight(lines * self.details.fontMetrics().lineSpacing() + 3 * SPACE)
        self.details.setVisible(bool(details))
        self.agree, self.keep = button(agree, "danger"), button("Cancel", "primary")
        self.keep.setDefault(True)
        self.agree.setAutoDefault(False)
        self.agree.clicked.connect(self.accept)
        self.keep.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE, 2 * SPACE, 3 * SPACE, 2 * SPACE)
        layout.setSpacing(2 * SPACE)
        layout.addWidget(self.text)
        layout.addWidget(self.details)
        layout.addLayout(row(None, self.agree, self.keep))
        self.keep.setFocus()
