"""The small common pieces of every room: headings, cards, buttons of three weights, labels that elide."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.ui.theme import SPACE

Box = TypeVar("Box", QSpinBox, QDoubleSpinBox)
FIELD_HEIGHT = 30
"""Height of a text field or list in the style sheet, with its frame."""


def label(text: str, role: str = "", *, wrap: bool = False) -> QLabel:
    """A label in a role of the style sheet (title, heading, muted, small, good, caution, bad, figure)."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


def button(text: str, kind: str = "", *, tip: str = "") -> QPushButton:
    """A button: ``kind`` is "" (ordinary), "primary" (one per room), "quiet" or "danger"."""
    made = QPushButton(text)
    if kind:
        made.setProperty("kind", kind)
    if tip:
        made.setToolTip(tip)
    return made


def row(*widgets: QWidget | None, spacing: int = SPACE) -> QHBoxLayout:
    """Widgets side by side; ``None`` stands for the free space between them."""
    made = QHBoxLayout()
    made.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            made.addStretch(1)
        else:
            made.addWidget(widget)
    return made


def roomy(box: Box) -> Box:
    """A number field whose figures keep clear of its frame; style sheets do not reach the text inside."""
    box.lineEdit().setTextMargins(SPACE, 0, 0, 0)
    return box


def scrolled(inner: QWidget) -> QScrollArea:
    """``inner`` in a frameless area that scrolls down, with the background of what is behind it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    area.viewport().setAutoFillBackground(False)
    inner.setAutoFillBackground(False)
    return area


class Form(QFormLayout):
    """Rows of a name and a field; use ``add``, which keeps the names level with their fields."""

    def __init__(self) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(SPACE)
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)

    def add(self, name: str, field: QWidget, *beside: QWidget) -> None:
        """One row; ``beside`` stand at the right of the field."""
        title = QLabel(name)
        title.setMinimumHeight(FIELD_HEIGHT)
        title.setBuddy(field)
        if beside:
            self.addRow(title, row(field, *beside))
        else:
            self.addRow(title, field)


class PageHeader(QWidget):
    """Name of the room, one sentence on what it is for, and room for its main buttons on the right (``buttons``)."""

    def __init__(self, title: str, sentence: str) -> None:
        super().__init__()
        self.sentence = label(sentence, "muted", wrap=True)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(label(title, "title"))
        texts.addWidget(self.sentence)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(SPACE)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, SPACE)
        layout.addLayout(texts, 1)
        layout.addLayout(self.buttons)


class Card(QFrame):
    """A framed group with an optional heading; fill ``body``."""

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(2 * SPACE, SPACE + 4, 2 * SPACE, SPACE + 4)
        self.body.setSpacing(SPACE)
        if title:
            self.body.addWidget(label(title, "heading"))


class ElidedLabel(QLabel):
    """One line that ends in "…" where it is too narrow; the whole text is its tooltip then."""

    def __init__(self, text: str = "", role: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if role:
            self.setProperty("role", role)
        self.setText(text)

    def minimumSizeHint(self) -> QSize:
        """Narrow: this label gives way to its neighbours."""
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the text, shortened in the middle, so that the end of a file name stays readable."""
        metrics = self.fontMetrics()
        inside = self.contentsRect()
        shown = metrics.elidedText(self.text(), Qt.TextElideMode.ElideMiddle, inside.width())
        tip = self.text() if shown != self.text() else ""
        if self.toolTip() != tip:
            self.setToolTip(tip)
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(inside, int(self.alignment()), shown)
        painter.end()
