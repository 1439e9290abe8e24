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

from app.ui.view_models.row_changes import Block, changes

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole
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

    @property
    def identity(self) -> tuple[int, str]:
        """The same for the same line of a later list."""
        return self.level, self.node.key


class GroupedModel(QAbstractListModel):
    """The rows: every node, and the children of those that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: Sequence[Node] = ()
        self.rows: list[Row] = []
        self._opened: set[str] = set()

    def show(self, nodes: Sequence[Node]) -> bool:
        """List ``nodes``; true where the view has to find its selection again because too much changed."""
        self.nodes = nodes
        return self._become(self._flat())

    def toggle(self, key: str) -> None:
        """Open a group, or close it."""
        self._opened ^= {key}
        self._become(self._flat())

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Rows of the list."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text for the eye, the tooltip and the screen reader; the whole row under ``ROW_ROLE``."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
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

    def _flat(self) -> list[Row]:
        rows = []
        for node in self.nodes:
            opened = bool(node.children) and node.key in self._opened
            rows.append(Row(node, 0, opened))
            if opened:
                rows += [Row(child, 1, False) for child in node.children]
        return rows

    def _become(self, wanted: list[Row]) -> bool:
        steps = changes([row.identity for row in self.rows], [row.identity for row in wanted])
        if steps is None:
            self.beginResetModel()
            self.rows = wanted
            self.endResetModel()
            return True
        for first, last in steps.removed:
            self.beginRemoveRows(QModelIndex(), first, last)
            del self.rows[first : last + 1]
            self.endRemoveRows()
        for first, last in steps.inserted:
            self.beginInsertRows(QModelIndex(), first, last)
            self.rows[first:first] = wanted[first : last + 1]
            self.endInsertRows()
        self._renew(wanted)
        return False

    def _renew(self, wanted: list[Row]) -> None:
        """The same lines with, perhaps, other words."""
        before, self.rows = self.rows, wanted
        other = [number for number, (old, new) in enumerate(zip(before, wanted, strict=True)) if old != new]
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
        chosen = {row.identity for row in self._chosen_rows()}
        current = self._identity(self.currentIndex())
        anchor = self._anchor()
        self._quiet = True
        if self.grouped.show(nodes):
            self._select_again(chosen, current)
        self._quiet = False
        self._hold(anchor)
        if self._identity(self.currentIndex()) != current:
            self._current(self.currentIndex())
        self.selection_changed.emit()

    def nodes_selected(self) -> list[Node]:
        """The selected lines in the order of the list."""
        return [row.node for row in self._chosen_rows()]

    def current_node(self) -> Node | None:
        """The line that the keyboard is on."""
        index = self.currentIndex()
        return self.grouped.rows[index.row()].node if index.isValid() else None

    def show_first(self) -> None:
        """Make the first line current, where there is one and none is; nothing is selected by that."""
        if not self.currentIndex().isValid() and self.grouped.rows:
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
        row = self.grouped.rows[index.row()] if index.isValid() else None
        wanted = {Qt.Key.Key_Right: False, Qt.Key.Key_Left: True}.get(Qt.Key(event.key()))
        if row is not None and row.node.children and row.opened is wanted:
            self._toggle(index)
        else:
            super().keyPressEvent(event)

    def _opens(self, index: QModelIndex) -> bool:
        return bool(self.grouped.rows[index.row()].node.children)

    def _toggle(self, index: QModelIndex) -> None:
        if self._opens(index):
            self.grouped.toggle(self.grouped.rows[index.row()].node.key)

    # Staying in place

    def _identity(self, index: QModelIndex) -> tuple[int, str] | None:
        return self.grouped.rows[index.row()].identity if index.isValid() else None

    def _chosen_rows(self) -> list[Row]:
        """By ranges: asking for single indexes would make one Python object a row."""
        parts = self.selectionModel().selection().toList()
        ranges = sorted((part.top(), part.bottom()) for part in parts)
        return [row for first, last in ranges for row in self.grouped.rows[first : last + 1]]

    def _select_again(self, chosen: set[tuple[int, str]], current: tuple[int, str] | None) -> None:
        flags = self.selectionModel().SelectionFlag
        selection, run = QItemSelection(), list[Block]()
        for number, row in enumerate(self.grouped.rows):
            if row.identity == current:
                self.selectionModel().setCurrentIndex(self.grouped.index(number), flags.NoUpdate)
            if row.identity not in chosen:
                continue
            if run and run[-1][1] == number - 1:
                run[-1] = (run[-1][0], number)
            else:
                run.append((number, number))
        for first, last in run:
            selection.select(self.grouped.index(first), self.grouped.index(last))
        self.selectionModel().select(selection, flags.ClearAndSelect)

    def _anchor(self) -> tuple[tuple[int, str], int] | None:
        """The uppermost line on the screen and how far it is scrolled; ``None`` at the very top, which stays there."""
        value = self.verticalScrollBar().value()
        number = value // self._row_height
        if value == 0 or number >= len(self.grouped.rows):
            return None
        return self.grouped.rows[number].identity, value % self._row_height

    def _hold(self, anchor: tuple[tuple[int, str], int] | None) -> None:
        self.doItemsLayout()
        if anchor is None:
            return
        wanted, rest = anchor
        for number, row in enumerate(self.grouped.rows):
            if row.identity == wanted:
                self.verticalScrollBar().setValue(number * self._row_height + rest)
                return

    def _current(self, index: QModelIndex) -> None:
        if not self._quiet:
            self.current_changed.emit(self.grouped.rows[index.row()].node if index.isValid() else None)

    def _selection(self) -> None:
        if not self._quiet:
            self.selection_changed.emit()


def arrow_rect(rect: QRect) -> QRect:
    """Where a group's arrow is drawn in its row."""
    return QRect(rect.left() + 3, rect.center().y() - INDENT // 2 + 1, INDENT - 2, INDENT - 2)
