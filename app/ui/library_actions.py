"""What a person can do with the series selected in the Library: tag, remove, delete a patient, make a cohort.

It asks where something cannot be taken back, works off the GUI thread, and tells the rooms when the library changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QWidget

from app.domain.study import SeriesLine
from app.ui.context import PageContext
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.tags import TagsDialog
from app.ui.phrases import count
from app.ui.view_models import patient as patient_words
from app.ui.view_models.library import Entry

if TYPE_CHECKING:
    from app.compose import Services
    from app.services.patients import Deleted
    from app.services.traces import Traces


class LibraryActions(QObject):
    """Bound to one room.

    Args:
        room: parent of the dialogs.
        context: of the window.
        selection: gives the selected lines of the list.
    """

    def __init__(self, room: QWidget, context: PageContext, selection: Callable[[], Sequence[Entry]]) -> None:
        super().__init__(room)
        self._room = room
        self._context = context
        self._selection = selection

    def make_cohort(self) -> None:
        """Take the selection to the Cohort room."""
        self._context.go("cohort", "selection")

    def copy_folder(self) -> None:
        """Put the folder of the selected series on the clipboard."""
        folders = dict.fromkeys(line.folder for line in self._lines())
        QGuiApplication.clipboard().setText("\n".join(folders))

    def edit_tags(self, known: Sequence[str]) -> None:
        """Ask for tags and give them; ``known`` are those of the whole library."""
        lines = self._lines()
        if not lines:
            return
        dialog = TagsDialog(self._room, lines, known)
        keys, catalogue = [line.key for line in lines], self._services().catalogue

        def give() -> None:
            added, removed = dialog.added, dialog.removed
            self._do(lambda: catalogue.tag(keys, add=added, remove=removed))

        _ask(dialog, give)

    def remove(self) -> None:
        """Take the selected studies out of the project; asks where there are several."""
        keys = list(dict.fromkeys(line.study for line in self._lines()))
        if not keys:
            return
        if len(keys) == 1:
            self._remove(keys)
            return
        text = (
            f"Take {count(len(keys), 'study', 'studies')} out of this project? Their labels and tags go with them. "
            "The files stay where they are and can be added again."
        )
        dialog = ConfirmDialog(self._room, "Remove studies", text, agree="Remove")
        _ask(dialog, lambda: self._remove(keys))

    def delete_patient(self) -> None:
        """Look up what shows the patient of the selection, ask with all of it in view, and delete them everywhere."""
        patients = {line.patient for line in self._lines()}
        if len(patients) != 1:
            return
        service, (patient,) = self._services().patients, patients

        def ask(found: Traces) -> None:
            title, agree = "Delete a patient", "Delete everywhere"
            text, details = patient_words.question(found), patient_words.consequences(found)
            dialog = ConfirmDialog(self._room, title, text, agree=agree, details=details)
            _ask(dialog, lambda: self._context.bridge.run_in_background(lambda: service.delete(patient), self._deleted))

        self._context.bridge.run_in_background(lambda: service.traces(patient), ask)

    def retry(self, paths: Sequence[str]) -> None:
        """Read inputs that were set aside once more."""
        title = f"Reading {count(len(paths), 'file')} again"
        self._context.bridge.start(self._services().catalogue.retry, list(paths), title=title)

    def dismiss(self, paths: Sequence[str]) -> None:
        """Take inputs off the Set-aside list."""
        catalogue = self._services().catalogue

        def dismiss() -> None:
            for path in paths:
                catalogue.dismiss(path)

        self._do(dismiss)

    def _remove(self, keys: Sequence[str]) -> None:
        catalogue = self._services().catalogue

        def remove() -> None:
            for key in keys:
                catalogue.remove_study(key)

        self._do(remove)

    def _do(self, work: Callable[[], None]) -> None:
        self._context.bridge.run_in_background(work, self._changed)

    def _changed(self, _answer: None) -> None:
        self._context.library_changed.emit()

    def _deleted(self, gone: Deleted) -> None:
        self._context.say(patient_words.done(gone))
        self._context.library_changed.emit()
        self._context.cohorts_changed.emit()
        self._context.runs_changed.emit()
        self._context.audits_changed.emit()

    def _lines(self) -> list[SeriesLine]:
        """The selected series, each once: a group and what is inside it may both be selected."""
        return list({line.key: line for entry in self._selection() for line in entry.lines()}.values())

    def _services(self) -> Services:
        services = self._context.services
        assert services is not None, "nothing is listed while no project is open"
        return services


def _ask(dialog: QDialog, then: Callable[[], object]) -> None:
    """Open ``dialog`` over its window and go on where the person agreed."""
    dialog.accepted.connect(then)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
