"""The inputs that are not in the library, by reason: what happened, try again, put away, copy where they lie.

Objects that are kept for later (segmentations, outlines, reports) stand on a page of their own: they are no failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter
from PySide6.QtWidgets import (
    QButtonGroup,
    QPlainTextEdit,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.study import Quarantined
from app.ui.phrases import count
from app.ui.theme import SPACE, tokens
from app.ui.view_models.set_aside import AsideNode, AsideShelf
from app.ui.widgets.entry_list import paint_arrow
from app.ui.widgets.grouped_list import INDENT, ROW_ROLE, GroupedList, Index, Row
from app.ui.widgets.section import button, label, row

ROW = 44
DETAIL_LINES = 4
ABOUT_FAILED = "These files are not in the library. Everything else in the same folders is."
ABOUT_KEPT = "These are no pictures, and nothing is wrong with them. They stay in this list for later use."
ABOUT_NONE = "Nothing is left here."


class SetAsideList(QWidget):
    """Reasons that open to their files, details of the current line, and what can be done; none selected means all.

    Signals:
        retry_wanted(list of str), dismiss_wanted(list of str): paths.
    """

    retry_wanted = Signal(list)
    dismiss_wanted = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self._shelf = AsideShelf()
        self.list = GroupedList("Files that were set aside", ROW)
        self.list.setItemDelegate(_AsideDelegate(self.list))
        self.failed, self.kept = _page_button("Not read"), _page_button("Kept for later")
        self.about = label("", "muted", wrap=True)
        self.details = QPlainTextEdit()
        self.retry = button("Try again", tip="Read them once more, for instance after repairing or replacing them")
        self.dismiss = button("Dismiss", tip="Take them off this list; the files stay where they are")
        self.copy = button("Copy paths", tip="Copy where these files lie")
        self.scope = label("", "small")
        self._arrange()
        self._connect()
        self.show_inputs(AsideShelf())

    def show_inputs(self, shelf: AsideShelf) -> None:
        """List ``shelf``; selection and open groups stay."""
        self._shelf = shelf
        self.failed.setText(f"Not read ({shelf.failures:,})")
        self.kept.setText(f"Kept for later ({shelf.objects:,})")
        if not shelf.failures and shelf.objects:
            self.kept.setChecked(True)
        elif not shelf.objects:
            self.failed.setChecked(True)
        self.kept.setVisible(bool(shelf.objects))
        self._show_page()

    def chosen(self) -> list[str]:
        """Paths of the selected lines, or of the whole page where none is selected."""
        return [one.path for one in self._inputs()]

    # Building

    def _arrange(self) -> None:
        self.details.setReadOnly(True)
        self.details.setAccessibleName("Details")
        self.details.setPlaceholderText("Choose a line to read all about it.")
        self.details.setFixedHeight(DETAIL_LINES * self.details.fontMetrics().lineSpacing() + 2 * SPACE)
        self._pages = QButtonGroup(self)
        for page in (self.failed, self.kept):
            self._pages.addButton(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addLayout(row(self.failed, self.kept, None))
        layout.addWidget(self.about)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.details)
        layout.addLayout(row(self.retry, self.dismiss, self.copy, self.scope, None))

    def _connect(self) -> None:
        self._pages.buttonToggled.connect(lambda _button, on: self._show_page() if on else None)
        self.list.selection_changed.connect(self._show_scope)
        self.list.current_changed.connect(self._show_details)
        self.retry.clicked.connect(lambda: self.retry_wanted.emit(self.chosen()))
        self.dismiss.clicked.connect(lambda: self.dismiss_wanted.emit(self.chosen()))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText("\n".join(self.chosen())))

    # Showing

    def _nodes(self) -> Sequence[AsideNode]:
        return self._shelf.kept if self.kept.isChecked() else self._shelf.failed

    def _show_page(self) -> None:
        nodes = self._nodes()
        self.list.show_nodes(nodes)
        self.about.setText((ABOUT_KEPT if self.kept.isChecked() else ABOUT_FAILED) if nodes else ABOUT_NONE)
        for widget in (self.retry, self.dismiss, self.copy):
            widget.setEnabled(bool(nodes))
        self._show_scope()

    def _show_scope(self) -> None:
        number = len(self._inputs())
        chosen = bool(self.list.nodes_selected())
        self.scope.setText(f"{count(number, 'file')} selected" if chosen else f"Applies to all {number:,}")
        self.scope.setVisible(number > 0)

    def _show_details(self, node: AsideNode | None) -> None:
        self.details.setPlainText("" if node is None else node.tip)

    def _inputs(self) -> list[Quarantined]:
        nodes = cast("Sequence[AsideNode]", self.list.nodes_selected()) or self._nodes()
        return list(dict.fromkeys(one for node in nodes for one in node.inputs))


class _AsideDelegate(QStyledItemDelegate):
    """A reason in strong words with its count; a file with its own sentence below."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(200, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line = cast("Row", index.data(ROW_ROLE))
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(tokens().accent_soft))
        if line.node.children:
            paint_arrow(painter, rect, line)
        text = rect.adjusted(INDENT * (1 + line.level) + 6, 4, -8, -4)
        half = text.height() // 2
        for words, colour, place in (
            (line.node.title, tokens().text, text.adjusted(0, 0, 0, -half)),
            (line.node.detail, tokens().muted, text.adjusted(0, half, 0, 0)),
        ):
            painter.setPen(QColor(colour))
            shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, place.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


def _page_button(text: str) -> QPushButton:
    made = button(text)
    made.setCheckable(True)
    return made
