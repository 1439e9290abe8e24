"""The form of the Export room: which images, in which forms, how protected, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QLineEdit

from app.domain.deid import Option
from app.ui.view_models.export import FORMATS, Form
from app.ui.widgets.export_advanced import ExportAdvanced
from app.ui.widgets.export_protection import INDENT, ProtectionChoice, indented, stacked
from app.ui.widgets.folding import Folding
from app.ui.widgets.section import Card, button, label, row

OWN_COHORT = "The cohort that these synthetic images were learnt from, so that its test patients stay unseen"
LOST_COHORT = "The training of these images is gone, so the real images beside them are not known"


class ExportForm(Card):
    """Choices for an export.

    Signals:
        changed(): something else was chosen; ``form`` holds it.
    """

    changed = Signal()

    def __init__(self, home: Path) -> None:
        super().__init__("What leaves")
        self.form = Form(parent=str(home))
        self._learnt: dict[str, str] = {}
        self._names: tuple[str, ...] = ()
        self._picked = self._suggested = ""
        self.synthetic = QCheckBox("Synthetic images, marked as such")
        self.samples = _combo("Sample set to export")
        self.real = QCheckBox("Real images, de-identified")
        self.cohort = _combo("Cohort to export")
        self.protection = ProtectionChoice()
        self.formats = {choice.format: QCheckBox(choice.title) for choice in FORMATS}
        self.parent_folder = QLineEdit(str(home))
        self.parent_folder.setAccessibleName("Folder to put the export in")
        self.browse = button("Choose…")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the export's folder")
        self.advanced = ExportAdvanced()
        self.fold = Folding("Advanced", self.advanced)
        self.synthetic.setChecked(True)
        for form in self.form.formats:
            self.formats[form].setChecked(True)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.body.addWidget(self.synthetic)
        self.body.addLayout(_inside(self.samples))
        self.body.addWidget(self.real)
        self.body.addLayout(_inside(self.cohort))
        self.body.addWidget(self.protection)
        self.body.addWidget(label("Formats", "muted"))
        for choice in FORMATS:
            self.body.addWidget(stacked(self.formats[choice.format], indented(choice.description)))
        self.body.addWidget(label("Put it in", "muted"))
        self.body.addLayout(row(self.parent_folder, self.browse))
        self.body.addWidget(label("As a new folder named", "muted"))
        self.body.addWidget(self.name)
        self.body.addWidget(self.fold)

    def _connect(self) -> None:
        self.synthetic.toggled.connect(self._kind_chosen)
        for box in (self.real, *self.formats.values()):
            box.toggled.connect(self._read)
        self.samples.currentIndexChanged.connect(self._kind_chosen)
        self.cohort.activated.connect(self._cohort_picked)
        self.protection.changed.connect(self._profile_chosen)
        self.advanced.changed.connect(self._read)
        self.parent_folder.textChanged.connect(self._read)
        self.name.textChanged.connect(self._read)
        self.browse.clicked.connect(self._browse)

    def set_content(
        self, sets: Sequence[tuple[str, str]], learnt: dict[str, str], cohorts: Sequence[str], chosen: str = ""
    ) -> None:
        """Offer what the project holds; what was chosen stays chosen where it still exists.

        Args:
            sets: sample sets as (id, title).
            learnt: id of a set to the name of the cohort that it was learnt from.
            cohorts: names of cohorts that there are.
            chosen: id of a set to choose; "" for the one that is chosen already.
        """
        self._learnt, self._names = learnt, tuple(cohorts)
        _fill(self.samples, sets, chosen or str(self.samples.currentData() or ""))
        if not sets and self._names:
            self.synthetic.setChecked(False)
            self.real.setChecked(True)
        elif chosen:
            self.synthetic.setChecked(True)
        self._kind_chosen()

    def suggest_name(self) -> None:
        """Name the folder by what leaves; a free name where that one is taken."""
        parent, name, number = Path(self.parent_folder.text()), self._stem, 2
        while (parent / name).exists():
            name, number = f"{self._stem}-{number}", number + 1
        self._suggested = name
        self.name.setText(name)

    def _kind_chosen(self) -> None:
        """Other images leave: another name, unless the person wrote one."""
        if self.name.text() in ("", self._suggested):
            self.suggest_name()
        self._read()

    @property
    def _stem(self) -> str:
        chosen = self.samples.currentData() if self.synthetic.isChecked() else "real-images"
        return f"understudy-{chosen or 'export'}"

    def _cohort_picked(self) -> None:
        self._picked = self.cohort.currentText()
        self._read()

    def _profile_chosen(self) -> None:
        self.advanced.switches.set_profile(self.protection.profile)
        self._read()

    def _read(self) -> None:
        synthetic = self.synthetic.isChecked()
        set_id = str(self.samples.currentData() or "")
        self._offer_cohorts(self._learnt.get(set_id, "") if synthetic else None)
        extra = self.advanced.switches.extra
        self.form = Form(
            synthetic=synthetic,
            samples=set_id,
            real=self.real.isChecked() and self.real.isEnabled(),
            cohort=self.cohort.currentText(),
            parent=self.parent_folder.text().strip(),
            name=self.name.text(),
            formats=tuple(choice.format for choice in FORMATS if self.formats[choice.format].isChecked()),
            profile=self.protection.profile,
            options=tuple(one for one in Option if one in extra),
            reason=self.protection.reason.text(),
            splits=self.advanced.chosen_splits,
            storage=self.advanced.chosen_storage,
            licence=self.advanced.licence.text(),
            intended_use=self.advanced.use.text(),
            zipped=self.advanced.zipped.isChecked(),
            signed=self.advanced.signed.isChecked(),
        )
        self._fit()
        self.changed.emit()

    def _offer_cohorts(self, learnt: str | None) -> None:
        """With synthetic images, only the cohort that they were learnt from; ``None`` without any: every one."""
        names = self._names if learnt is None else (learnt,) if learnt else ()
        _fill(self.cohort, [(name, name) for name in names], self._picked)
        self.cohort.setEnabled(learnt is None)
        self.cohort.setToolTip(self.cohort.currentText() if learnt is None else OWN_COHORT)
        self.real.setEnabled(bool(names))
        self.real.setToolTip("" if names or learnt is None else LOST_COHORT)
        self.synthetic.setEnabled(self.samples.count() > 0)

    def _fit(self) -> None:
        """Show what belongs to what was chosen."""
        self.samples.setVisible(self.form.synthetic)
        self.cohort.setVisible(self.form.real)
        self.protection.fit(self.form)
        self.advanced.fit(self.form)

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose where the export goes", self.parent_folder.text())
        if folder:
            self.parent_folder.setText(folder)
            self.suggest_name()


def _combo(name: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(12)
    return made


def _fill(combo: QComboBox, entries: Sequence[tuple[str, str]], wanted: str) -> None:
    """Other entries (id, title), silently; the first where the wanted one is not among them."""
    combo.blockSignals(True)
    combo.clear()
    for entry, title in entries:
        combo.addItem(title, entry)
    combo.setCurrentIndex(max(0, combo.findData(wanted)) if entries else -1)
    combo.blockSignals(False)


def _inside(combo: QComboBox) -> QHBoxLayout:
    made = row(combo)
    made.setContentsMargins(INDENT, 0, 0, 0)
    return made
