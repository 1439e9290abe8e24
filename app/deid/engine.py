"""What of a real image's header may leave, and what must not be found outside.

It asks the allow-list about every attribute and removes by default: a value that cannot be read is removed too. It
reads headers only; pixels are never looked at here, so nothing may be claimed about them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.multival import MultiValue

from app.deid.elements import UNREADABLE
from app.deid.identities import gather
from app.deid.rules import AllowList
from app.domain.errors import Failed


@dataclass(frozen=True, slots=True)
class Screened:
    """A header after the allow-list.

    Attributes:
        kept: keyword to value, of the attributes that may leave.
        removed: how many attributes were left behind, inside sequences too.
        identities: values of the header that name somebody or something; never stored, only looked for.
        names: the single words of persons' names. Many are common words too, so they are only looked for where a
            person chose the words (class names).
    """

    kept: dict[str, Any]
    removed: int
    identities: frozenset[str] = field(default=frozenset(), repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)


def read_header(path: Path) -> Dataset:
    """The header of a DICOM source, without its pixels.

    Raises:
        Failed: ``source-missing``, ``source-damaged``.
    """
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, force=True)
    except FileNotFoundError as error:
        raise Failed("source-missing", path=str(path)) from error
    except (OSError, EOFError, InvalidDicomError, *UNREADABLE) as error:
        raise Failed("source-damaged", path=str(path), detail=str(error)) from error


def screen(header: Dataset, allowed: AllowList) -> Screened:
    """Keep what the list allows on the top level; count the rest, and remember who it names."""
    kept: dict[str, Any] = {}
    gathered = gather(header)
    for keyword, rule in allowed.rules.items():
        value = _value(header, keyword)
        if value is not None and rule.allows(value):
            kept[keyword] = _rewritten(value)
    return Screened(kept, gathered.elements - len(kept), gathered.identities, gathered.names)


def _value(header: Dataset, keyword: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return header.get(keyword)
    except UNREADABLE:
        return None


def _rewritten(value: Any) -> Any:
    """A value in our own spelling: numbers to six digits, since their text may be too long or tell more."""
    if isinstance(value, MultiValue):
        return [_rewritten(part) for part in value]
    if isinstance(value, str):
        return str(value)
    number = float(f"{float(value):.6g}")
    return int(number) if number.is_integer() else number
