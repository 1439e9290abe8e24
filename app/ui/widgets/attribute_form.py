"""The Cohort room's questions on attributes: what else is known of the images, from headers and from a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox

from app.ui.dialogs import choose
from app.ui.widgets.section import Card, ElidedLabel, button, label, row

WHY = "What else is known of the images. You can ask for it when you draw new ones."


class AttributeForm(Card):
    """Where attributes come from, and which ones are known.

    Signals:
        changed(): ``sources()`` are others now.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__("Attributes")
        self._table: Path | None = None
        self._keywords: tuple[str, ...] = ()
        self.headers = QCheckBox()
        self.headers.hide()
        self.table_name = ElidedLabel("No table", "muted")
        self.choose_table = button("Load a table…")
        self.choose_table.setToolTip("A CSV with a column “file” and one column for each attribute")
        self.drop_table = button("Remove")
        self.drop_table.hide()
        self.known = label("", wrap=True)
        self.known.hide()
        self.body.addWidget(label(WHY, "small", wrap=True))
        self.body.addWidget(self.headers)
        self.body.addLayout(row(self.table_name, self.drop_table, self.choose_table))
        self.body.addWidget(self.known)
        self.headers.toggled.connect(self.changed)
        self.choose_table.clicked.connect(self._choose_table)
        self.drop_table.clicked.connect(lambda: self.use_table(None))

    def sources(self) -> tuple[str, ...]:
        """What the form says, as ``services.cohorts`` reads it."""
        asked = self.headers.isChecked() and self._keywords
        headers = [f"dicom:{','.join(self._keywords)}"] if asked else []
        return (*headers, *([f"csv:{self._table}"] if self._table else []))

    def offer_headers(self, offered: Sequence[tuple[str, str]]) -> None:
        """The (keyword, name) of header attributes that differ among the images; nothing is offered without one."""
        self._keywords = tuple(keyword for keyword, _name in offered)
        *first, last = [name if number == 0 else name.lower() for number, (_keyword, name) in enumerate(offered)] or [
            ""
        ]
        names = f"{', '.join(first)} and {last}" if first else last
        self.headers.setText(f"{names} from the DICOM headers")
        self.headers.setVisible(bool(offered))

    def use_table(self, path: Path | None) -> None:
        """Read attributes from this CSV, or from none."""
        self._table = path
        self.table_name.setText(path.name if path else "No table")
        self.table_name.setToolTip(str(path or ""))
        self.drop_table.setVisible(path is not None)
        self.changed.emit()

    def show_known(self, lines: Sequence[str]) -> None:
        """One line for each attribute that the cohort would have."""
        self.known.setText("\n".join(lines))
        self.known.setVisible(bool(lines))

    def _choose_table(self) -> None:
        chosen = choose.file(self, "Table with attributes", "Tables (*.csv *.tsv *.txt)")
        if chosen is not None:
            self.use_table(chosen)
