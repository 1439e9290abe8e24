"""What most people never change about an export: parts of the cohort, kind of DICOM file, words of cards, packing."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QVBoxLayout, QWidget

from app.domain.export import Format, Storage
from app.ui.view_models.export import LICENCE_EMPTY, SPLIT_TITLES, STORAGES, USE_EMPTY, Form
from app.ui.widgets.export_protection import OptionSwitches, stacked
from app.ui.widgets.section import label, row


class ExportAdvanced(QWidget):
    """Choices behind the fold.

    Signals:
        changed(): something else was chosen.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.switches = OptionSwitches()
        self.splits = {name: QCheckBox(title) for name, title in SPLIT_TITLES.items()}
        self.storage = QComboBox()
        self.storage.setAccessibleName("Kind of DICOM file")
        self.storage.setToolTip(
            "For slices that are written anew. A secondary capture is never taken for what a scanner made."
        )
        for storage, title in STORAGES:
            self.storage.addItem(title, storage)
        self.licence = _field("Licence", LICENCE_EMPTY, "Under which terms the data may be used; on the data card")
        self.use = _field("Intended use", USE_EMPTY, "“Not for diagnosis or treatment” is always added")
        self.zipped = QCheckBox("Pack into one ZIP file")
        self.signed = QCheckBox("Content credentials in synthetic PNG and TIFF")
        self.signed.setToolTip(
            "C2PA: a signed statement inside each file that a model drew it. The key is this project’s own, so "
            "readers find the signature valid and its signer unknown."
        )
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for box in self.splits.values():
            box.setChecked(True)
        self._parts = stacked(label("Parts of the cohort", "muted"), _beside(*self.splits.values()))
        self._dicom = stacked(label("New DICOM files", "muted"), self.storage)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for piece in (self.switches, self._parts, self._dicom):
            layout.addWidget(piece)
        layout.addWidget(stacked(label("Licence", "muted"), self.licence))
        layout.addWidget(stacked(label("Intended use", "muted"), self.use))
        layout.addWidget(stacked(self.zipped, self.signed))

    def _connect(self) -> None:
        for box in (*self.splits.values(), self.zipped, self.signed):
            box.toggled.connect(self.changed)
        for text in (self.licence, self.use):
            text.textChanged.connect(self.changed)
        self.storage.currentIndexChanged.connect(self.changed)
        self.switches.changed.connect(self.changed)

    @property
    def chosen_splits(self) -> tuple[str, ...]:
        """Parts of the cohort that leave."""
        return tuple(name for name, box in self.splits.items() if box.isChecked())

    @property
    def chosen_storage(self) -> Storage:
        """Kind of DICOM file."""
        return Storage(self.storage.currentData())

    def fit(self, form: Form) -> None:
        """Hide what means nothing beside the other choices."""
        self.switches.setVisible(form.with_headers)
        self._parts.setVisible(form.real)
        self._dicom.setVisible(Format.DICOM in form.formats)
        self.signed.setVisible(form.signable)


def _field(name: str, empty: str, tip: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(empty)
    made.setToolTip(tip)
    made.setMaxLength(300)
    return made


def _beside(*boxes: QWidget) -> QWidget:
    made = QWidget()
    layout = row(*boxes, None)
    layout.setContentsMargins(0, 0, 0, 0)
    made.setLayout(layout)
    return made
