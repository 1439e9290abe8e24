"""The rooms of the window, one module each, built when they are first shown."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from PySide6.QtWidgets import QWidget

from app.ui.context import PageContext

PAGES = {
    "library": "app.ui.pages.library:LibraryPage",
    "cohort": "app.ui.pages.cohort:CohortPage",
    "train": "app.ui.pages.train:TrainPage",
    "generate": "app.ui.pages.generate:GeneratePage",
    "review": "app.ui.pages.review:ReviewPage",
    "export": "app.ui.pages.export:ExportPage",
}


class Page(Protocol):
    """What the window asks of a room."""

    def activate(self) -> None:
        """The room is shown now."""


def build(room: str, context: PageContext) -> tuple[QWidget, Page]:
    """The page of ``room``, once as the widget that it is and once as what the window asks of it."""
    module, _colon, name = PAGES[room].partition(":")
    page = getattr(import_module(module), name)(context)
    return cast(QWidget, page), cast(Page, page)
