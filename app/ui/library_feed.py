"""Reads the library for its room: off the GUI thread, one reading at a time, and no oftener than the machine can.

While an import runs the library changes several times a second. Readings that overtook each other would never be
shown in a large library, and readings back to back would starve the window; so the next one waits for the last one,
and then for a while that grows with what it took.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.errors import UnderstudyError
from app.ui.context import PageContext
from app.ui.view_models.library import Stock, stock
from app.ui.view_models.library_filter import Facets, Listed, Wanted, facets, listed
from app.ui.view_models.set_aside import AsideShelf, aside_shelf

if TYPE_CHECKING:
    from app.services.catalogue import Catalogue

REST = 3.0
"""Times the length of a reading that pass before the next one."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The library as it was read.

    Attributes:
        stock: everything.
        facets: what there is to filter by.
        aside: what was set aside, by reason.
        wanted, listed: the question that stood then, and its answer.
    """

    stock: Stock = field(default_factory=Stock)
    facets: Facets = field(default_factory=Facets)
    aside: AsideShelf = field(default_factory=AsideShelf)
    wanted: Wanted = field(default_factory=Wanted)
    listed: Listed = field(default_factory=Listed)


class LibraryFeed(QObject):
    """Keeps the newest shelf.

    Signals:
        read(Shelf): the library was read anew.
        listed(Listed): the answer to another question, over the same library.
    """

    read = Signal(object)
    listed = Signal(object)

    def __init__(self, context: PageContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._shelf = Shelf()
        self._wanted = Wanted()
        self._reading = self._again = False
        self._began = 0.0
        self._rest = QTimer(self, singleShot=True)
        self._rest.timeout.connect(self._rested)

    def refresh(self) -> None:
        """Read the library, now or as soon as the last reading is over and digested."""
        services = self._context.services
        if services is None:
            self.read.emit(Shelf())
        elif self._reading or self._rest.isActive():
            self._again = True
        else:
            self._reading, self._again = True, False
            self._began = time.monotonic()
            catalogue, before, wanted = services.catalogue, self._shelf, self._wanted
            self._context.bridge.run_in_background(
                lambda: _shelf(catalogue, before, wanted), self._take, failed=self._fail
            )

    def ask(self, wanted: Wanted) -> None:
        """Search, filter and sort what was read."""
        self._wanted = wanted
        everything = self._shelf.stock
        self._context.bridge.run_in_background(
            lambda: listed(everything, wanted), self.listed.emit, lane="library-list"
        )

    def _take(self, found: Shelf) -> None:
        self._shelf = found
        self._finish()
        self.read.emit(found)
        if found.wanted != self._wanted:
            self.ask(self._wanted)

    def _fail(self, error: UnderstudyError) -> None:
        self._finish()
        self._context.bridge.failed.emit(error)

    def _finish(self) -> None:
        self._reading = False
        self._rest.start(round(1000 * REST * (time.monotonic() - self._began)))

    def _rested(self) -> None:
        if self._again:
            self.refresh()


def _shelf(catalogue: Catalogue, before: Shelf, wanted: Wanted) -> Shelf:
    """Off the GUI thread."""
    found = stock(catalogue.lines(), catalogue.quarantined(), before.stock)
    same = before.stock.aside == found.aside
    aside = before.aside if same else aside_shelf(found.aside)
    return Shelf(found, facets(found), aside, wanted, listed(found, wanted))
