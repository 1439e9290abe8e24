"""Chooses what a training begins with: nothing, an earlier run of the project, or weights on disk.

What no longer fits is taken back with a sentence. It opens no weights: the worker reads them, and refuses bad ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.domain import families
from app.ui.dialogs import choose
from app.ui.theme import SPACE
from app.ui.view_models.begin_with import NOTHING, Beginning, caution, from_disk, meaning, taken_back
from app.ui.widgets.begin_with_list import BeginWithList
from app.ui.widgets.section import button, label, row

KINDS = "Models (*.zip *.json *.safetensors);;All files (*)"


class BeginWith(QWidget):
    """A list, a way to take the choice back, and what the choice means."""

    def __init__(self) -> None:
        super().__init__()
        self._offers: list[Beginning] = []
        self._classes: tuple[str, ...] = ()
        self._size = 0
        self._family = families.AUTO
        self._chosen = NOTHING
        self._taken_back = ""
        self.list = BeginWithList()
        self.clear = button("Clear", "quiet", tip="Begin with nothing")
        self.description = label("", "small", wrap=True)
        self.caution = label("", "caution", wrap=True)
        self.list.chosen.connect(self._choose)
        self.list.file_wanted.connect(lambda: self._take(choose.file(self, "Model to begin with", KINDS)))
        self.list.folder_wanted.connect(lambda: self._take(choose.folder(self, "Bundle or training to begin with")))
        self.clear.clicked.connect(lambda: self._choose(NOTHING))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        line = row(self.list, self.clear)
        line.setStretch(0, 1)
        layout.addLayout(line)
        layout.addWidget(self.description)
        layout.addWidget(self.caution)
        self._settle()

    @property
    def path(self) -> Path | None:
        """What ``Training.start`` takes as ``from_checkpoint``."""
        return self._chosen.path

    def offer(self, earlier: Sequence[Beginning], classes: Sequence[str], size: int) -> None:
        """Offer these runs of any kind to a training on pictures of ``size`` pixels that show ``classes``."""
        self._offers, self._classes, self._size = list(earlier), tuple(classes), size
        self._settle()

    def set_family(self, family: str) -> None:
        """The kind of model that is to be trained."""
        self._family, self._taken_back = family, ""
        self._settle()

    def _choose(self, begin: Beginning) -> None:
        self._chosen, self._taken_back = begin, ""
        self._settle()

    def _take(self, path: Path | None) -> None:
        if path is not None:
            self._choose(from_disk(path, self._offers))

    def _settle(self) -> None:
        """Offer what fits; keep the choice only where it still does."""
        fitting = [one for one in self._offers if self._family in (families.AUTO, one.family)]
        if self._chosen.family:
            still = next((one for one in fitting if one.path == self._chosen.path), NOTHING)
            if still is NOTHING:
                self._taken_back = taken_back(self._chosen, self._family, self._size)
            self._chosen = still
        self.list.fill([NOTHING, *fitting], self._chosen)
        self.clear.setVisible(self._chosen.path is not None)
        _say(self.description, meaning(self._chosen, self._classes, self._family))
        _say(self.caution, self._taken_back or caution(self._chosen))


def _say(where: QLabel, text: str) -> None:
    where.setText(text)
    where.setVisible(bool(text))
