"""The form of the Export room: which images, in which forms, real ones too or not, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QLineEdit, QWidget

from app.ui.view_models.export import FORMATS, REAL_EXPLAINED, Form
from app.ui.widgets.section import Card, button, label, row


class ExportForm(Card):
    """Choices for an export.

    Signals:
        changed(): something else was chosen; ``form`` holds it.
    """

    changed = Signal()

    def __init__(self, home: Path) -> None:
        super().__init__("What leaves")
        self.form = Form(parent=str(home))
        self._cohorts: dict[str, str] = {}
        self.samples = QComboBox()
        self.samples.setAccessibleName("Sample set to export")
        self.samples.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.samples.setMinimumContentsLength(12)
        self.formats = {choice.format: QCheckBox(choice.title) for choice in FORMATS}
        self.real = QCheckBox("Real training images, de-identified")
        self.explained = label(REAL_EXPLAINED, "small", wrap=True)
        self.explained.hide()
        self.parent_folder = QLineEdit(str(home))
        self.parent_folder.setAccessibleName("Folder to put the export in")
        self.browse = button("Choose…")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the export's folder")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.body.addWidget(label("Synthetic images", "muted"))
        self.body.addWidget(self.samples)
        self.body.addWidget(label("Formats", "muted"))
        for choice in FORMATS:
            self.body.addWidget(self.formats[choice.format])
            self.body.addWidget(_indented(choice.description))
        self.body.addWidget(label("Together with", "muted"))
        self.body.addWidget(self.real)
        self.body.addWidget(self.explained)
        self.body.addWidget(label("Put it in", "muted"))
        self.body.addLayout(row(self.parent_folder, self.browse))
        self.body.addWidget(label("As a new folder named", "muted"))
        self.body.addWidget(self.name)

    def _connect(self) -> None:
        for choice in FORMATS:
            self.formats[choice.format].setChecked(choice.format in self.form.formats)
            self.formats[choice.format].toggled.connect(self._read)
        self.samples.currentIndexChanged.connect(self._set_chosen)
        self.real.toggled.connect(self.explained.setVisible)
        self.real.toggled.connect(self._read)
        self.parent_folder.textChanged.connect(self._read)
        self.name.textChanged.connect(self._read)
        self.browse.clicked.connect(self._browse)

    def set_sets(self, sets: Sequence[tuple[str, str]], cohorts: dict[str, str], chosen: str = "") -> None:
        """Offer sample sets (id, title) with the cohort each was learnt from; keep the choice where it exists."""
        before = str(self.samples.currentData() or "")
        wanted = chosen or before
        self._cohorts = cohorts
        self.samples.blockSignals(True)
        self.samples.clear()
        for set_id, title in sets:
            self.samples.addItem(title, set_id)
        self.samples.setCurrentIndex(max(0, self.samples.findData(wanted)) if sets else -1)
        self.samples.blockSignals(False)
        if str(self.samples.currentData() or "") == before:
            self._read()
        else:
            self._set_chosen()

    def suggest_name(self) -> None:
        """Name the folder by the set; a free name where that one is taken."""
        stem = f"understudy-{self.samples.currentData() or 'export'}"
        parent, name, number = Path(self.parent_folder.text()), stem, 2
        while (parent / name).exists():
            name, number = f"{stem}-{number}", number + 1
        self.name.setText(name)

    def _set_chosen(self) -> None:
        self.suggest_name()
        self._read()

    def _read(self) -> None:
        set_id = str(self.samples.currentData() or "")
        cohort = self._cohorts.get(set_id, "")
        self.real.setEnabled(bool(cohort))
        self.real.setToolTip("" if cohort else "The training of these images is gone, so its real images are not known")
        self.form = replace(
            self.form,
            samples=set_id,
            cohort=cohort,
            parent=self.parent_folder.text().strip(),
            name=self.name.text(),
            formats=tuple(choice.format for choice in FORMATS if self.formats[choice.format].isChecked()),
            real=self.real.isChecked() and bool(cohort),
        )
        self.changed.emit()

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose where the export goes", self.parent_folder.text())
        if folder:
            self.parent_folder.setText(folder)
            self.suggest_name()


def _indented(text: str) -> QWidget:
    made = label(text, "small", wrap=True)
    made.setContentsMargins(24, 0, 0, 4)
    return made
