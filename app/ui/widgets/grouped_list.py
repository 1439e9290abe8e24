"""A list of lines, some of which open to show the lines inside them; quick with tens of thousands, calm while it grows.

Flat on purpose: a tree view asks its model about every row whenever one is added, a list view with a fixed grid asks
only about the rows on the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from app.ui.view_models.row_changes import Block, blocks, changes

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole
_INSIDE = "\x1f"
"""Begins the identity of a line inside a group; no key begins so."""
INDENT = 16
"""Width of the arrow of a group, and of the indent of what is inside it."""


class Node(Protocol):
    """What a line needs to be listed."""

    @property
    def key(self) -> str:
        """Its identity among its neighbours."""

    @property
    def title(self) -> str:
        """First line of text."""

    @property
    def detail(self) -> str:
        """Second line of text."""

    @property
    def tip(self) -> str:
        """What hovering shows."""

    @property
    def children(self) -> Sequence[Node]:
        """The lines inside; empty where it does not open."""


class Row(NamedTuple):
    """A line on the screen: ``level`` is 0, or 1 inside a group; ``opened`` of a group that shows its lines."""

    node: Node
    level: int
    opened: bool


class GroupedModel(QAbstractListModel):
    """The rows: every node, and the children of those that are open.

    Attributes:
        nodes: what was given to be listed.
        ids: identity of each row, the same for the same line of a later list.
    """

    def __init__(self) -> None:
        super().__init__()
        self.nodes: Sequence[Node] = ()
        self.ids: list[str] = []
        self._lines: list[Node] = []
        self._opened: set[str] = set()

    @property
    def rows(self) -> list[Row]:
        """All rows; a long list is better asked one by one (``row``)."""
        return [self.row(number) for number in range(len(self.ids))]

    def row(self, number: int) -> Row:
        """One row."""
        node, inside = self._lines[number], self.ids[number].startswith(_INSIDE)
        return Row(node, int(inside), not inside and bool(node.children) and node.key in self._opened)

    def between(self, first: int, last: int) -> list[Node]:
        """The lines of a block of rows, both ends included."""
        return self._lines[first : last + 1]

    def show(self, nodes: Sequence[Node]) -> bool:
        """List ``nodes``; true where the view has to find its selection again because too much changed."""
        self.nodes = nodes
        return self._become(*self._flat())

    def toggle(self, number: int) -> None:
        """Open the group of a row, or close it."""
        self._opened ^= {self._lines[number].key}
        self._become(*self._flat())
        self.dataChanged.emit(self.index(number), self.index(number))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Rows of the list."""
        return 0 if parent.isValid() else len(self.ids)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text for the eye, the tooltip and the screen reader; the whole row under ``ROW_ROLE``."""
        if not index.isValid() or index.row() >= len(self.ids):
            return None
        row = self.row(index.row())
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.node.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.node.tip
        if role == Qt.ItemDataRole.AccessibleTextRole:
            group = ", open" if row.opened else ", closed" if row.node.children else ""
            return f"{row.node.title}, {row.node.detail}{group}"
        return None

    def _flat(self) -> tuple[list[Node], list[str]]:
        """Rows with their identities; a list in which nothing is open is taken as it is."""
        if not self._opened:
            return list(self.nodes), [node.key for node in self.nodes]
        lines: list[Node] = []
        ids: list[str] = []
        for node in self.nodes:
            lines.append(node)
            ids.append(node.key)
            if node.key in self._opened:
                lines += node.children
                ids += [f"{_INSIDE}{child.key}" for child in node.children]
        return lines, ids

    def _become(self, lines: list[Node], ids: list[str]) -> bool:
        steps = changes(self.ids, ids)
        if steps is None:
            self.beginResetModel()
            self._lines, self.ids = lines, ids
            self.endResetModel()
            return True
        for first, last in steps.removed:
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._lines[first : last + 1], self.ids[first : last + 1]
            self.endRemoveRows()
        for first, last in steps.inserted:
            self.beginInsertRows(QModelIndex(), first, last)
            self._lines[first:first] = lines[first : last + 1]
            self.ids[first:first] = ids[first : last + 1]
            self.endInsertRows()
        self._renew(lines)
        return False

    def _renew(self, lines: list[Node]) -> None:
        """The same rows with, perhaps, other words."""
        before, self._lines = self._lines, lines
        other = [number for number, (old, new) in enumerate(zip(before, lines, strict=True)) if old is not new]
        if other:
            self.dataChanged.emit(self.index(other[0]), self.index(other[-1]))


class GroupedList(QListView):
    """The view; keeps selection, open groups and what is on the screen when the list is shown anew.

    Signals:
        current_changed(Node or None): another line is current.
        selection_changed(): other lines are selected.
        menu_wanted(QPoint): the person asks what can be done with the selection (global position).
    """

    current_changed = Signal(object)
    selection_changed = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, name: str, row_height: int) -> None:
        super().__init__()
        self.grouped = GroupedModel()
        self._quiet = False
        self._row_height = row_height
        self.setModel(self.grouped)
        self.setAccessibleName(name)
        self.setUniformItemSizes(True)
        self.setGridSize(QSize(80, row_height))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda at: self.menu_wanted.emit(self.viewport().mapToGlobal(at)))
        self.doubleClicked.connect(self._toggle)
        self.selectionModel().currentChanged.connect(self._current)
        self.selectionModel().selectionChanged.connect(self._selection)

    def show_nodes(self, nodes: Sequence[Node]) -> None:
        """List ``nodes``; what was selected, current and in view before stays so where it still exists."""
        if nodes == self.grouped.nodes:
            return
        ids = self.grouped.ids
        chosen = {key for first, last in self._chosen() for key in ids[first : last + 1]}
        current = self._identity()
        anchor = self._anchor()
        self._quiet = True
        if self.grouped.show(nodes):
            self._select_again(chosen, current)
        self._quiet = False
        self._hold(anchor)
        if self._identity() != current:
            self._current(self.currentIndex())
        self.selection_changed.emit()

    def nodes_selected(self) -> list[Node]:
        """The selected lines in the order of the list."""
        return [node for block in self._chosen() for node in self.grouped.between(*block)]

    def current_node(self) -> Node | None:
        """The line that the keyboard is on."""
        index = self.currentIndex()
        return self.grouped.row(index.row()).node if index.isValid() else None

    def show_first(self) -> None:
        """Make the first line current, where there is one and none is; nothing is selected by that."""
        if not self.currentIndex().isValid() and self.grouped.ids:
            flag = self.selectionModel().SelectionFlag.NoUpdate
            self.selectionModel().setCurrentIndex(self.grouped.index(0), flag)

    # Opening

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press on a group's arrow opens it; anywhere else it selects."""
        place = event.position().toPoint()
        index = self.indexAt(place)
        at_arrow = index.isValid() and place.x() < self.visualRect(index).left() + INDENT + 4
        if event.button() == Qt.MouseButton.LeftButton and at_arrow and self._opens(index):
            self._toggle(index)
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Right opens a group, left closes it."""
        index = self.currentIndex()
        row = self.grouped.row(index.row()) if index.isValid() else None
        wanted = {Qt.Key.Key_Right: False, Qt.Key.Key_Left: True}.get(Qt.Key(event.key()))
        if row is not None and row.node.children and row.opened is wanted:
            self._toggle(index)
        else:
            super().keyPressEvent(event)

    def _opens(self, index: QModelIndex) -> bool:
        return bool(self.grouped.row(index.row()).node.children)

    def _toggle(self, index: QModelIndex) -> None:
        """Open or close a group; what opens below the edge is brought into view, the group itself staying there."""
        if not self._opens(index):
            return
        number = index.row()
        self.grouped.toggle(number)
        row = self.grouped.row(number)
        if row.opened:
            self.doItemsLayout()
            self.scrollTo(self.grouped.index(number + len(row.node.children)))
            self.scrollTo(self.grouped.index(number))

    # Staying in place

    def _identity(self) -> str:
        index = self.currentIndex()
        return self.grouped.ids[index.row()] if index.isValid() else ""

    def _chosen(self) -> list[Block]:
        """Selected rows as blocks: asking for single indexes would make one Python object a row."""
        return sorted((part.top(), part.bottom()) for part in self.selectionModel().selection().toList())

    def _select_again(self, chosen: set[str], current: str) -> None:
        flags, ids = self.selectionModel().SelectionFlag, self.grouped.ids
        if current in ids:
            self.selectionModel().setCurrentIndex(self.grouped.index(ids.index(current)), flags.NoUpdate)
        selection = QItemSelection()
        for first, last in blocks(number for number, key in enumerate(ids) if key in chosen):
            selection.select(self.grouped.index(first), self.grouped.index(last))
        self.selectionModel().select(selection, flags.ClearAndSelect)

    def _anchor(self) -> tuple[str, int] | None:
        """The uppermost line on the screen and how far it is scrolled; ``None`` at the very top, which stays there."""
        value = self.verticalScrollBar().value()
        number = value // self._row_height
        if value == 0 or number >= len(self.grouped.ids):
            return None
        return self.grouped.ids[number], value % self._row_height

    def _hold(self, anchor: tuple[str, int] | None) -> None:
        self.doItemsLayout()
        ids = self.grouped.ids
        if anchor is not None and anchor[0] in ids:
            self.verticalScrollBar().setValue(ids.index(anchor[0]) * self._row_height + anchor[1])

    def _current(self, index: QModelIndex) -> None:
        if not self._quiet:
            self.current_changed.emit(self.current_node() if index.isValid() else None)

    def _selection(self) -> None:
        if not self._quiet:
            self.selection_changed.emit()


def arrow_rect(rect: QRect) -> QRect:
    """Where a group's arrow is drawn in its row."""
    return QRect(rect.left() + 3, rect.center().y() - INDENT // 2 + 1, INDENT - 2, INDENT - 2)
