"""The rail at the left: the six rooms in the order of the work, where one is, and what is done."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QToolButton, QVBoxLayout

from app.ui.context import ROOMS
from app.ui.icons import icon, pixmap
from app.ui.theme import tokens


class RailButton(QToolButton):
    """One room; carries a tick when its work has a result."""

    def __init__(self, room: str) -> None:
        super().__init__()
        self.room = room
        self.done = False
        self.setText(room.capitalize())
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setIconSize(QSize(24, 24))
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(66)
        self.toggled.connect(self.redraw)
        self.set_done(False)
        self.redraw()

    def set_done(self, done: bool) -> None:
        """Show or take away the tick."""
        self.done = done
        name = self.text()
        self.setAccessibleName(f"{name}, done" if done else name)
        self.setToolTip(f"{name} (Ctrl+{ROOMS.index(self.room) + 1})" + (", has results" if done else ""))
        self.update()

    def redraw(self) -> None:
        """Take the icon in the colours in use."""
        self.setIcon(icon(self.room, tokens().accent if self.isChecked() else tokens().muted))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The button, and the tick beside its icon."""
        super().paintEvent(event)
        if self.done:
            painter = QPainter(self)
            painter.drawPixmap(self.width() // 2 + 13, 6, pixmap("done", 14, tokens().good))
            painter.end()


class Rail(QFrame):
    """The rooms.

    Signals:
        chosen(room): the person asked for a room.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setFixedWidth(92)
        self.buttons = {room: RailButton(room) for room in ROOMS}
        self._group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for room, made in self.buttons.items():
            self._group.addButton(made)
            made.clicked.connect(lambda _checked=False, room=room: self.chosen.emit(room))
            layout.addWidget(made)
        layout.addStretch(1)

    def show_current(self, room: str) -> None:
        """Mark ``room`` as the one that is shown; "" marks none."""
        self._group.setExclusive(bool(room))
        for name, made in self.buttons.items():
            made.setChecked(name == room)

    def show_done(self, rooms: Collection[str]) -> None:
        """Tick these rooms and no other."""
        for name, made in self.buttons.items():
            made.set_done(name in rooms)

    def redraw(self) -> None:
        """The theme changed."""
        for made in self.buttons.values():
            made.redraw()
