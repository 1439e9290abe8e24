"""Which lines of the Library are shown and in which order: words, filters, sorting, and what there is to filter by.

Pure functions over the entries of ``view_models.library``; quick enough for 20,000 lines while somebody types.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from app.domain.study import SeriesLine
from app.ui.view_models.library import Entry, Stock, regrouped

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


class State(StrEnum):
    """Conditions of a series that one may want to see alone."""

    WARNED = "warned"
    APART = "apart"
    CHECKING = "checking"


class Order(StrEnum):
    """Ways to sort."""

    NAME = "name"
    DATE = "date"
    MODALITY = "modality"
    IMAGES = "images"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person asks the list to show; "" asks for nothing in particular.

    Attributes:
        text: words, each of which must occur somewhere.
        modality, body_part, label, tag: exactly this one.
        since, until: dates, whole or begun ("2019", "2019-05", "2019-05-03"), both included.
        state: one of ``State``.
        order: how to sort.
    """

    text: str = ""
    modality: str = ""
    body_part: str = ""
    since: str = ""
    until: str = ""
    label: str = ""
    tag: str = ""
    state: str = ""
    order: Order = Order.NAME

    def filters(self) -> int:
        """How many filters are set; words and order are none."""
        return sum(bool(getattr(self, one.name)) for one in fields(self) if one.name not in ("text", "order"))

    def narrows(self) -> bool:
        """Whether anything may be left out."""
        return bool(self.text.strip()) or self.filters() > 0

    def cleared(self) -> Wanted:
        """The same order, everything shown."""
        return Wanted(order=self.order)


@dataclass(frozen=True, slots=True)
class Facets:
    """What there is to filter by: value to number of series, most frequent first."""

    modality: Mapping[str, int] = field(default_factory=dict)
    body_part: Mapping[str, int] = field(default_factory=dict)
    label: Mapping[str, int] = field(default_factory=dict)
    tag: Mapping[str, int] = field(default_factory=dict)
    state: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """The answer to a ``Wanted``.

    Attributes:
        entries: the lines, in order.
        shown, total: series in them, and in the whole library.
        images: slices of the series shown.
    """

    entries: Sequence[Entry] = ()
    shown: int = 0
    total: int = 0
    images: int = 0


def is_date(text: str) -> bool:
    """Whether ``text`` can be a bound: a year, a month or a day in ISO form, or nothing."""
    return not text or _DATE.fullmatch(text) is not None


def listed(stock: Stock, wanted: Wanted) -> Listed:
    """The lines to show."""
    entries = _narrowed(stock.entries, wanted) if wanted.narrows() else list(stock.entries)
    entries.sort(key=_ORDERS[wanted.order])
    lines = [line for entry in entries for line in entry.lines()]
    return Listed(entries, len(lines), len(stock.by_series), sum(line.images for line in lines))


def facets(stock: Stock) -> Facets:
    """Everything that the filters can offer, counted over the whole library."""
    lines = [line for entry in stock.by_series.values() for line in entry.lines()]
    return Facets(
        modality=_counted(line.modality for line in lines),
        body_part=_counted(line.body_part for line in lines),
        label=_counted(label for line in lines for label in line.labels),
        tag=_counted(tag for line in lines for tag in line.tags),
        state=_counted(state for line in lines for state in _states(line)),
    )


def without(wanted: Wanted, found: Facets) -> Wanted:
    """``wanted`` without filters by something that is no longer there."""
    gone: dict[str, Any] = {
        one.name: ""
        for one in fields(found)
        if one.name != "state" and getattr(wanted, one.name) not in ("", *getattr(found, one.name))
    }
    return replace(wanted, **gone) if gone else wanted


def _narrowed(entries: Sequence[Entry], wanted: Wanted) -> list[Entry]:
    takes = _test(wanted)
    found = []
    for entry in entries:
        if not entry.children:
            if takes(entry):
                found.append(entry)
        elif members := [child for child in entry.children if takes(child)]:
            found.append(regrouped(entry, members))
    return found


def _test(wanted: Wanted) -> Callable[[Entry], bool]:
    words = wanted.text.lower().split()
    exact = [(name, value) for name in ("modality", "body_part") if (value := getattr(wanted, name))]
    among = [(name, value) for name, value in (("labels", wanted.label), ("tags", wanted.tag)) if value]

    def takes(entry: Entry) -> bool:
        line = entry.line
        if line is None or not all(word in entry.words for word in words):
            return False
        if any(getattr(line, name) != value for name, value in exact):
            return False
        if any(value not in getattr(line, name) for name, value in among):
            return False
        return _in_time(line.date, wanted) and (not wanted.state or wanted.state in _states(line))

    return takes


def _in_time(date: str, wanted: Wanted) -> bool:
    if not (wanted.since or wanted.until):
        return True
    return bool(date) and date >= wanted.since and (not wanted.until or date[: len(wanted.until)] <= wanted.until)


def _states(line: SeriesLine) -> list[State]:
    found = ((State.WARNED, line.warnings), (State.APART, line.apart), (State.CHECKING, line.unchecked))
    return [state for state, there in found if there]


def _counted(values: Iterable[str]) -> dict[str, int]:
    found = Counter(value for value in values if value)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _date(entry: Entry) -> tuple[bool, int, object]:
    """Newest first, undated last."""
    newest = max(line.date for line in entry.lines())
    return not newest, -int(newest.replace("-", "") or 0), entry.order


def _modality(entry: Entry) -> tuple[bool, str, object]:
    named = min((line.modality for line in entry.lines() if line.modality), default="")
    return not named, named, entry.order


def _images(entry: Entry) -> tuple[int, object]:
    return -sum(line.images for line in entry.lines()), entry.order


def _newest(entry: Entry) -> tuple[int, object]:
    return -max(line.added for line in entry.lines()), entry.order


_ORDERS: dict[Order, Callable[[Entry], Any]] = {
    Order.NAME: lambda entry: entry.order,
    Order.DATE: _date,
    Order.MODALITY: _modality,
    Order.IMAGES: _images,
    Order.NEWEST: _newest,
}
