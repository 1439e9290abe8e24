"""What the window shows while no project is open: drop images, start or open a project, try the sample."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.ui.context import PageContext
from app.ui.icons import icon, pixmap
from app.ui.preferences import Preferences
from app.ui.theme import SPACE, tokens
from app.ui.widgets.section import Card, ElidedLabel, button, label, row

WIDTH = 640


class WelcomePage(QWidget):
    """The way in.

    Signals:
        new_wanted(), open_wanted(), sample_wanted(): one of the three buttons.
        recent_wanted(Path): a project opened before.
    """

    new_wanted = Signal()
    open_wanted = Signal()
    sample_wanted = Signal()
    recent_wanted = Signal(object)

    def __init__(self, context: PageContext, preferences: Preferences) -> None:
        super().__init__()
        self._preferences = preferences
        self._picture = QLabel()
        self.new = button("New project…", "primary")
        self.open = button("Open project…")
        self.sample = button("Try the sample project", tip="Invented patients, made on this computer in seconds")
        self.new.clicked.connect(self.new_wanted)
        self.open.clicked.connect(self.open_wanted)
        self.sample.clicked.connect(self.sample_wanted)
        self._recent = Card("Recent projects")
        self._lines: list[QWidget] = []
        column = QWidget()
        column.setMaximumWidth(WIDTH)
        inner = QVBoxLayout(column)
        inner.setSpacing(2 * SPACE)
        inner.addWidget(label("Understudy", "title"))
        about = (
            "More training images from the ones you have: learn from them, judge what was learnt, and export. "
            "Everything stays on this computer."
        )
        inner.addWidget(label(about, "muted", wrap=True))
        inner.addWidget(self._drop_card())
        inner.addLayout(row(self.new, self.open, self.sample, None))
        inner.addWidget(self._recent)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        middle = row(None, column, None)
        middle.setStretch(1, 1000)  # as wide as it may be, in the middle of what is left
        layout.addLayout(middle)
        layout.addStretch(3)
        context.theme_changed.connect(self._draw)

    def activate(self) -> None:
        """List the recent projects again."""
        for line in self._lines:
            self._recent.body.removeWidget(line)
            line.deleteLater()
        recent = self._preferences.recent()
        self._lines = [self._recent_row(folder) for folder in recent[:5]]
        for line in self._lines:
            self._recent.body.addWidget(line)
        self._recent.setVisible(bool(recent))

    def showEvent(self, event: QShowEvent) -> None:
        """Draw the icons in the colours in use."""
        self._draw()
        super().showEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Draw them anew where light became dark."""
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()
        super().changeEvent(event)

    def _drop_card(self) -> Card:
        card = Card()
        card.body.setContentsMargins(2 * SPACE, 4 * SPACE, 2 * SPACE, 4 * SPACE)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        heading = label("Drop studies here", "heading")
        kinds = label(
            "Folders, ZIPs or files: DICOM, NIfTI, NRRD, MetaImage, PNG, JPEG, TIFF.\n"
            "They are read in place, never changed.",
            "muted",
            wrap=True,
        )
        for piece in (self._picture, heading, kinds):
            piece.setAlignment(Qt.AlignmentFlag.AlignCenter)
            card.body.addWidget(piece)
        return card

    def _recent_row(self, folder: Path) -> QWidget:
        line = QWidget()
        opener = button("Open", "quiet", tip=str(folder))
        opener.setAccessibleName(f"Open {folder.name}")
        opener.clicked.connect(lambda: self.recent_wanted.emit(folder))
        name, where = ElidedLabel(folder.name), ElidedLabel(str(folder.parent), "small")
        made = row(name, where, opener)
        made.setStretch(0, 2)
        made.setStretch(1, 3)
        made.setContentsMargins(0, 0, 0, 0)
        line.setLayout(made)
        return line

    def _draw(self) -> None:
        self._picture.setPixmap(pixmap("drop", 44, tokens().accent))
        self.sample.setIcon(icon("sample"))
        self.open.setIcon(icon("folder"))
