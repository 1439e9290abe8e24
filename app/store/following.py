"""What hangs on slices follows them when a study is put together anew: labels by hand, tags, items of cohorts.

A slice is the same slice while it has the same DICOM identity, or else comes from the same file, whatever its series
and its number in it became. Without this, one new file in the middle of a series would hand every later label to a
neighbour.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from app.domain.recipe import Plane
from app.domain.wording import count

Place = tuple[str, int]
"""Series key and number in it."""
Origin = tuple[str | int, int]
"""DICOM identity or number of the file, and index inside it."""

WHOLE_SERIES = -1
"""Index under which the label of a whole series is stored."""

_OF_STUDY = "series IN (SELECT key FROM series WHERE study = ?)"
_ORIGINS = (
    "SELECT i.series, i.number, CASE f.sop_instance_uid WHEN '' THEN f.id ELSE f.sop_instance_uid END, i.\"index\""
    f" FROM instances i JOIN files f ON f.id = i.file WHERE i.{_OF_STUDY}"
)
_ITEMS = (
    'SELECT ci.cohort, ci.number, ci.series, ci."index", c.recipe FROM cohort_items ci'
    f" JOIN cohorts c ON c.name = ci.cohort WHERE ci.{_OF_STUDY}"
)


@dataclass(frozen=True, slots=True)
class Bound:
    """What hung on the series of a study before it changed.

    Attributes:
        origins: where each slice came from.
        labels: (series, number or ``WHOLE_SERIES``, label).
        tags: (series, tag).
        items: (cohort, item number, series, slice number, whether slices are counted as stored).
    """

    origins: dict[Place, Origin]
    labels: list[tuple[str, int, str]]
    tags: list[tuple[str, str]]
    items: list[tuple[str, int, str, int, bool]]


def remember(connection: Connection, study: str) -> Bound | None:
    """What hangs on a study now; ``None`` where nothing does."""
    labels = connection.exec_driver_sql(f'SELECT series, "index", label FROM labels WHERE {_OF_STUDY}', (study,))
    tags = connection.exec_driver_sql(f"SELECT series, tag FROM series_tags WHERE {_OF_STUDY}", (study,))
    items = connection.exec_driver_sql(_ITEMS, (study,))
    bound = Bound(
        origins={},
        labels=[(one[0], one[1], one[2]) for one in labels],
        tags=[(one[0], one[1]) for one in tags],
        items=[(one[0], one[1], one[2], one[3], _native(one[4])) for one in items],
    )
    if not (bound.labels or bound.tags or bound.items):
        return None
    bound.origins.update(_origins(connection, study))
    return bound


def reattach(connection: Connection, study: str, bound: Bound) -> None:
    """Hang it on the series that the study has now; what hung on a slice that is gone is gone with it."""
    moves = _Moves(bound.origins, _origins(connection, study))
    connection.exec_driver_sql(f"DELETE FROM labels WHERE {_OF_STUDY}", (study,))
    connection.exec_driver_sql(f"DELETE FROM series_tags WHERE {_OF_STUDY}", (study,))
    for series, number, label in bound.labels:
        for place in moves.of_label(series, number):
            connection.exec_driver_sql("INSERT OR IGNORE INTO labels VALUES (?, ?, ?)", (*place, label))
    for series, tag in bound.tags:
        for heir in moves.heirs(series):
            connection.exec_driver_sql("INSERT OR IGNORE INTO series_tags VALUES (?, ?)", (heir, tag))
    _move_items(connection, bound, moves)


class _Moves:
    """Where slices and series went."""

    def __init__(self, before: dict[Place, Origin], after: dict[Place, Origin]) -> None:
        self._before = before
        self._now = {origin: place for place, origin in after.items()}
        self._living = {series for series, _ in after}
        self._heirs: dict[str, set[str]] = defaultdict(set)
        for (series, _), origin in before.items():
            if origin in self._now:
                self._heirs[series].add(self._now[origin][0])

    def heirs(self, series: str) -> Iterable[str]:
        """The series itself, or those that have its slices now."""
        return (series,) if series in self._living else sorted(self._heirs[series])

    def of_slice(self, place: Place) -> Place | None:
        """Where a slice is now; ``None`` where it is gone."""
        return self._now.get(self._before[place]) if place in self._before else None

    def of_label(self, series: str, number: int) -> list[Place]:
        """Where a label goes."""
        if number == WHOLE_SERIES:
            return [(heir, WHOLE_SERIES) for heir in self.heirs(series)]
        place = self.of_slice((series, number))
        return [place] if place else []

    def of_item(self, series: str, number: int, *, native: bool) -> Place | None:
        """Where an item of a cohort goes. A cut through a volume stays a cut through the one that took its place."""
        if native:
            return self.of_slice((series, number))
        heirs = list(self.heirs(series))
        return (heirs[0], number) if len(heirs) == 1 else None


def _move_items(connection: Connection, bound: Bound, moves: _Moves) -> None:
    lost: dict[str, int] = defaultdict(int)
    for cohort, item, series, number, native in bound.items:
        place = moves.of_item(series, number, native=native)
        if place is None:
            lost[cohort] += 1
            connection.exec_driver_sql("DELETE FROM cohort_items WHERE cohort = ? AND number = ?", (cohort, item))
        elif place != (series, number):
            query = 'UPDATE cohort_items SET series = ?, "index" = ? WHERE cohort = ? AND number = ?'
            connection.exec_driver_sql(query, (*place, cohort, item))
    for cohort, number in lost.items():
        add_notice(connection, cohort, f"{count(number, 'image')} left the library, and the cohort with it.")


def add_notice(connection: Connection, cohort: str, notice: str) -> None:
    """Add a remark to a cohort."""
    (kept,) = connection.exec_driver_sql("SELECT notices FROM cohorts WHERE name = ?", (cohort,)).one()
    notices = json.dumps([*json.loads(kept), notice], ensure_ascii=False)
    connection.exec_driver_sql("UPDATE cohorts SET notices = ? WHERE name = ?", (notices, cohort))


def _origins(connection: Connection, study: str) -> dict[Place, Origin]:
    rows = connection.exec_driver_sql(_ORIGINS, (study,))
    return {(series, number): (file, index) for series, number, file, index in rows}


def _native(recipe: str) -> bool:
    return bool(json.loads(recipe)["plane"] == Plane.NATIVE.value)
