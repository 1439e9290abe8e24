"""The column at the left of a working room: its form, and below it what was made before."""

from __future__ import annotations

from PySide6.QtWidgets import QLayout, QScrollArea, QWidget

from app.ui.widgets.section import scrolled


def side_column(layout: QLayout, width: int) -> QScrollArea:
    """A column of ``width`` pixels that scrolls where the window is too low for it."""
    content = QWidget()
    layout.setContentsMargins(0, 0, 10, 0)
    content.setLayout(layout)
    content.setMinimumWidth(1)  # narrower than the hints of its pieces, which then elide instead of being cut off
    area = scrolled(content)
    area.setFixedWidth(width)
    return area
