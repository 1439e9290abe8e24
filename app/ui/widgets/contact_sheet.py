"""Many small pictures on one sheet, decoded as they come into view; also the pairs of the Review room.

The sheet knows tiles and how to load their pixels, and nothing of sample sets or audits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.ui.job_bridge import JobBridge
from app.ui.theme import tokens
from app.ui.widgets.picture import fitted, grey_image

Index = QModelIndex | QPersistentModelIndex
Load = Callable[[Sequence[int]], Sequence[npt.NDArray[np.uint8]]]
"""Pixels, 8-bit grey (rows, columns), of the tiles with these numbers; called off the GUI thread."""

CHUNK = 24
"""Tiles decoded in one go."""
TILE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a sheet.

    Attributes:
        number: what ``load`` and the signals call it.
        caption: words below the picture.
        crossed: drawn faint and crossed out.
        marked: framed, with ``mark`` in words over the picture.
        detail: what else is to be said of it; shown in its tip and beside the enlarged picture.
    """

    number: int
    caption: str
    crossed: bool = False
    marked: bool = False
    mark: str = ""
    detail: str = ""

    @property
    def words(self) -> str:
        """Everything that is said of it."""
        return ", ".join(filter(None, (self.caption, self.detail, self.mark, "thrown out" if self.crossed else "")))


class ContactSheet(QListView):
    """A grid of tiles; several can be selected with mouse or keyboard.

    Signals:
        opened(number): double-clicked, or Enter.
        selection_changed(): other tiles are selected.
        delete_pressed(): the Delete key.
    """

    opened = Signal(int)
    selection_changed = Signal()
    delete_pressed = Signal()

    def __init__(self, bridge: JobBridge, name: str, *, tile: QSize | None = None) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.sheet = _Sheet(bridge)
        self.setModel(self.sheet)
        self._delegate = _Painter(tile or QSize(108, 108))
        self.setItemDelegate(self._delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setSpacing(4)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.activated.connect(lambda index: self.opened.emit(index.data(TILE).number))
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())

    def show_tiles(self, tiles: Sequence[Tile], load: Load, *, same: bool = False) -> None:
        """Show these; ``same`` keeps the decoded pixels and the selection (only captions or marks changed)."""
        chosen = set(self.selected()) if same else set()
        self.sheet.show(tiles, load, keep=same)
        for place, tile in enumerate(tiles):
            if tile.number in chosen:
                model = self.selectionModel()
                model.select(self.sheet.index(place), model.SelectionFlag.Select)

    def numbers(self) -> list[int]:
        """Numbers of all tiles, in order."""
        return [tile.number for tile in self.sheet.tiles]

    def selected(self) -> list[int]:
        """Numbers of the selected tiles."""
        return sorted(index.data(TILE).number for index in self.selectionModel().selectedIndexes())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete is passed on, everything else moves and selects."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)


class _Sheet(QAbstractListModel):
    """Tiles and the pictures decoded so far."""

    def __init__(self, bridge: JobBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._load: Load = lambda _numbers: []
        self._asked: set[int] = set()
        self._generation = 0
        self.tiles: list[Tile] = []
        self.images: dict[int, QImage] = {}

    def show(self, tiles: Sequence[Tile], load: Load, *, keep: bool) -> None:
        """Replace everything; ``keep`` leaves decoded pictures in place."""
        self.beginResetModel()
        self.tiles, self._load = list(tiles), load
        if not keep:
            self._generation += 1
            self.images.clear()
            self._asked.clear()
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        """Number of tiles."""
        return 0 if parent.isValid() else len(self.tiles)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Tile, picture (asked for when first needed) or words."""
        tile = self.tiles[index.row()]
        if role == TILE:
            return tile
        if role == Qt.ItemDataRole.DecorationRole:
            self._ask_around(index.row())
            return self.images.get(tile.number)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return tile.words
        return None

    def _ask_around(self, row: int) -> None:
        first = row - row % CHUNK
        wanted = [tile.number for tile in self.tiles[first : first + CHUNK] if tile.number not in self._asked]
        if not wanted:
            return
        self._asked.update(wanted)
        load, generation = self._load, self._generation

        def decode() -> tuple[int, dict[int, QImage]]:
            return generation, {n: grey_image(pixels) for n, pixels in zip(wanted, load(wanted), strict=True)}

        self._bridge.run_in_background(decode, self._take)

    def _take(self, answer: tuple[int, dict[int, QImage]]) -> None:
        generation, images = answer
        if generation == self._generation:
            self.images.update(images)
            self.dataChanged.emit(self.index(0), self.index(len(self.tiles) - 1))


class _Painter(QStyledItemDelegate):
    """Picture on near-black, caption below; crossed and marked tiles say so in words and lines, too."""

    def __init__(self, size: QSize) -> None:
        super().__init__()
        self._size = size

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Picture, caption and a margin."""
        return self._size + QSize(8, 12 + option.fontMetrics.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one tile."""
        tile: Tile = index.data(TILE)
        colours = tokens()
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(colours.accent_soft))
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRect(option.rect.adjusted(1, 1, -1, -1))
        place = QRect(option.rect.topLeft(), self._size).translated(4, 4)
        painter.fillRect(place, QColor(colours.image))
        image = index.data(Qt.ItemDataRole.DecorationRole)
        if image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setOpacity(0.25 if tile.crossed else 1.0)
            painter.drawImage(fitted(image.size(), place), image)
            painter.setOpacity(1.0)
        self._paint_signs(painter, place, tile)
        below = QRect(place.left(), place.bottom() + 3, place.width(), option.fontMetrics.height())
        painter.setPen(QColor(colours.muted if tile.crossed else colours.text))
        words = "Thrown out" if tile.crossed else tile.caption
        shown = option.fontMetrics.elidedText(words, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, shown)
        painter.restore()

    @staticmethod
    def _paint_signs(painter: QPainter, place: QRect, tile: Tile) -> None:
        colours = tokens()
        if tile.crossed:
            painter.setPen(QPen(QColor(colours.on_image), 1))
            painter.drawLine(place.topLeft(), place.bottomRight())
            painter.drawLine(place.topRight(), place.bottomLeft())
        if tile.marked:
            painter.setPen(QPen(QColor(colours.bad), 3))
            painter.drawRect(place.adjusted(1, 1, -1, -1))
            strip = QRect(place.left(), place.top(), place.width(), painter.fontMetrics().height() + 4)
            painter.fillRect(strip, QColor(colours.bad))
            painter.setPen(QColor(colours.image))
            painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, tile.mark)
