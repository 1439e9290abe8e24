"""Free text: what in it could tell who is shown is cut out, and what is doubtful afterwards is not let out at all.

It knows the words of one study and the usual spellings of dates, numbers and addresses; it must not know data sets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zä]*"
_CUT = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail
    r"|(?:https?://|www\.)\S+"
    r"|(?<![\w.])[0-2](?:\.\d+){4,}(?!\w|\.\w)"  # UID, also where it ends a sentence
    r"|(?<!\d)(?:19|20)\d{2}([-./_ ]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?:\d{6}(?:\.\d+)?)?(?!\d)"
    r"|(?<!\d)\d{1,2}([-./])\d{1,2}\2(?:19|20)?\d{2}(?!\d)"
    rf"|(?<!\w)\d{{1,2}}(?:st|nd|rd|th|\.)?[ -]?{_MONTH}[ ,.-]*(?:19|20)?\d{{2}}(?!\w)"
    rf"|(?<!\w){_MONTH}[ .-]*\d{{1,2}}(?:st|nd|rd|th)?,?[ -]+(?:19|20)\d{{2}}(?!\w)"
    rf"|(?<!\w){_MONTH}[ .,-]*(?:19|20)\d{{2}}(?!\w)"
    r"|(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)"  # social security
    r"|(?<![\w.])(?:\+\d{1,3}[ -]?)?\(?\d{3,5}\)?[ ./-]{1,2}\d{3,4}[ .-]?\d{3,4}(?![\w.])"  # telephone
    r"|\+\d[\d ()/-]{6,}\d",
    re.IGNORECASE,
)
_DOUBTFUL = re.compile(
    r"\d{5,}"
    r"|(?<!\d)\d{1,4}[-/]\d{1,2}[-/]\d{1,4}(?!\d)"
    r"|(?i:\b(?:dr|drs|prof|professor|doctor|herr|frau|mme|mlle|pat)\b\.?\s+\w)"
    r"|\b(?:Mr|Mrs|Ms|Miss|Sir)\b\.?\s+\w|\bMR\.\s*[A-Z]"
    r"|\b[A-Z]\.\s?[A-Z][a-z]{2,}|,\s*M\.?D\b|,\s*R\.?N\b"
    r"|(?i:\b(?:name|patient|mrn|dob|born|ssn|acc|accession|phone|tel|fax|mobile|cell|address|addr|physician|operator"
    r"|technologist|tech|radiologist|nurse|signed|id|nhs|ins|insurance)\b\s*(?:no\.?|number|id)?\s*[:#=])"
    r"|(?i:\b(?:mrn|dob|ssn|accession|hospital|clinic|klinik|klinikum|spital|hôpital|university|universit[aä]\w*)\b)"
    r"|(?i:\b(?:by|called|named|signed|lives|resides)\s)\s*[A-Z]"
    r"|\b\d+\s+(?:[A-Z]\w+\s+){1,3}(?i:street|st|road|rd|avenue|ave|lane|ln|drive|blvd|way|court|square)\b"
    r"|(?i:\b\w+(?:stra(?:ß|ss)e|str\.)\s*\d)"
    r"|[A-Za-z]\^[A-Za-z]|@|\\\\|://|[A-Za-z]:\\"
)
_WORD = re.compile(r"[^\W_]+")
_SPACE = re.compile(r"\s+")
SHORTEST_WORD, SHORTEST_INSIDE, SHORTEST_VALUE = 3, 5, 4
"""Letters from which on a name's word is cut, is looked for inside other words, and a value is cut."""

HARMLESS = frozenset(
    {
        *("abdomen", "anonymous", "anonymized", "anonymised", "axial", "brain", "breast", "chest", "coronal", "head"),
        *("image", "knee", "left", "lung", "neck", "none", "null", "patient", "pelvis", "phantom", "removed", "right"),
        *("derived", "localizer", "original", "other", "primary", "secondary"),
        *("sagittal", "scan", "series", "spine", "study", "test", "unknown"),
    }
)
"""Words that stand in place of names, and would take meaning from descriptions."""

REMEMBERED = 4096
"""Answers that are kept for one study."""


class Known:
    """What is known of a study's people and places, and what of a text may stay beside it."""

    def __init__(self, names: Iterable[str], values: Iterable[str]) -> None:
        words = {_plain(word) for name in names for word in _WORD.findall(name)} - HARMLESS
        self._words = frozenset(word for word in words if _long_enough(word, SHORTEST_WORD))
        self._inside = tuple(word for word in self._words if _long_enough(word, SHORTEST_INSIDE))
        whole = {_plain(value) for value in values} - HARMLESS
        parts = sorted((value for value in whole if len(value) >= SHORTEST_VALUE), key=len, reverse=True)
        pattern = "|".join(re.escape(part) for part in parts)
        self._values = re.compile(rf"(?<![^\W_])(?:{pattern})(?![^\W_])") if parts else None
        self._held: dict[str, bool] = {}
        self._cleaned: dict[str, str | None] = {}

    def holds(self, text: str) -> bool:
        """Whether a technical value holds a name, an identifier or a place of the study."""
        answer = self._held.get(text)
        if answer is None:
            plain = _plain(text)
            answer = bool(
                not self._words.isdisjoint(_WORD.findall(plain))
                or (self._values and self._values.search(plain))
                or any(word in plain for word in self._inside)
            )
            if len(self._held) < REMEMBERED:
                self._held[text] = answer
        return answer

    def clean(self, text: str) -> str | None:
        """A text without what tells; ``None`` where nothing is left or something doubtful is."""
        if text not in self._cleaned:
            answer = self._clean(text)
            if len(self._cleaned) >= REMEMBERED:
                return answer
            self._cleaned[text] = answer
        return self._cleaned[text]

    def _clean(self, text: str) -> str | None:
        left = _CUT.sub(" ", unicodedata.normalize("NFC", text))
        if self._values:
            left = _without(left, self._values)
        left = _WORD.sub(lambda match: " " if _plain(match[0]) in self._words else match[0], left)
        if left == text:
            tidy = text
        else:
            tidy = _SPACE.sub(" ", re.sub(r"(?<=\s)[\^,;:/_-]+(?=\s|$)|[\^]+", " ", left)).strip(" ,;:/_-^=")
        doubtful = _DOUBTFUL.search(tidy) or self.holds(tidy)
        return None if doubtful or not _WORD.search(tidy) else tidy


@lru_cache(maxsize=64)
def known(names: frozenset[str], values: frozenset[str]) -> Known:
    """The same ``Known`` for all files of a study, so that a text is thought about once."""
    return Known(names, values)


def _without(text: str, pattern: re.Pattern[str]) -> str:
    """A text without what the pattern finds in its plain form; in plain letters, where the forms differ in length."""
    plain = _plain(text)
    if len(plain) != len(text):
        return pattern.sub(" ", plain)
    for match in reversed(list(pattern.finditer(plain))):
        text = f"{text[: match.start()]} {text[match.end() :]}"
    return text


def _plain(text: str) -> str:
    """Letters without case and accents, so that spellings of one name are equal."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _long_enough(word: str, shortest: int) -> bool:
    """Ideographs say in two characters what takes letters four."""
    return not word.isdigit() and len(word) >= (shortest if word.isascii() else 2)
