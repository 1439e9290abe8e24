"""The form of the Generate room: with which run, how many images of which class, showing what; and a fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QDoubleSpinBox, QRadioButton, QSpinBox, QWidget

from app.domain.condition import Attribute
from app.ui.view_models.generate import Amount, Wish, wish_line
from app.ui.widgets.attribute_choosers import AttributeChoosers
from app.ui.widgets.folding import Folding
from app.ui.widgets.section import FIELD_HEIGHT, Card, ElidedLabel, Form, button, label, roomy, row

MOST = 10_000
"""Images of one class in one go."""


class GenerateForm(Card):
    """Choices for a generation.

    Signals:
        run_chosen(id): another run is to draw; "" for none.
        start_wanted(): the button was pressed.
    """

    run_chosen = Signal(str)
    start_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("New images")
        self._classes: tuple[str, ...] = ()
        self._real: Mapping[str, int] = {}
        self.run = QComboBox()
        self.run.setAccessibleName("Training to draw with")
        self.run.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.run.setMinimumContentsLength(12)
        self.run.currentIndexChanged.connect(self._run_changed)
        self.amounts = QButtonGroup(self)
        self.ways = {
            Amount.SAME: QRadioButton("The same for every class"),
            Amount.EACH: QRadioButton("Choose for each class"),
            Amount.BALANCE: QRadioButton("Balance my classes"),
        }
        self.ways[Amount.BALANCE].setToolTip("Fill up the smaller classes until all are as large as the largest")
        for way in self.ways.values():
            self.amounts.addButton(way)
        self.same = _number("Images of every class", 16)
        self.each: dict[str, QSpinBox] = {}
        self._each = QWidget()
        self._each_form = Form()
        self._each.setLayout(self._each_form)
        self._each_form.setContentsMargins(24, 0, 0, 0)
        self.attributes = AttributeChoosers()
        self.attributes.changed.connect(self._changed)
        self.steps, self.guidance, self.seed = _number("Drawing steps", 0), roomy(QDoubleSpinBox()), _number("Seed", 0)
        self.sentence = label("", "small", wrap=True)
        self.start = button("Generate", "primary")
        self.start.clicked.connect(self.start_wanted)
        self._lay_out()
        self.same.valueChanged.connect(self._changed)
        self.amounts.buttonToggled.connect(self._changed)
        self.ways[Amount.SAME].setChecked(True)

    def _lay_out(self) -> None:
        self.body.addWidget(label("Draw with", "muted"))
        self.body.addWidget(self.run)
        self.body.addWidget(label("How many", "muted"))
        self.body.addLayout(row(self.ways[Amount.SAME], None, self.same))
        self.body.addWidget(self.ways[Amount.EACH])
        self.body.addWidget(self._each)
        self.body.addWidget(self.ways[Amount.BALANCE])
        self.body.addWidget(self.attributes)
        self.body.addWidget(Folding("Advanced", self._advanced()))
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.start)

    def _advanced(self) -> QWidget:
        self.steps.setSpecialValueText("As the model suggests")
        self.steps.setToolTip("More steps draw finer and slower")
        self.guidance.setAccessibleName("Guidance")
        self.guidance.setRange(0.0, 20.0)
        self.guidance.setSingleStep(0.25)
        self.guidance.setSpecialValueText("As the model suggests")
        self.guidance.setToolTip("Higher shows the class more clearly and varies less")
        self.seed.setMaximum(2**31 - 1)
        self.seed.setToolTip("The same seed draws the same images again")
        content = QWidget()
        form = Form()
        content.setLayout(form)
        form.add("Steps", self.steps)
        form.add("Guidance", self.guidance)
        form.add("Seed", self.seed)
        return content

    def set_runs(self, runs: Sequence[tuple[str, str]], chosen: str = "") -> None:
        """Offer these (id, title); keep the choice where it still exists, unless ``chosen`` asks for another."""
        wanted = chosen or self.run.currentData()
        before = self.run.currentData()
        self.run.blockSignals(True)
        self.run.clear()
        for run_id, title in runs:
            self.run.addItem(title, run_id)
        self.run.setCurrentIndex(max(0, self.run.findData(wanted)) if runs else -1)
        self.run.blockSignals(False)
        if self.run.currentData() != before:
            self._run_changed()

    def set_classes(self, classes: tuple[str, ...], real: Mapping[str, int]) -> None:
        """Classes of the chosen run, and how many real images each was learnt from (empty = not known)."""
        self._real = real
        self.ways[Amount.BALANCE].setEnabled(bool(real))
        if not real and self.ways[Amount.BALANCE].isChecked():
            self.ways[Amount.SAME].setChecked(True)
        if classes != self._classes:
            self._classes = classes
            self._make_each()
        self._changed()

    def set_attributes(self, attributes: Sequence[Attribute]) -> None:
        """What images of the chosen run can be asked to show besides their class."""
        self.attributes.show_attributes(attributes)

    def _make_each(self) -> None:
        while self._each_form.rowCount():
            self._each_form.removeRow(0)
        self.each = {name: _number(f"Images of {name}", 16) for name in self._classes}
        for name, number in self.each.items():
            number.valueChanged.connect(self._changed)
            self._each_form.addRow(_class_label(name), number)

    def wish(self) -> Wish:
        """What the person wants."""
        return Wish(
            amount=next(amount for amount, way in self.ways.items() if way.isChecked()),
            same=self.same.value(),
            each={name: number.value() for name, number in self.each.items()},
            attributes=self.attributes.asked(),
            steps=self.steps.value() or None,
            guidance=self.guidance.value() or None,
            seed=self.seed.value(),
        )

    def _run_changed(self) -> None:
        self.run.setToolTip(self.run.currentText())
        self.run_chosen.emit(self.run.currentData() or "")

    def _changed(self) -> None:
        if self.amounts.checkedButton() is None:
            return
        wish = self.wish()
        self.same.setEnabled(wish.amount is Amount.SAME)
        self._each.setVisible(wish.amount is Amount.EACH)
        self.sentence.setText(wish_line(wish, self._classes, self._real) if self._classes else "")
        self.start.setEnabled(wish.total(self._classes, self._real) > 0)


def _number(name: str, value: int) -> QSpinBox:
    made = roomy(QSpinBox())
    made.setAccessibleName(name)
    made.setRange(0, MOST)
    made.setValue(value)
    return made


def _class_label(name: str) -> ElidedLabel:
    """Level with its field; a long name gives way."""
    made = ElidedLabel(name)
    made.setMinimumSize(90, FIELD_HEIGHT)
    return made
