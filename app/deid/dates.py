"""Dates, times and ages as a header spells them: shifted together by one offset, or told in bands.

It works on texts of one value representation (PS3.5, 6.2) and must not know data sets or secrets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = 86_400
"""Seconds of a day."""

_DATE = re.compile(r"(\d{4})([.]?)(\d{2})\2(\d{2})")
_TIME = re.compile(r"(\d{2})(?:(:?)(\d{2})(?:\2(\d{2})(\.\d{1,6})?)?)?")
_MOMENT = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\.\d{1,6})?([+-]\d{4})?")
_DATES = re.compile(r"(\d{8})?-(\d{8})?")
_AGE = re.compile(r"(\d{1,3})([DWMY])")

OLDEST, BAND, YOUNG = 90, 5, 5
"""Ages of more than 89 years are one band; others are bands of five years; below five, single years."""


@dataclass(frozen=True, slots=True)
class Shift:
    """An offset backwards in time; with zero, values are only checked.

    Attributes:
        days: whole days, 0 or more.
        seconds: 0 or more, less than a day.
    """

    days: int
    seconds: int

    def date(self, text: str, time: str = "") -> str | None:
        """A DA value, or a range of two, moved with the time of day that belongs to it.

        Args:
            text: as YYYYMMDD, or as the retired YYYY.MM.DD.
            time: TM value of the same moment; noon where there is none.

        Returns:
            The new value in the same spelling; ``None`` if ``text`` is no date.
        """
        if "-" in text:
            return self._range(text, time)
        match = _DATE.fullmatch(text)
        moved = match and self._moved(int(match[1]), int(match[3]), int(match[4]), _seconds(time, 12 * 3600))
        return f"{moved.year:04d}{match[2]}{moved.month:02d}{match[2]}{moved.day:02d}" if match and moved else None

    def time(self, text: str) -> str | None:
        """A TM value, moved within its day and as precise as before; ``None`` if it is no time."""
        match = _TIME.fullmatch(text)
        at = _seconds(text)
        if match is None or at is None:
            return None
        moved = (at - self.seconds) % DAY
        whole = [f"{moved // 3600:02d}", f"{moved // 60 % 60:02d}", f"{moved % 60:02d}"]
        parts = 1 + (match[3] is not None) + (match[4] is not None)
        return (match[2] or "").join(whole[:parts]) + (match[5] or "")

    def moment(self, text: str, time: str = "") -> str | None:
        """A DT value, as precise as before, with its distance from UTC unchanged.

        Args:
            text: of any precision from the year on; a missing part counts as the middle of its span.
            time: TM value that a moment without a time of day is taken to have.
        """
        match = _MOMENT.fullmatch(text)
        if match is None:
            return None
        year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[:6])
        if hour is None:
            at = _seconds(time, 12 * 3600)
        else:
            at = hour * 3600 + (minute or 0) * 60 + min(second or 0, 59)
            if hour > 23 or (minute or 0) > 59:
                return None
        moved = self._moved(year or 0, month or 7, day or (1 if month is None else 15), at)
        if moved is None:
            return None
        digits = len("".join(part or "" for part in match.groups()[:6]))
        spelled = f"{moved.year:04d}{moved:%m%d%H%M%S}"
        return spelled[:digits] + (match[7] or "") + (match[8] or "")

    def _range(self, text: str, time: str) -> str | None:
        match = _DATES.fullmatch(text)
        if match is None or not any(match.groups()):
            return None
        ends = [self.date(end, time) if end else "" for end in match.groups()]
        return None if None in ends else "-".join(str(end) for end in ends)

    def _moved(self, year: int, month: int, day: int, at: int | None) -> datetime | None:
        try:
            moment = datetime(year, month, day) + timedelta(seconds=at or 0)
            return moment - timedelta(days=self.days, seconds=self.seconds)
        except (ValueError, OverflowError):
            return None


def _seconds(time: str, otherwise: int | None = None) -> int | None:
    """Seconds since midnight of a TM value; ``otherwise`` where it is none."""
    match = _TIME.fullmatch(time)
    if match is None:
        return otherwise
    hour, minute, second = int(match[1]), int(match[3] or 0), min(int(match[4] or 0), 59)
    return hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 else otherwise


def age_band(text: str) -> str | None:
    """An AS value as a band named by its lower end: 90 years and more, five years, single years below five.

    Below two years the unit tells much, so months are given in quarters of a year and days and weeks as ``000M``.
    """
    match = _AGE.fullmatch(text)
    if match is None:
        return None
    number, unit = int(match[1]), match[2]
    if unit == "Y":
        years = OLDEST if number >= OLDEST else number if number < YOUNG else number // BAND * BAND
        return f"{years:03d}Y"
    months = {"D": number * 12 // 365, "W": number * 12 // 52, "M": number}[unit]
    return f"{months // 3 * 3:03d}M" if months < 24 else age_band(f"{months // 12:03d}Y")
