"""The last few volumes, kept by the bytes they take. It knows nothing of how a volume is made."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from app.domain.study import Series

BYTES = 768 * 2**20
"""Room for all kept volumes; the newest one is kept whatever it takes."""

Kind = TypeVar("Kind")
_Key = tuple[str, tuple[tuple[str, int], ...]]


class Kept(Generic[Kind]):
    """Volumes by series and slices. Threads may ask at once: each volume is made once, others are not held up."""

    def __init__(self, size: Callable[[Kind], int], room: int = BYTES) -> None:
        self._size = size
        self._room = room
        self._found: OrderedDict[_Key, Kind] = OrderedDict()
        self._making: dict[_Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, series: Series, make: Callable[[], Kind]) -> Kind:
        """The volume of ``series``, made now where it is not kept."""
        key = (series.key, tuple((one.path, one.index) for one in series.instances))
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                return self._of(key) or self._keep(key, make())
        finally:
            with self._lock:
                self._making.pop(key, None)

    def _of(self, key: _Key) -> Kind | None:
        with self._lock:
            if key not in self._found:
                return None
            self._found.move_to_end(key)
            return self._found[key]

    def _keep(self, key: _Key, made: Kind) -> Kind:
        with self._lock:
            self._found[key] = made
            while len(self._found) > 1 and sum(map(self._size, self._found.values())) > self._room:
                self._found.popitem(last=False)
        return made
