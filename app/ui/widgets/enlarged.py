"""One picture of a sheet, large, with the way to the next and the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app.ui.job_bridge import JobBridge
from app.ui.widgets.contact_sheet import Load, Tile
from app.ui.widgets.picture import Picture, grey_image
from app.ui.widgets.section import button, label, row


class Enlarged(QDialog):
    """Walks over the tiles of a sheet; arrow keys work, Escape closes."""

    def __init__(self, bridge: JobBridge, load: Load, tiles: Callable[[], Sequence[Tile]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Image")
        self.setMinimumSize(420, 420)
        self.resize(640, 700)
        self._bridge, self._load, self._tiles = bridge, load, tiles
        self._place = 0
        self.picture = Picture()
        self.caption = label("")
        self.before, self.after = button("Previous", "quiet"), button("Next", "quiet")
        close = button("Close")
        self.before.clicked.connect(lambda: self._step(-1))
        self.after.clicked.connect(lambda: self._step(1))
        close.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(self.picture, 1)
        layout.addLayout(row(self.before, self.after, self.caption, None, close))

    def open_on(self, number: int) -> None:
        """Show the tile with this number."""
        numbers = [tile.number for tile in self._tiles()]
        if number in numbers:
            self._place = numbers.index(number)
            self._show()
            self.open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right walk."""
        steps = {int(Qt.Key.Key_Left): -1, int(Qt.Key.Key_Right): 1}
        if event.key() in steps:
            self._step(steps[event.key()])
        else:
            super().keyPressEvent(event)

    def _step(self, by: int) -> None:
        self._place += by
        self._show()

    def _show(self) -> None:
        tiles = self._tiles()
        self._place = max(0, min(self._place, len(tiles) - 1))
        tile, load = tiles[self._place], self._load
        self.before.setEnabled(self._place > 0)
        self.after.setEnabled(self._place < len(tiles) - 1)
        self.caption.setText(f"{self._place + 1} of {len(tiles)}: {tile.words}")
        self._bridge.run_in_background(
            lambda: grey_image(load([tile.number])[0]), self.picture.set_image, lane="enlarged"
        )
