"""Where sources lie, as the database says it: inside the project by their place in it, elsewhere by their full path.

So a project that is moved or copied takes the sources that it holds itself (the sample project) along.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from app.domain.study import Series


def as_stored(series: Series, root: Path) -> Series:
    """The series with places inside ``root`` made relative to it."""
    return _moved(series, lambda place: _relative(place, root))


def as_found(series: Series, root: Path) -> Series:
    """The inverse of ``as_stored``, wherever the project lies now; ``root`` is absolute."""
    return _moved(series, lambda place: str(root / place) if place else place)


def _relative(place: str, root: Path) -> str:
    return Path(place).relative_to(root).as_posix() if place and Path(place).is_relative_to(root) else place


def _moved(series: Series, move: Callable[[str], str]) -> Series:
    slices = tuple(replace(one, path=move(one.path)) for one in series.instances)
    return replace(series, folder=move(series.folder), instances=slices)
