"""The library as lists show it: one line a series, read without its slices, so that 100,000 images open at once.

Plain tuples of the driver and not rows of SQLAlchemy, and one pass over each table instead of a look-up a series: the
list of a large library is made within one breath.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from typing import Any

from sqlalchemy import Connection

from app.domain.study import SeriesLine, SourceKind
from app.store.places import Places

_LINES = """
SELECT se.key, se.kind, se.study, st.patient, st.patient_known, st.label, st.date, se.modality, se.description,
       se.folder, se.warnings, se.tags, se.apart
  FROM series se JOIN studies st ON st.key = se.study
 ORDER BY st.label, st.date, st.key, se.description, se.key
"""

_SLICES = 'SELECT series, count(*), "rows", "columns", file, min(number) FROM instances GROUP BY series'
"""SQLite takes the plain columns from the row with the least number: the first slice."""

_UNCHECKED = """
SELECT i.series, count(*) FROM files f CROSS JOIN instances i ON i.file = f.id WHERE f.sha256 = '' GROUP BY i.series
"""
"""CROSS JOIN makes SQLite begin with the few files that are unchecked."""

Rows = list[tuple[Any, ...]]


def read_lines(connection: Connection, places: Places) -> list[SeriesLine]:
    """All series, by label and date of their study and then by description."""
    slices = {row[0]: row for row in _rows(connection, _SLICES)}
    unchecked: dict[str, int] = dict(_rows(connection, _UNCHECKED))
    tags = _words(connection, "SELECT series, tag FROM series_tags")
    labels = _words(connection, "SELECT DISTINCT series, label FROM labels")
    kinds = {str(kind): kind for kind in SourceKind}
    nothing = ("", 0, 0, 0, 0)
    found = cache(places.found)
    lines = []
    for row in _rows(connection, _LINES):
        key, kind, study, patient, known, label, date, modality, description, folder, warnings, header, apart = row
        _, images, height, width, added, *_number = slices.get(key, nothing)
        attributes: dict[str, str] = {} if header == "{}" else json.loads(header)
        lines.append(
            SeriesLine(
                key=key,
                kind=kinds[kind],
                study=study,
                patient=patient,
                patient_known=bool(known),
                study_label=label,
                date=date,
                modality=modality,
                description=description,
                folder=found(folder),
                images=images,
                unchecked=unchecked.get(key, 0),
                rows=height,
                columns=width,
                body_part=attributes.get("BodyPartExamined", ""),
                warnings=() if warnings == "[]" else tuple(json.loads(warnings)),
                apart=apart,
                attributes=attributes,
                tags=tags.get(key, ()),
                labels=labels.get(key, ()),
                added=added,
            )
        )
    return lines


def _rows(connection: Connection, query: str) -> Rows:
    """What the driver gives, inside the transaction of ``connection``."""
    driver = connection.connection.driver_connection
    assert driver is not None, "the connection is open"
    rows: Rows = driver.execute(query).fetchall()
    return rows


def _words(connection: Connection, query: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for series, word in _rows(connection, query):
        found[series].append(word)
    return {series: tuple(sorted(words)) for series, words in found.items()}
