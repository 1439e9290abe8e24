"""What a line of text means for privacy: whether it is one of the header's identities, or a harmless mark.

Reading makes mistakes, so identities are looked for by edit distance, after characters that are easily taken for one
another have become one. It must not know frames, and keeps no text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime

_CONFUSED = str.maketrans("OQDILZSGB", "000112568")
"""Letters and the digits they are read for."""

SHORTEST = 3
"""Shorter words are in every text by chance."""

TOLERATED = 0.2
"""Share of an identity's characters that may have been read wrong."""

_DATES = ("%Y%m%d", "%d%m%Y", "%m%d%Y", "%d%m%y", "%m%d%y", "%y%m%d", "%d%b%Y", "%b%d%Y", "%d%B%Y", "%B%d%Y")
_MARK = re.compile(r"[LRAPHFSI]{1,3}|\d{1,4}([.,]\d{1,2})?\s*(mm|cm|m/s|cm/s|dB|MHz|kHz|Hz|%)", re.IGNORECASE)


class Known:
    """The identities of a file, in every spelling they are looked for in.

    Args:
        texts: names, identifiers and dates (as YYYYMMDD) of the header.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._forms = frozenset(form for text in texts for form in _spellings(text))

    def matches(self, text: str) -> bool:
        """Whether a line holds one of them, or is a part of one, as far as it was read right."""
        line = _plain(text)
        if len(line) < SHORTEST:
            return False
        return any(
            _misread(form, line) <= int(TOLERATED * len(form))
            or (len(line) > SHORTEST and _misread(line, form) <= int(TOLERATED * len(line)))
            for form in self._forms
        )


def is_mark(text: str) -> bool:
    """Whether a line is an orientation letter or a number with a unit, and nothing else."""
    return _MARK.fullmatch(text.strip()) is not None


def _plain(text: str) -> str:
    """Capitals and digits only, accents gone, letters that look like digits as those."""
    bare = unicodedata.normalize("NFKD", text).upper()
    return "".join(character for character in bare if character.isalnum()).translate(_CONFUSED)


def _spellings(text: str) -> set[str]:
    """A text whole and word by word; a date in the orders and with the month names that devices print."""
    forms = {text, *re.split(r"[\^=\s,;_/\\-]+", text)}
    if re.fullmatch(r"(18|19|20)\d{6}", text):
        try:
            day = datetime.strptime(text, "%Y%m%d")
        except ValueError:
            day = None
        forms |= {day.strftime(order) for order in _DATES} if day else set()
    plain = {_plain(form) for form in forms}
    return {form for form in plain if len(form) >= SHORTEST}


def _misread(sought: str, line: str) -> int:
    """Least number of wrong, missing or extra characters with which ``sought`` is somewhere in ``line`` (Sellers)."""
    row = [0] * (len(line) + 1)
    for number, character in enumerate(sought, start=1):
        above, row = row, [number]
        for place, other in enumerate(line, start=1):
            row.append(min(above[place - 1] + (character != other), above[place] + 1, row[place - 1] + 1))
    return min(row)
