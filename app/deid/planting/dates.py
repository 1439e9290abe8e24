"""How far dates were moved: by the same span for everything of one person, and by a span at all.

Some engines move by whole days and leave times of day, others move dates and times together; both keep every
interval, so a date is judged with its time where it has one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset

from app.deid.planting.values import element_of, text_of

MINUTE_S, DAY_S = 60, 86_400
"""A time may be given in minutes, and a date without time; what is finer is lost on the way."""
DATE_LENGTH = 8


def with_time(dataset: Dataset, path: str) -> str:
    """The date (DA) at a path, followed by the time (TM) beside it where there is one of that name."""
    date = element_of(dataset, path)
    if date is None:
        return ""
    *outer, last = path.split("/")
    tag = tag_for_keyword(keyword_for_tag(int(last, 16)).replace("Date", "Time", 1))
    beside = None if tag is None else element_of(dataset, "/".join([*outer, f"{tag:08X}"]))
    return text_of(date) + (text_of(beside) if beside is not None and beside.VR == "TM" else "")


def moved_s(before: str, after: str | None) -> int | None:
    """Seconds between two moments "YYYYMMDD[HHMM[SS[.F]]][+ZZXX]"; ``None`` where either is none.

    Without a time in either, whole days.
    """
    first, second = _moment(before), _moment(after or "")
    if first is None or second is None:
        return None
    if _has_time(before) and _has_time(after or ""):
        return round((second - first).total_seconds())
    return (second.date() - first.date()).days * DAY_S


def _moment(text: str) -> datetime | None:
    digits = text.partition("+")[0].partition(".")[0].partition("-")[0]
    try:
        day = datetime.strptime(digits[:8], "%Y%m%d")
        clock = digits[8:].ljust(6, "0")
        return day + timedelta(hours=int(clock[:2]), minutes=int(clock[2:4]), seconds=int(clock[4:6]))
    except ValueError:
        return None


def _has_time(text: str) -> bool:
    return len(text) > DATE_LENGTH


class Shifts:
    """The span by which the dates of each person were moved."""

    def __init__(self, dates: Iterable[tuple[str, str, str | None]]) -> None:
        """``dates``: (person, before, after) of every date that had to be moved."""
        moved: dict[str, set[tuple[int, str]]] = defaultdict(set)
        for person, before, after in dates:
            seconds = moved_s(before, after)
            if seconds is not None and (_has_time(before) == _has_time(after or "")):
                moved[person].add((seconds, before[:8]))
        self._span = {person: span for person, found in moved.items() if (span := _common(found))}

    def agrees(self, person: str, before: str, after: str | None) -> bool:
        """Whether a date was moved as the others of the person were; without a time, to the day."""
        span, seconds = self._span.get(person), moved_s(before, after)
        if not span or seconds is None:
            return False
        return abs(seconds - span) < (MINUTE_S if _has_time(before) else DAY_S)


def _common(found: set[tuple[int, str]]) -> int:
    """The span that moved most days; 0 where it moved a single one, as one date in place of all others would."""
    (span, times), *_ = Counter(seconds for seconds, _ in found).most_common(1)
    return span if times > 1 else 0
