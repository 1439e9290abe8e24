"""Asks the four things that the one-button road cannot guess: which images, how long, how many, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from app.ui.dialogs import choose
from app.ui.theme import SPACE
from app.ui.widgets.section import Form, button, label, roomy, row

BUDGETS = {"2 minutes": 120.0, "10 minutes": 600.0, "1 hour": 3600.0, "Overnight (8 hours)": 28_800.0}
ALL = "All images, labelled by their folders"


class AugmentDialog(QDialog):
    """Modal to its window; the properties are valid once it was accepted."""

    def __init__(self, parent: QWidget, cohorts: Sequence[str], out: Path) -> None:
        super().__init__(parent)
        self.setWindowTitle("Augment")
        self.setMinimumWidth(540)
        self.images, self.time = QComboBox(), QComboBox()
        for name in cohorts:
            self.images.addItem(f"Cohort “{name}”", name)
        self.images.addItem(ALL, "")
        for text, seconds in BUDGETS.items():
            self.time.addItem(text, seconds)
        self.time.setCurrentIndex(1)
        self.each = roomy(QSpinBox())
        self.each.setRange(1, 10_000)
        self.each.setValue(24)
        self.where = QLineEdit(str(out))
        self.browse = button("Browse…")
        self.problem = label("", "bad", wrap=True)
        self.start = button("Augment", "primary")
        self.start.setDefault(True)
        self.cancel = button("Cancel")
        self._arrange()
        self.browse.clicked.connect(self._choose)
        self.where.textChanged.connect(self._check)
        self.start.clicked.connect(self.accept)
        self.cancel.clicked.connect(self.reject)
        self._check()

    @property
    def cohort(self) -> str:
        """Name of the cohort, "" for all images."""
        return str(self.images.currentData())

    @property
    def budget_s(self) -> float:
        """Training time."""
        return float(self.time.currentData())

    @property
    def out(self) -> Path:
        """Folder of the export; new or empty."""
        return Path(self.where.text()).expanduser()

    def _arrange(self) -> None:
        about = (
            "Learns from these images, makes new ones, judges them and exports those that pass, with sensible "
            "choices. You can watch every step, and stop at any time."
        )
        fields = Form()
        fields.add("Learn from", self.images)
        fields.add("Training time", self.time)
        fields.add("New images per class", self.each)
        fields.add("Export to", self.where, self.browse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE, 2 * SPACE, 3 * SPACE, 2 * SPACE)
        layout.setSpacing(SPACE + 4)
        layout.addWidget(label(about, "muted", wrap=True))
        layout.addLayout(fields)
        layout.addWidget(self.problem)
        layout.addLayout(row(None, self.cancel, self.start))

    def _choose(self) -> None:
        chosen = choose.folder(self, "Folder for the export", self.out.parent)
        if chosen is not None:
            taken = chosen.is_dir() and any(chosen.iterdir())
            self.where.setText(str(chosen / self.out.name if taken else chosen))

    def _check(self) -> None:
        text = self.where.text().strip()
        taken = bool(text) and self.out.is_dir() and any(self.out.iterdir())
        problem = "This folder is not empty. Choose a new one." if taken else "" if text else "Choose a folder."
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.start.setEnabled(not problem)
