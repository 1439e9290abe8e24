"""The form of the Train room: which cohort, how long, what kind of model from what; the rest behind a fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSpinBox, QVBoxLayout, QWidget

from app.ui.view_models.train import BUDGETS, DEFAULT_BUDGET, FAMILIES
from app.ui.widgets.begin_with import BeginWith
from app.ui.widgets.folding import Folding
from app.ui.widgets.section import Card, Form, button, label, roomy, row


class TrainSetup(Card):
    """Choices for a training.

    Signals:
        cohort_chosen(name): another cohort is to be learnt from; "" for none.
        start_wanted(): the button was pressed.
    """

    cohort_chosen = Signal(str)
    start_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("New training")
        self.cohort = _combo("Cohort to learn from")
        self.cohort.currentTextChanged.connect(self.cohort.setToolTip)
        self.cohort.currentTextChanged.connect(self.cohort_chosen)
        self.counts = label("", "small", wrap=True)
        self.verdict = label("", wrap=True)
        self.budget = _combo("Time to learn")
        for budget in BUDGETS:
            self.budget.addItem(budget.title, budget.seconds)
        self.budget.currentIndexChanged.connect(self._budget_changed)
        self.minutes = _spin("Minutes to learn", 1, 7 * 24 * 60, 30)
        self.minutes.setSuffix(" min")
        self.family = _combo("Kind of model")
        for choice in FAMILIES:
            self.family.addItem(choice.title, choice.key)
        self.family.currentIndexChanged.connect(self._describe)
        self.description = label("", "small", wrap=True)
        self.begin = BeginWith()
        self.advanced = _Advanced()
        self.start = button("Start training", "primary")
        self.start.clicked.connect(self.start_wanted)
        self._lay_out()
        self.budget.setCurrentIndex(DEFAULT_BUDGET)
        self._budget_changed()
        self._describe()

    def _lay_out(self) -> None:
        self.body.addWidget(label("Learn from", "muted"))
        self.body.addWidget(self.cohort)
        self.body.addWidget(self.counts)
        self.body.addWidget(self.verdict)
        self.body.addWidget(label("For how long", "muted"))
        self.body.addLayout(row(self.budget, self.minutes))
        self.body.addWidget(label("With", "muted"))
        self.body.addWidget(self.family)
        self.body.addWidget(self.description)
        self.body.addWidget(label("Begin with", "muted"))
        self.body.addWidget(self.begin)
        self.body.addWidget(Folding("Advanced", self.advanced))
        self.body.addWidget(self.start)

    def set_cohorts(self, names: Sequence[str], chosen: str = "") -> None:
        """Offer these; keep the choice where it still exists, unless ``chosen`` asks for another."""
        wanted = chosen or self.cohort.currentText()
        self.cohort.blockSignals(True)
        self.cohort.clear()
        self.cohort.addItems(list(names))
        if wanted in names:
            self.cohort.setCurrentText(wanted)
        self.cohort.blockSignals(False)
        self.start.setEnabled(bool(names))
        self.cohort_chosen.emit(self.cohort.currentText())

    def describe_cohort(self, counts: str, verdict: str, size: str) -> None:
        """What the chosen cohort holds and can support, in words."""
        self.counts.setText(counts)
        self.verdict.setText(verdict)
        self.verdict.setVisible(bool(verdict))
        self.advanced.picture_size.setText(size)

    def options(self) -> dict[str, Any]:
        """The choices as keywords of ``Training.start``."""
        return {
            **self.amount(),
            "family": self.family.currentData(),
            "seed": self.advanced.seed.value(),
            "device": self.advanced.device.currentData(),
            **({"from_checkpoint": self.begin.path} if self.begin.path else {}),
        }

    def amount(self) -> dict[str, Any]:
        """How long, as keywords of ``Training.start`` and ``Training.resume``."""
        steps = self.advanced.steps.value()
        return {"budget_s": None if steps else self._seconds(), "steps": steps or None}

    def _seconds(self) -> float:
        chosen: float | None = self.budget.currentData()
        return self.minutes.value() * 60.0 if chosen is None else chosen

    def _budget_changed(self) -> None:
        self.minutes.setVisible(self.budget.currentData() is None)

    def _describe(self) -> None:
        self.description.setText(FAMILIES[self.family.currentIndex()].description)
        self.begin.set_family(self.family.currentData())


class _Advanced(QWidget):
    """Settings that most people never need."""

    def __init__(self) -> None:
        super().__init__()
        self.device = _combo("Device")
        self.device.addItem("Best available", "auto")
        self.steps = _spin("Training steps", 0, 100_000_000, 0)
        self.steps.setSpecialValueText("As time allows")
        self.steps.setToolTip("A fixed number of training steps instead of a time")
        self.seed = _spin("Seed", 0, 2**31 - 1, 0)
        self.seed.setToolTip("The same seed gives the same training again")
        self.picture_size = label("", "small", wrap=True)
        form = Form()
        form.add("Device", self.device)
        form.add("Steps", self.steps)
        form.add("Seed", self.seed)
        form.add("Image size", self.picture_size)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)

    def set_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """Offer these (id, name) besides the best available."""
        while self.device.count() > 1:
            self.device.removeItem(1)
        for key, name in devices:
            self.device.addItem(name, key)


def _combo(name: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(10)
    return made


def _spin(name: str, low: int, high: int, value: int) -> QSpinBox:
    made = roomy(QSpinBox())
    made.setAccessibleName(name)
    made.setRange(low, high)
    made.setValue(value)
    return made
