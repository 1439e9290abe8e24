"""One chooser for each attribute that images can be asked to show; all say “any” at first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QVBoxLayout, QWidget

from app.domain.condition import Attribute
from app.ui.widgets.section import Form, label, roomy

ANY = "any"
TIP = "“any” draws it as it occurs in the training images of the class, together with the other attributes"


class AttributeChoosers(QWidget):
    """A form that is hidden while there is nothing to choose.

    Signals:
        changed(): ``asked()`` is another answer now.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._attributes: tuple[Attribute, ...] = ()
        self.choosers: dict[str, QComboBox | QDoubleSpinBox] = {}
        self._form = Form()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label("Showing", "muted"))
        layout.addLayout(self._form)
        self.hide()

    def show_attributes(self, attributes: Sequence[Attribute]) -> None:
        """Offer these; answers already given stay where the same attributes are offered again."""
        if tuple(attributes) == self._attributes:
            return
        self._attributes = tuple(attributes)
        while self._form.rowCount():
            self._form.removeRow(0)
        self.choosers = {one.name: self._list(one) if one.values else self._number(one) for one in attributes}
        for name, chooser in self.choosers.items():
            chooser.setAccessibleName(name)
            chooser.setToolTip(TIP)
            self._form.add(name, chooser)
        self.setVisible(bool(attributes))
        self.changed.emit()

    def asked(self) -> dict[str, str]:
        """What is asked for, as a person would write it; nothing of what is “any”."""
        answers = {name: _answer(chooser) for name, chooser in self.choosers.items()}
        return {name: answer for name, answer in answers.items() if answer is not None}

    def _list(self, attribute: Attribute) -> QComboBox:
        made = QComboBox()
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        made.setMinimumContentsLength(8)
        made.addItem(ANY)
        for value in attribute.values:
            made.addItem(value, value)
        made.currentIndexChanged.connect(self.changed)
        return made

    def _number(self, attribute: Attribute) -> QDoubleSpinBox:
        """From one step below the range, which reads “any”, to its end."""
        made = roomy(QDoubleSpinBox())
        whole = attribute.low.is_integer() and attribute.high.is_integer()
        step = 1.0 if whole else (attribute.high - attribute.low) / 100
        made.setDecimals(0 if whole else 4)
        made.setRange(attribute.low - step, attribute.high)
        made.setSingleStep(step)
        made.setSpecialValueText(f"{ANY} ({attribute.choices()})")
        made.setValue(made.minimum())
        made.valueChanged.connect(self.changed)
        return made


def _answer(chooser: QComboBox | QDoubleSpinBox) -> str | None:
    if isinstance(chooser, QDoubleSpinBox):
        return None if chooser.value() <= chooser.minimum() else f"{chooser.value():g}"
    answer: str | None = chooser.currentData()
    return answer
