"""What is selected in the Library, and what can be done with it; the same things stand in the list's menu."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QPoint, Signal, SignalInstance
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from app.domain.study import SeriesLine
from app.ui.phrases import count
from app.ui.theme import SPACE
from app.ui.widgets.section import ElidedLabel, button, row


class SelectionBar(QWidget):
    """A line of text and two buttons; more is in the menu.

    Signals:
        tags_wanted(), remove_wanted(), cohort_wanted(), patient_wanted(), copy_wanted(): of the selection.
    """

    tags_wanted = Signal()
    remove_wanted = Signal()
    cohort_wanted = Signal()
    patient_wanted = Signal()
    copy_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = ElidedLabel("", "small")
        self.tags = button("Tags…", "quiet", tip="Give the selected series words of your own, or take them away")
        self.remove = button("Remove", "quiet", tip="Take the selected studies out of the project; files stay")
        self.more = button("More", "quiet", tip="What else can be done with the selection")
        self.menu = QMenu(self)
        self.actions_by_name = {
            "cohort": self._action("Make a cohort of these", self.cohort_wanted),
            "tags": self._action("Tags…", self.tags_wanted),
            "copy": self._action("Copy the folder's path", self.copy_wanted),
            "remove": self._action("Remove the studies from the project", self.remove_wanted),
            "patient": self._action("Delete the patient everywhere…", self.patient_wanted),
        }
        self.menu.insertSeparator(self.actions_by_name["remove"])
        self.more.clicked.connect(lambda: self.show_menu(self.more.mapToGlobal(QPoint(0, self.more.height()))))
        self.tags.clicked.connect(self.tags_wanted)
        self.remove.clicked.connect(self.remove_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE // 2)
        layout.addWidget(self.text)
        layout.addLayout(row(self.tags, self.remove, self.more, None, spacing=2))
        self._total = self._chosen = ""
        self.show_selection(())

    def show_total(self, text: str) -> None:
        """What the library holds; stands there while nothing is selected."""
        self._total = text
        self.text.setText(self._chosen or self._total)

    def show_selection(self, lines: Collection[SeriesLine]) -> None:
        """Say which series are selected."""
        images = sum(line.images for line in lines)
        what = f"{count(len(lines), 'series', 'series')} selected, {count(images, 'image')}"
        self._chosen = what if lines else ""
        self.show_total(self._total)
        for widget in (self.tags, self.remove, self.more):
            widget.setEnabled(bool(lines))
        self.actions_by_name["patient"].setEnabled(len({line.patient for line in lines}) == 1)
        self.actions_by_name["copy"].setEnabled(len({line.folder for line in lines}) == 1)

    def show_menu(self, place: QPoint) -> None:
        """Offer everything, where something is selected."""
        if self.more.isEnabled():
            self.menu.popup(place)

    def _action(self, text: str, signal: SignalInstance) -> QAction:
        made = QAction(text, self)
        made.triggered.connect(signal)
        self.menu.addAction(made)
        return made
