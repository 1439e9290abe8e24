"""What a dry run has found: figures, warnings, what stays and why, the rules that will act, and pictures to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from app.domain.wording import count
from app.ui.job_bridge import JobBridge
from app.ui.theme import SPACE
from app.ui.view_models.export_found import Found, captions
from app.ui.widgets.contact_sheet import ContactSheet, Load, Tile
from app.ui.widgets.enlarged import Enlarged
from app.ui.widgets.folding import Folding
from app.ui.widgets.picture import grey_pixels
from app.ui.widgets.section import label

SHEET_HINT = (
    "As they will leave: real images with what is blacked out, and synthetic ones. Enter or a double click enlarges."
)
SHEET_HEIGHT = 250
NAME_WIDTH = 120


def figures(lines: Sequence[tuple[str, str]], *, role: str = "") -> QWidget:
    """Names with their values, level with each other."""
    made = QWidget()
    form = QFormLayout(made)
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(2 * SPACE)
    form.setVerticalSpacing(4)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    for name, value in lines:
        title = label(name, role or "muted")
        title.setMinimumWidth(NAME_WIDTH)
        form.addRow(title, label(value, role, wrap=True))
    return made


def listing(lines: Sequence[tuple[str, str]]) -> QWidget:
    """Sentences with a count before each."""
    made = QWidget()
    form = QFormLayout(made)
    form.setContentsMargins(SPACE, 0, 0, 0)
    form.setHorizontalSpacing(2 * SPACE)
    form.setVerticalSpacing(2)
    for sentence, many in lines:
        form.addRow(label(many, "small"), label(sentence, "small", wrap=True))
    return made


class FoundView(QWidget):
    """Shows one dry run, or nothing."""

    def __init__(self, bridge: JobBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._tiles: list[Tile] = []
        self._load: Load = lambda _numbers: []
        self._words = QWidget()
        self.rules: Folding | None = None
        self.hint = label(SHEET_HINT, "small", wrap=True)
        self.sheet = ContactSheet(bridge, "Pictures as they will leave", tile=QSize(92, 92))
        self.sheet.setFixedHeight(SHEET_HEIGHT)
        self.sheet.opened.connect(self._enlarge)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACE)
        for piece in (self._words, self.hint, self.sheet):
            self._layout.addWidget(piece)
        self.hide()

    def show_found(self, found: Found) -> None:
        """Say what was found; the pictures come by ``show_pictures``."""
        old, self._words = self._words, QWidget()
        self._layout.replaceWidget(old, self._words)
        old.hide()
        old.deleteLater()
        body = QVBoxLayout(self._words)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(SPACE)
        body.addWidget(figures(found.lines))
        for sentence in found.warnings:
            body.addWidget(label(sentence, "caution", wrap=True))
        if found.stays:
            body.addWidget(label("What stays here, and why", "muted"))
            body.addWidget(listing(found.stays))
        self.rules = None
        if found.rules:
            self.rules = Folding(
                f"What will be done to headers: {count(len(found.rules), 'rule')}", listing(found.rules)
            )
            body.addWidget(self.rules)
        self.show_pictures([])
        self.show()

    def show_pictures(self, paths: Sequence[Path]) -> None:
        """Show single pictures of the contact sheets."""
        said = [captions(path) for path in paths]
        self._tiles = [Tile(number, caption, detail=detail) for number, (caption, detail) in enumerate(said)]
        self._load = lambda numbers: [grey_pixels(paths[number]) for number in numbers]
        self.sheet.show_tiles(self._tiles, self._load)
        for piece in (self.hint, self.sheet):
            piece.setVisible(bool(paths))

    def _enlarge(self, number: int) -> None:
        dialog = Enlarged(self._bridge, self._load, lambda: self._tiles, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open_on(number)
