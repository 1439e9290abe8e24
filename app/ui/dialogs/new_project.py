"""Asks where a new project should live: a name and a folder, with the whole path shown."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from app.ui.dialogs import choose
from app.ui.theme import SPACE
from app.ui.widgets.section import Form, button, label, row


def default_home() -> Path:
    """Where projects go unless the person says otherwise: ``Understudy`` in the documents."""
    from platformdirs import user_documents_path

    return user_documents_path() / "Understudy"


def free_name(home: Path, wanted: str) -> str:
    """``wanted``, or the first of "wanted 2", "wanted 3", … that does not exist in ``home``."""
    names = (wanted if number == 1 else f"{wanted} {number}" for number in range(1, 10_000))
    return next(name for name in names if not (home / name).exists())


class NewProjectDialog(QDialog):
    """Modal to its window; ``folder`` is valid once it was accepted. Nothing is written here."""

    def __init__(self, parent: QWidget, *, wanted: str = "My project", home: Path | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project")
        self.setMinimumWidth(520)
        self._home = home or default_home()
        self.name = QLineEdit(free_name(self._home, wanted))
        self.name.setAccessibleName("Project name")
        self.where = QLineEdit(str(self._home))
        self.where.setAccessibleName("Folder that holds the project")
        self.browse = button("Browse…")
        self.path = label("", "small", wrap=True)
        self.problem = label("", "bad", wrap=True)
        self.make = button("Create project", "primary")
        self.make.setDefault(True)
        self.cancel = button("Cancel")
        self._arrange()
        self.name.textChanged.connect(self._check)
        self.where.textChanged.connect(self._check)
        self.browse.clicked.connect(self._choose)
        self.make.clicked.connect(self.accept)
        self.cancel.clicked.connect(self.reject)
        self.name.selectAll()
        self._check()

    @property
    def folder(self) -> Path:
        """The folder to make."""
        return Path(self.where.text()).expanduser() / self.name.text().strip()

    def _arrange(self) -> None:
        fields = Form()
        fields.add("Name", self.name)
        fields.add("In folder", self.where, self.browse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE, 2 * SPACE, 3 * SPACE, 2 * SPACE)
        layout.setSpacing(SPACE + 4)
        about = "Everything of a project lives in one folder. Your images stay where they are and are never changed."
        layout.addWidget(label(about, "muted", wrap=True))
        layout.addLayout(fields)
        layout.addWidget(self.path)
        layout.addWidget(self.problem)
        layout.addLayout(row(None, self.cancel, self.make))

    def _choose(self) -> None:
        chosen = choose.folder(self, "Folder for the project", Path(self.where.text()))
        if chosen is not None:
            self.where.setText(str(chosen))

    def _check(self) -> None:
        problem = self._problem()
        self.path.setText(f"Will be made at {self.folder}" if not problem else "")
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.make.setEnabled(not problem)

    def _problem(self) -> str:
        name = self.name.text().strip()
        if not name:
            return "Give the project a name."
        if any(sign in name for sign in '/\\:*?"<>|') or name in (".", ".."):
            return 'A name cannot contain / \\ : * ? " < > |'
        if not self.where.text().strip():
            return "Choose a folder."
        if self.folder.is_dir() and any(self.folder.iterdir()):
            return "There is something at this place already. Choose another name."
        return ""
