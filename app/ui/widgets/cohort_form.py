"""The questions of the Cohort room: which images, labelled how, split how, known how, through which recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QVBoxLayout, QWidget

from app.ui.dialogs import choose
from app.ui.phrases import count
from app.ui.theme import SPACE
from app.ui.view_models.cohort import SPLITS, Choice, Offer, Offers
from app.ui.widgets.attribute_form import AttributeForm
from app.ui.widgets.hand_labels import HandLabels
from app.ui.widgets.recipe_form import RecipeForm
from app.ui.widgets.section import Card, ElidedLabel, Form, button, label, row

LABELS = {
    "folder": "Names of the folders",
    "csv": "A table (CSV)",
    "tag": "A DICOM attribute",
    "hand": "By hand",
}


class CohortForm(QWidget):
    """Four cards of questions.

    Signals:
        changed(): ``choice()`` is another one now.
        labelled(list of series keys, str): labels given by hand.
    """

    changed = Signal()
    labelled = Signal(list, str)

    def __init__(self) -> None:
        super().__init__()
        self._selection: tuple[str, ...] = ()
        self._table: Path | None = None
        self._offers: Offers | None = None
        self.scope, self.folder = _combo("Images"), _combo("Folder")
        self.label_by, self.tag = _combo("Labels come from"), _combo("DICOM attribute")
        self.split = _combo("Patients are split")
        self.table_name = ElidedLabel("No table chosen", "muted")
        self.choose_table = button("Choose…")
        self.hand = HandLabels()
        self.unlabelled = QCheckBox("Learn from images without a label too")
        self.unlabelled.setToolTip(
            "They teach what images look like. None is of a patient who is held out, and none is ever exported."
        )
        self.attributes = AttributeForm()
        self.recipe = RecipeForm()
        self._fill()
        self._arrange()
        self._connect()
        self._show_parts()

    def choice(self) -> Choice:
        """What the form says."""
        scope = self.scope.currentData()
        kind = self.label_by.currentData()
        argument = {"csv": str(self._table or ""), "tag": str(self.tag.currentData() or "")}
        return Choice(
            recipe=self.recipe.recipe(),
            label_by=f"{kind}:{argument[kind]}" if kind in argument else str(kind),
            split=str(self.split.currentData()),
            under=Path(self.folder.currentData()) if scope == "folder" and self.folder.count() else None,
            series=self._selection if scope == "selection" else (),
            attributes=self.attributes.sources(),
            unlabelled=self.unlabelled.isChecked(),
            empty_selection=scope == "selection" and not self._selection,
        )

    def show_library(self, offers: Offers) -> None:
        """The images to choose from."""
        self.scope.setItemText(0, f"All images of the library ({offers.images:,})")
        _offer(self.folder, offers.folders)
        _offer(self.tag, offers.attributes)
        self.attributes.offer_headers(offers.headers)
        self.recipe.offer_defacing(offers.heads)
        self._offers = offers
        self._list_by_hand()

    def show_selection(self, series: tuple[str, ...]) -> None:
        """What is selected in the Library."""
        changed, self._selection = series != self._selection, series
        self.scope.setItemText(2, f"Selected in the Library ({count(len(series), 'series', 'series')})")
        if changed and self.scope.currentData() == "selection":
            self._change()

    def use_selection(self) -> None:
        """Take what is selected in the Library, and nothing else."""
        self.scope.setCurrentIndex(self.scope.findData("selection"))

    def use_table(self, path: Path) -> None:
        """Take the labels from this CSV."""
        self._table = path
        self.table_name.setText(path.name)
        self.table_name.setToolTip(str(path))
        self._change()

    def _list_by_hand(self) -> None:
        """Only the series that are among the images chosen."""
        if self._offers is not None and self.label_by.currentData() == "hand":
            choice = self.choice()
            listed = [(key, name) for key, name, folder in self._offers.series if choice.takes(key, folder)]
            self.hand.show_series(listed, self._offers.labels)

    def _fill(self) -> None:
        for text, value in (("All images", "all"), ("A folder", "folder"), ("Selected in the Library", "selection")):
            self.scope.addItem(text, value)
        for value, text in LABELS.items():
            self.label_by.addItem(text, value)
        for shares in SPLITS:
            self.split.addItem(f"{shares} train / val / test", shares)

    def _arrange(self) -> None:
        images = Card("Images")
        images.body.addWidget(self.scope)
        images.body.addWidget(self.folder)
        labels = Card("Labels")
        labels.body.addWidget(self.label_by)
        pick = QWidget()
        inner = row(self.table_name, self.choose_table)
        inner.setContentsMargins(0, 0, 0, 0)
        pick.setLayout(inner)
        self._parts = {"csv": pick, "tag": self.tag, "hand": self.hand}
        for part in self._parts.values():
            labels.body.addWidget(part)
        labels.body.addWidget(self.unlabelled)
        patients = Form()
        patients.add("Patients", self.split)
        labels.body.addLayout(patients)
        self._why = label("A patient is never in two splits, so that the review is honest.", "small", wrap=True)
        labels.body.addWidget(self._why)
        recipe = Card("Recipe")
        recipe.body.addWidget(self.recipe)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, SPACE, 0)
        layout.setSpacing(SPACE + 4)
        for card in (images, labels, recipe, self.attributes):
            layout.addWidget(card)
        layout.addStretch(1)

    def _connect(self) -> None:
        for combo in (self.scope, self.folder, self.label_by, self.tag, self.split):
            combo.currentIndexChanged.connect(self._change)
        self.recipe.changed.connect(self.changed)
        self.attributes.changed.connect(self.changed)
        self.unlabelled.toggled.connect(self.changed)
        self.choose_table.clicked.connect(self._choose_table)
        self.hand.labelled.connect(self.labelled)

    def _choose_table(self) -> None:
        chosen = choose.file(self, "Table with labels", "Tables (*.csv *.tsv *.txt)")
        if chosen is not None:
            self.use_table(chosen)

    def _change(self) -> None:
        self._show_parts()
        self._list_by_hand()
        self.changed.emit()

    def _show_parts(self) -> None:
        kind = self.label_by.currentData()
        self.folder.setVisible(self.scope.currentData() == "folder")
        for value, part in self._parts.items():
            part.setVisible(value == kind)
        offered = self.split.findData("table") >= 0
        if kind == "csv" and not offered:
            self.split.addItem("As the table says (column “split”)", "table")
        elif kind != "csv" and offered:
            self.split.removeItem(self.split.findData("table"))


def _combo(name: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(10)
    return made


def _offer(combo: QComboBox, offers: Sequence[Offer]) -> None:
    """Fill a list anew, keeping what was chosen, without a word to anybody."""
    chosen = combo.currentData()
    combo.blockSignals(True)
    combo.clear()
    for offer in offers:
        combo.addItem(offer.text, offer.value)
        combo.setItemData(combo.count() - 1, offer.value, 3)  # the tooltip: the whole path or keyword
    combo.setCurrentIndex(max(0, combo.findData(chosen)) if offers else -1)
    combo.blockSignals(False)
