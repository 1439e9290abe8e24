"""Every generated picture beside the training image that is nearest to it, nearest first, suspected copies marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.job_bridge import JobBridge
from app.ui.view_models.review import Pair
from app.ui.widgets.contact_sheet import ContactSheet, Load, Tile
from app.ui.widgets.enlarged import Enlarged
from app.ui.widgets.picture import grey_pixels
from app.ui.widgets.section import label

EXPLAINED = (
    "Left: a synthetic image. Right: the real training image nearest to it. Look for pairs that show the same "
    "patient. Double-click to enlarge."
)


class PairView(QWidget):
    """The pairs of one audit; ``folder`` holds ``<number>.png`` with both pictures side by side."""

    def __init__(self, bridge: JobBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._tiles: list[Tile] = []
        self._load: Load = lambda _numbers: []
        self.title = label("Nearest real image", "heading")
        self.sheet = ContactSheet(bridge, "Synthetic images beside the nearest real ones", tile=QSize(196, 98))
        self.sheet.opened.connect(self._enlarge)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.title)
        layout.addWidget(label(EXPLAINED, "small", wrap=True))
        layout.addWidget(self.sheet, 1)

    def show_pairs(self, pairs: Sequence[Pair], folder: Path, *, same: bool = False) -> None:
        """Show these; ``same`` keeps what was decoded (only marks changed)."""
        self._tiles = [_tile(pair) for pair in pairs]
        self._load = lambda numbers: [grey_pixels(folder / f"{number}.png") for number in numbers]
        self.sheet.show_tiles(self._tiles, self._load, same=same)

    def _enlarge(self, number: int) -> None:
        dialog = Enlarged(self._bridge, self._load, lambda: self._tiles, self)
        dialog.resize(900, 560)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open_on(number)


def _tile(pair: Pair) -> Tile:
    return Tile(
        pair.number,
        f"{pair.label}, distance {pair.distance:.2f}",
        crossed=not pair.kept,
        marked=pair.suspected,
        mark="Suspected copy" if pair.suspected else "",
    )
