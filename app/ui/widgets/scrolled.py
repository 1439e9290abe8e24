"""Columns that scroll up and down where the window is too low for them, and never sideways."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QWidget


def scrolled(content: QWidget) -> QScrollArea:
    """``content`` in an area that scrolls vertically."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    content.setAutoFillBackground(False)  # ``setWidget`` has turned it on: the ground of a card would be hidden
    area.viewport().setAutoFillBackground(False)
    return area


def side_column(layout: QLayout, width: int) -> QScrollArea:
    """A column of ``width`` pixels with the form of a room."""
    content = QWidget()
    layout.setContentsMargins(0, 0, 10, 0)
    content.setLayout(layout)
    content.setMinimumWidth(1)  # narrower than the hints of its pieces, which then elide instead of being cut off
    area = scrolled(content)
    area.setFixedWidth(width)
    return area
