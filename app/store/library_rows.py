"""Studies, series and slices as rows of the database, in both directions.

What a change of series means to labels and cohorts is the matter of ``following``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from app.domain.study import Instance, Series, SourceKind, Study
from app.store.places import Places
from app.store.schema import series, studies

_SLICES = (
    'SELECT i.series, f.path, i."index", i.position_mm, f.sop_instance_uid, f.sha256, i."rows", i."columns"'
    " FROM instances i JOIN files f ON f.id = i.file"
)

_PUT_STUDY = (
    "INSERT INTO studies (key, patient, patient_known, label, date) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE"
    " SET patient = excluded.patient, patient_known = excluded.patient_known, label = excluded.label,"
    " date = excluded.date"
)

_SERIES_COLUMNS = tuple(column.name for column in series.columns)
_PUT_SERIES = (
    f"INSERT INTO series ({', '.join(_SERIES_COLUMNS)}) VALUES ({', '.join('?' * len(_SERIES_COLUMNS))})"
    f" ON CONFLICT (key) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _SERIES_COLUMNS[1:])}"
)

_NEW_FILE = (
    "INSERT INTO files (path, study, patient, patient_known, sha256, sop_instance_uid, size, modified_ns)"
    " VALUES (?, ?, ?, ?, ?, ?, -1, 0)"
    " ON CONFLICT (path) DO UPDATE SET sha256 = excluded.sha256 WHERE sha256 = '' AND excluded.sha256 != ''"
)

_NO_LONGER_HERE = "DELETE FROM files WHERE study = '' AND id NOT IN (SELECT file FROM instances)"


def read_studies(connection: Connection, places: Places) -> list[Study]:
    """All studies, by label and date."""
    rows = connection.execute(select(studies).order_by(studies.c.label, studies.c.date, studies.c.key)).mappings()
    of_study: dict[str, str] = dict(connection.exec_driver_sql("SELECT key, study FROM series").fetchall())
    members: dict[str, list[Series]] = defaultdict(list)
    for one in read_series(connection, places):
        members[of_study[one.key]].append(one)
    return [_study(row, members[row["key"]]) for row in rows]


def read_series(connection: Connection, places: Places, column: str = "", value: str = "") -> list[Series]:
    """Series with their slices, by description: all, or those whose ``column`` ("key" or "study") has the value."""
    chosen = select(series).order_by(series.c.description, series.c.key)
    query, parameters = _SLICES, tuple[str, ...]()
    if column:
        chosen = chosen.where(series.c[column] == value)
        query += f" WHERE i.series IN (SELECT key FROM series WHERE {column} = ?)"
        parameters = (value,)
    slices: dict[str, list[Instance]] = defaultdict(list)
    for key, path, *rest in connection.exec_driver_sql(f"{query} ORDER BY i.series, i.number", parameters):
        slices[key].append(Instance(places.found(path), *rest))
    return [_series(row, slices[row["key"]], places) for row in connection.execute(chosen).mappings()]


def put_study(connection: Connection, study: Study, places: Places) -> None:
    """Make the rows of a study exactly these; files of it that are not known yet become known."""
    head = (study.key, study.patient, study.patient_known, study.label, study.date)
    connection.exec_driver_sql(_PUT_STUDY, head)
    _drop_series(connection, study)
    _put_files(connection, study, places)
    for one in study.series:
        _put_series(connection, study.key, one, places)
    _put_slices(connection, study, places)
    drop_left_files(connection)


def drop_left_files(connection: Connection) -> None:
    """Forget files that were taken out (``Files.remove``) and whose slices have left with them."""
    connection.exec_driver_sql(_NO_LONGER_HERE)


def _drop_series(connection: Connection, study: Study) -> None:
    kept = {one.key for one in study.series}
    query = "SELECT key FROM series WHERE study = ?"
    for (key,) in connection.exec_driver_sql(query, (study.key,)).fetchall():
        if key not in kept:
            connection.exec_driver_sql("DELETE FROM series WHERE key = ?", (key,))


def _put_files(connection: Connection, study: Study, places: Places) -> None:
    known = (study.key, study.patient, study.patient_known)
    rows = {
        i.path: (places.stored(i.path), *known, i.sha256, i.sop_instance_uid)
        for one in study.series
        for i in one.instances
    }
    if rows:
        connection.exec_driver_sql(_NEW_FILE, list(rows.values()))


def _put_series(connection: Connection, study: str, one: Series, places: Places) -> None:
    row = {
        "key": one.key,
        "study": study,
        "kind": str(one.kind),
        "modality": one.modality,
        "description": one.description,
        "folder": places.stored(one.folder),
        "spacing_mm": json.dumps(one.spacing_mm),
        "orientation": json.dumps(one.orientation),
        "unit": one.unit,
        "bits": one.bits,
        "warnings": json.dumps(one.warnings),
        "tags": json.dumps(one.tags),
        "frame_of_reference": one.frame_of_reference,
        "apart": one.apart,
    }
    connection.exec_driver_sql(_PUT_SERIES, tuple(row.values()))
    connection.exec_driver_sql("DELETE FROM instances WHERE series = ?", (one.key,))


def _put_slices(connection: Connection, study: Study, places: Places) -> None:
    query = "SELECT path, id FROM files WHERE study = ?"
    numbers: dict[str, int] = dict(connection.exec_driver_sql(query, (study.key,)).fetchall())
    rows = []
    for one in study.series:
        for number, i in enumerate(one.instances):
            stored = places.stored(i.path)
            file = numbers.get(stored) or _number_of(connection, stored)
            rows.append((one.key, number, file, i.index, i.position_mm, i.rows, i.columns))
    if rows:
        connection.exec_driver_sql("INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _number_of(connection: Connection, stored: str) -> int:
    """Number of a file that counts to another study (its content was replaced since)."""
    found = connection.exec_driver_sql("SELECT id FROM files WHERE path = ?", (stored,)).scalar_one()
    return int(found)


def _study(row: Mapping[Any, Any], members: Sequence[Series]) -> Study:
    return Study(row["key"], row["patient"], row["patient_known"], row["label"], row["date"], tuple(members))


def _series(row: Mapping[Any, Any], slices: Sequence[Instance], places: Places) -> Series:
    names = ("key", "modality", "description", "unit", "bits", "tags", "frame_of_reference", "apart")
    return Series(
        **{name: row[name] for name in names},
        kind=SourceKind(row["kind"]),
        folder=places.found(row["folder"]),
        spacing_mm=tuple(row["spacing_mm"]),
        orientation=tuple(row["orientation"]),
        instances=tuple(slices),
        warnings=tuple(row["warnings"]),
    )
