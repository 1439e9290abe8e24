"""What the files of one series say alike is worked out once: facts are remembered with the bytes they came from.

A remembered fact is used again only where every element that was read for it, absent ones included, has the same bytes
again; it is therefore the one that would be worked out anew. Only headers that were walked have bytes to compare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from app.imaging.dicom_header import Attributes, Header

T = TypeVar("T")
_SERIES = ("SeriesInstanceUID",)
_ALWAYS = ("SpecificCharacterSet",)
_MOST = 64


class _Known(NamedTuple):
    keys: tuple[str, ...]
    raw: list[bytes | None]
    fact: Any


class Shared(Generic[T]):
    """``make``, a function of nothing but attributes, with its last result for each of some series kept."""

    def __init__(self, make: Callable[[Attributes], T]) -> None:
        self._make = make
        self._known: dict[bytes | None, _Known] = {}

    def __call__(self, header: Attributes) -> T:
        """The fact, remembered or worked out now. Raises as ``make``."""
        if not isinstance(header, Header):
            return self._make(header)
        series = header.raw(_SERIES)[0]
        known = self._known.get(series)
        if known is not None and header.raw(known.keys) == known.raw:
            fact: T = known.fact
            return fact
        asking = _Asking(header)
        fact = self._make(asking)
        keys = tuple(dict.fromkeys((*_ALWAYS, *asking.keys)))
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[series] = _Known(keys, header.raw(keys), fact)
        return fact


class _Asking:
    """A header that notes what it is asked."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self.keys: list[str] = []

    def get(self, key: str, default: Any = None, /) -> Any:
        self.keys.append(key)
        return self._header.get(key, default)

    def has(self, key: str) -> bool:
        self.keys.append(key)
        return self._header.has(key)
