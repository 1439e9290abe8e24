"""The library as lists show it: one line a series, read without its slices, so that 100,000 images open at once.

Raw rows and not objects of SQLAlchemy: the list of a large library is built from them within one breath.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from sqlalchemy import Connection

from app.domain.study import SeriesLine, SourceKind
from app.store.places import Places

_LINES = """
SELECT se.key, se.kind, se.study, st.patient, st.patient_known, st.label, st.date, se.modality, se.description,
       se.folder, se.warnings, se.tags, se.apart, first."rows", first."columns",
       (SELECT count(*) FROM instances i WHERE i.series = se.key), first.file
  FROM studies st
  JOIN series se ON se.study = st.key
  LEFT JOIN instances first ON first.series = se.key AND first.number = 0
 ORDER BY st.label, st.date, st.key, se.description, se.key
"""

_UNCHECKED = """
SELECT i.series, count(*) FROM files f JOIN instances i ON i.file = f.id WHERE f.sha256 = '' GROUP BY i.series
"""


def read_lines(connection: Connection, places: Places) -> list[SeriesLine]:
    """All series, by label and date of their study and then by description."""
    unchecked: dict[str, int] = dict(connection.exec_driver_sql(_UNCHECKED).fetchall())
    tags = _words(connection, "SELECT series, tag FROM series_tags")
    labels = _words(connection, "SELECT DISTINCT series, label FROM labels")
    rows = connection.exec_driver_sql(_LINES).fetchall()
    kinds = {str(kind): kind for kind in SourceKind}
    return [
        _line(row, kinds, places, (unchecked.get(row[0], 0), tags.get(row[0], ()), labels.get(row[0], ())))
        for row in rows
    ]


def _line(row: Any, kinds: dict[str, SourceKind], places: Places, beside: tuple[int, Any, Any]) -> SeriesLine:
    (key, kind, study, patient, known, label, date, modality, description, folder, warnings, attributes, apart) = row[
        :13
    ]
    unchecked, tags, labels = beside
    said: dict[str, str] = {} if attributes == "{}" else json.loads(attributes)
    return SeriesLine(
        key=key,
        kind=kinds[kind],
        study=study,
        patient=patient,
        patient_known=bool(known),
        study_label=label,
        date=date,
        modality=modality,
        description=description,
        folder=places.found(folder),
        images=row[15],
        unchecked=unchecked,
        rows=row[13] or 0,
        columns=row[14] or 0,
        body_part=said.get("BodyPartExamined", ""),
        warnings=() if warnings == "[]" else tuple(json.loads(warnings)),
        apart=apart,
        attributes=said,
        tags=tags,
        labels=labels,
        added=row[16] or 0,
    )


def _words(connection: Connection, query: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for series, word in connection.exec_driver_sql(query):
        found[series].append(word)
    return {series: tuple(sorted(words)) for series, words in found.items()}
