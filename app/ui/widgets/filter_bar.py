"""How the Library is narrowed down: words, filters that fold away, sorting, and one way back to everything."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.ui.icons import icon
from app.ui.phrases import count
from app.ui.theme import SPACE, set_role, tokens
from app.ui.view_models.library_filter import Facets, Listed, Order, State, Wanted, is_date, without
from app.ui.widgets.section import button, label, row

TYPING_MS = 120
"""Letters typed faster than this are searched for together."""

ORDERS = {
    Order.NAME: "By name",
    Order.DATE: "By date, newest first",
    Order.MODALITY: "By modality",
    Order.IMAGES: "By number of images",
    Order.NEWEST: "Newest import first",
}
STATES: dict[str, str] = {
    State.WARNED: "With warnings",
    State.APART: "Set apart in their study",
    State.CHECKING: "Still being checked",
}
ANY = {
    "modality": "Any modality",
    "body_part": "Any body part",
    "label": "Any label",
    "tag": "Any tag",
    "state": "Any state",
}


class FilterBar(QWidget):
    """Search, filters and sorting; ``wanted`` is what they ask for together.

    Signals:
        changed(): ``wanted`` asks for something else.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.wanted = Wanted()
        self.search = QLineEdit()
        self.more = QPushButton("Filters")
        self.order = _combo("Sort the library")
        self.choices = {name: _combo(text) for name, text in ANY.items()}
        self.since, self.until = _date("From date"), _date("To date")
        self.shown = label("", "small")
        self.reset = button("Show all", "quiet", tip="Take back the search and all filters")
        self._panel = QWidget()
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._arrange()
        self._connect()
        self.show_facets(Facets())
        self._show_state()

    def show_facets(self, found: Facets) -> None:
        """Offer what the library has; a filter by something that is gone is taken back."""
        before, self.wanted = self.wanted, without(self.wanted, found)
        for name in ANY:
            self._offer(name, getattr(found, name))
        if self.wanted != before:
            self._tell()

    def show_result(self, result: Listed) -> None:
        """Say how much of the library is shown, where it is not all."""
        part = f"{result.shown:,} of {count(result.total, 'series', 'series')}"
        found = f"{part}, {count(result.images, 'image')}" if result.shown else "Nothing fits"
        self.shown.setText(found if self.wanted.narrows() else "")

    def clear(self) -> None:
        """Show everything again, in the same order."""
        self.wanted = self.wanted.cleared()
        for field in (self.search, self.since, self.until):
            field.clear()
            set_role(field, "")
        for combo in self.choices.values():
            combo.blockSignals(True)
            combo.setCurrentIndex(0)
            combo.blockSignals(False)
        self._tell()

    # Building

    def _arrange(self) -> None:
        self.search.setPlaceholderText("Search: description, body part, folder, tag…")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the library")
        self.search.addAction(icon("search", tokens().muted), QLineEdit.ActionPosition.LeadingPosition)
        self.more.setCheckable(True)
        for value, text in ORDERS.items():
            self.order.addItem(text, value)
        grid = QGridLayout(self._panel)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(SPACE)
        fields = (*self.choices.values(), self.since, self.until)
        places = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0), (3, 1))
        for field, (at, column) in zip(fields, places, strict=True):
            wide = field is self.choices["state"]
            grid.addWidget(field, at, column, 1, 2 if wide else 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addWidget(self.search)
        layout.addLayout(row(self.more, self.order))
        layout.addWidget(self._panel)
        self._result = QWidget()
        line = row(self.shown, None, self.reset)
        line.setContentsMargins(0, 0, 0, 0)
        self._result.setLayout(line)
        layout.addWidget(self._result)
        self._panel.hide()

    def _connect(self) -> None:
        self.more.toggled.connect(self._panel.setVisible)
        self.search.textChanged.connect(self._typing.start)
        self._typing.timeout.connect(self._read)
        for field in (self.since, self.until):
            field.textChanged.connect(self._typing.start)
        for combo in (self.order, *self.choices.values()):
            combo.currentIndexChanged.connect(self._read)
        self.reset.clicked.connect(self.clear)

    # Answering

    def _read(self) -> None:
        """What the fields say now; a date that is none yet filters nothing."""
        dates = {}
        for name, field in (("since", self.since), ("until", self.until)):
            text = field.text().strip()
            set_role(field, "" if is_date(text) else "wrong")
            dates[name] = text if is_date(text) else ""
        chosen = {name: str(combo.currentData() or "") for name, combo in self.choices.items()}
        wanted = Wanted(self.search.text(), **dates, **chosen, order=Order(self.order.currentData()))
        if wanted != self.wanted:
            self.wanted = wanted
            self._tell()

    def _tell(self) -> None:
        self._typing.stop()
        self._show_state()
        self.changed.emit()

    def _show_state(self) -> None:
        set_count = self.wanted.filters()
        self.more.setText(f"Filters ({set_count})" if set_count else "Filters")
        self._result.setVisible(self.wanted.narrows())

    def _offer(self, name: str, found: Mapping[str, int]) -> None:
        """Fill a list anew, keeping what is chosen, without a word to anybody; an unchanged one is left alone."""
        combo, chosen = self.choices[name], getattr(self.wanted, name)
        texts: Mapping[str, str] = STATES if name == "state" else {}
        offers = {state: found.get(state, 0) for state in texts} or found
        named = [(f"{texts.get(value, value)} ({number:,})", str(value)) for value, number in offers.items()]
        wanted = [(ANY[name], ""), *named]
        if [(combo.itemText(at), combo.itemData(at)) for at in range(combo.count())] == wanted:
            return
        combo.blockSignals(True)
        combo.clear()
        for text, value in wanted:
            combo.addItem(text, value)
        combo.setCurrentIndex(max(0, combo.findData(chosen)))
        combo.blockSignals(False)


def _combo(name: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(8)
    return made


def _date(name: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(f"{name}…")
    made.setToolTip("A year, a month or a day: 2024, 2024-05 or 2024-05-31")
    return made
