"""A sample set on a contact sheet: filter by class, enlarge, throw out, and real images beside it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.sample_set import SampleSetRecord
from app.ui.job_bridge import JobBridge
from app.ui.theme import SPACE
from app.ui.view_models.generate import set_detail, shown, told
from app.ui.widgets.contact_sheet import ContactSheet, Load, Tile
from app.ui.widgets.enlarged import Enlarged
from app.ui.widgets.section import ElidedLabel, button, label, row

HINT = "Double-click to enlarge. Select images and press Delete to throw them out; nothing is erased."


class SetView(QWidget):
    """Shows one sample set.

    Signals:
        throw_wanted(numbers, kept): keep these from now on, or not.
        compare_wanted(label): real images of this class ("" = all) are wanted beside the synthetic ones.
    """

    throw_wanted = Signal(list, bool)
    compare_wanted = Signal(str)

    def __init__(self, bridge: JobBridge) -> None:
        super().__init__()
        self._record: SampleSetRecord | None = None
        self._load: Load = lambda _numbers: []
        self._bridge = bridge
        self.counts = ElidedLabel()
        self.filter = QComboBox()
        self.filter.setAccessibleName("Class to show")
        self.filter.currentIndexChanged.connect(self._filter_changed)
        self.compare = _toggle("Real beside synthetic")
        self.compare.toggled.connect(self._compare_toggled)
        self.throw = button("Throw out")
        self.take_back = button("Take back")
        self.throw.clicked.connect(lambda: self._throw(kept=False))
        self.take_back.clicked.connect(lambda: self._throw(kept=True))
        self.sheet = ContactSheet(bridge, "Synthetic images")
        self.sheet.opened.connect(self._enlarge)
        self.sheet.selection_changed.connect(self._offer)
        self.sheet.delete_pressed.connect(lambda: self._throw(kept=False))
        self.real = ContactSheet(bridge, "Real images")
        self._real_side = QWidget()
        self._lay_out()
        self._offer()

    def _lay_out(self) -> None:
        real = QVBoxLayout(self._real_side)
        real.setContentsMargins(0, 0, 0, 0)
        real.setSpacing(SPACE)
        real.addWidget(label("Real images it learnt from", "muted"))
        real.addWidget(self.real, 1)
        self._real_side.hide()
        self._caption = label("Synthetic images", "muted")
        self._caption.hide()
        left = QVBoxLayout()
        left.setSpacing(SPACE)
        left.addWidget(self._caption)
        left.addWidget(self.sheet, 1)
        sheets = QHBoxLayout()
        sheets.setSpacing(2 * SPACE)
        sheets.addLayout(left, 1)
        sheets.addWidget(self._real_side, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.counts)
        layout.addLayout(row(self.filter, self.compare, None, self.throw, self.take_back))
        layout.addLayout(sheets, 1)
        layout.addWidget(label(HINT, "small", wrap=True))

    def show_set(self, record: SampleSetRecord, load: Load) -> None:
        """Show ``record``; its pictures come from ``load``."""
        same = self._record is not None and self._record.id == record.id
        self._record, self._load = record, load
        self.counts.setText(set_detail(record))
        if not same:
            self.compare.setChecked(False)
            self._offer_classes(record)
        self._show_tiles(same=same)

    def show_real(self, tiles: list[Tile], load: Load) -> None:
        """Real images beside the synthetic ones."""
        self.real.show_tiles(tiles, load)

    def label_shown(self) -> str:
        """The class that is shown, "" for all."""
        return str(self.filter.currentData() or "")

    def _offer_classes(self, record: SampleSetRecord) -> None:
        self.filter.blockSignals(True)
        self.filter.clear()
        self.filter.addItem("All classes", "")
        for name in sorted({sample.label for sample in record.samples}):
            self.filter.addItem(name, name)
        self.filter.blockSignals(False)

    def _filter_changed(self) -> None:
        self._show_tiles(same=False)
        if self.compare.isChecked():
            self.compare_wanted.emit(self.label_shown())

    def _tiles(self) -> list[Tile]:
        if self._record is None:
            return []
        samples = shown(self._record, self.label_shown())
        return [
            Tile(sample.number, sample.label, crossed=not sample.kept, detail=told(sample.attributes))
            for sample in samples
        ]

    def _show_tiles(self, *, same: bool) -> None:
        self.sheet.show_tiles(self._tiles(), self._load, same=same)
        self._offer()

    def _offer(self) -> None:
        chosen = set(self.sheet.selected())
        kept = {sample.number for sample in self._record.samples if sample.kept} if self._record else set()
        self.throw.setEnabled(bool(chosen & kept))
        self.take_back.setEnabled(bool(chosen - kept))

    def _throw(self, *, kept: bool) -> None:
        chosen = self.sheet.selected()
        if chosen:
            self.throw_wanted.emit(chosen, kept)

    def _compare_toggled(self, on: bool) -> None:
        self._real_side.setVisible(on)
        self._caption.setVisible(on)
        if on:
            self.compare_wanted.emit(self.label_shown())

    def _enlarge(self, number: int) -> None:
        dialog = Enlarged(self._bridge, self._load, self._tiles, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open_on(number)


def _toggle(text: str) -> QPushButton:
    made = button(text)
    made.setCheckable(True)
    return made
