"""Where sources lie, as the database says it: inside the project by their place in it, elsewhere by their full path.

So a project that is moved or copied takes the sources that it holds itself (the sample project, files from archives)
along. Plain text work: a library has a hundred thousand places, and ``Path`` takes ten times as long.
"""

from __future__ import annotations

import os
from pathlib import Path


class Places:
    """Places as stored and as found, for a project at ``root`` (absolute)."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inside = os.path.normcase(str(root)).rstrip(os.sep) + os.sep
        self._long = len(self._inside)

    def stored(self, place: str) -> str:
        """A place inside the project relative to it, with "/"; any other as it is."""
        if os.path.normcase(place[: self._long]) != self._inside:
            return place
        return Path(place[self._long :]).as_posix()

    def found(self, place: str) -> str:
        """The inverse of ``stored``, wherever the project lies now."""
        return place if not place or os.path.isabs(place) else str(self._root / place)  # noqa: PTH117 - quick
