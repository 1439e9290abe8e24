"""Asks which of the person's own words some series carry: ticks for those that exist, a field for a new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.domain.study import SeriesLine
from app.ui.phrases import count
from app.ui.theme import SPACE
from app.ui.widgets.section import button, label, row

LONGEST = 60


class TagsDialog(QDialog):
    """Modal to its window; ``added`` and ``removed`` are valid once it was accepted. A half tick changes nothing."""

    def __init__(self, parent: QWidget, lines: Sequence[SeriesLine], known: Collection[str]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Tags")
        self.setMinimumWidth(380)
        self._series = len(lines)
        self._carried = Counter(tag for line in lines for tag in line.tags)
        self.list = QListWidget()
        self.list.setAccessibleName("Tags")
        self.new = QLineEdit()
        self.new.setMaxLength(LONGEST)
        self.new.setPlaceholderText("A new tag")
        self.new.setAccessibleName("A new tag")
        self.save = button("Save", "primary")
        self.save.setDefault(True)
        self.cancel = button("Cancel")
        self.save.clicked.connect(self.accept)
        self.cancel.clicked.connect(self.reject)
        for tag in sorted({*known, *self._carried}, key=str.lower):
            self._offer(tag)
        self.list.setVisible(self.list.count() > 0)
        about = f"Words of your own for {count(len(lines), 'series', 'series')}. Filter and search by them."
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE, 2 * SPACE, 3 * SPACE, 2 * SPACE)
        layout.setSpacing(SPACE + 4)
        layout.addWidget(label(about, "muted", wrap=True))
        layout.addWidget(self.list)
        layout.addWidget(self.new)
        layout.addLayout(row(None, self.cancel, self.save))
        self.new.setFocus()

    @property
    def added(self) -> list[str]:
        """Tags that every series gets."""
        ticked = [tag for tag, state in self._states() if state == Qt.CheckState.Checked]
        given = [tag for tag in ticked if self._carried[tag] < self._series]
        typed = " ".join(self.new.text().split())
        return [*given, typed] if typed and typed not in given else given

    @property
    def removed(self) -> list[str]:
        """Tags that every series loses."""
        return [tag for tag, state in self._states() if state == Qt.CheckState.Unchecked and self._carried[tag]]

    def _states(self) -> list[tuple[str, Qt.CheckState]]:
        items = [self.list.item(at) for at in range(self.list.count())]
        return [(item.text(), item.checkState()) for item in items]

    def _offer(self, tag: str) -> None:
        item = QListWidgetItem(tag, self.list)
        state = Qt.CheckState.PartiallyChecked if 0 < self._carried[tag] < self._series else Qt.CheckState.Unchecked
        item.setCheckState(Qt.CheckState.Checked if self._carried[tag] == self._series else state)
