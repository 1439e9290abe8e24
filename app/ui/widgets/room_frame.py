"""How a working room is laid out: a column at the left with its form and what was made before, the work beside it.

Before there is anything to work on, the room's empty state stands in place of all of it.
"""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.ui.theme import SPACE
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.section import PageHeader, scrolled


def side_column(layout: QLayout, width: int) -> QScrollArea:
    """A column of ``width`` pixels that scrolls where the window is too low for it."""
    content = QWidget()
    layout.setContentsMargins(0, 0, 10, 0)
    content.setLayout(layout)
    content.setMinimumWidth(1)  # narrower than the hints of its pieces, which then elide instead of being cut off
    area = scrolled(content)
    area.setFixedWidth(width)
    return area


def beside(column: QScrollArea, work: QLayout) -> QHBoxLayout:
    """The work to the right of a side column, taking all the width that is left."""
    body = QHBoxLayout()
    body.setSpacing(2 * SPACE)
    body.addWidget(column)
    body.addLayout(work, 1)
    return body


class RoomFrame(QStackedWidget):
    """Fills ``room`` with ``empty``, or with ``header`` over ``body`` once there is something to work on."""

    def __init__(self, room: QWidget, empty: EmptyState, header: PageHeader, body: QLayout) -> None:
        super().__init__(room)
        work = QWidget()
        column = QVBoxLayout(work)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(header)
        column.addLayout(body, 1)
        self.addWidget(empty)
        self.addWidget(work)
        whole = QVBoxLayout(room)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self)

    def show_work(self, there_is_some: bool) -> None:
        """The work, or else the empty state."""
        self.setCurrentIndex(1 if there_is_some else 0)
