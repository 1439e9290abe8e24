"""The files behind the library: which are here, whether their pixels were checked, and what their headers said.

Kept apart from slices, so that a study can be put together again whenever files join or leave it. It must not know
what the facts mean: they are JSON values from ``app.imaging.content.FileContent.to_facts``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from app.store.places import Places
from app.store.project import Project

UNKNOWN_SIZE = -1
"""Size of a file that an older version of the program imported."""

_BESIDE = ("path", "sha256", "sop_instance_uid", "patient_id")
"""Facts that have a column of their own, or must not be kept at all."""

_COLUMNS = "id, path, study, patient, patient_known, sha256, sop_instance_uid, size, modified_ns, facts"

_PUT = text(
    "INSERT INTO files (path, study, patient, patient_known, sha256, sop_instance_uid, size, modified_ns, facts)"
    " VALUES (:path, :study, :patient, :patient_known, :sha256, :sop_instance_uid, :size, :modified_ns, :facts)"
    " ON CONFLICT (path) DO UPDATE SET study = excluded.study, patient = excluded.patient,"
    " patient_known = excluded.patient_known, sha256 = excluded.sha256,"
    " sop_instance_uid = excluded.sop_instance_uid, size = excluded.size, modified_ns = excluded.modified_ns,"
    " facts = excluded.facts"
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of the library.

    Attributes:
        path: absolute.
        study: key of its study.
        patient: keyed hash of who it shows.
        patient_known: false where the file names no patient.
        sha256: hash of the file; "" until its pixels were checked.
        sop_instance_uid: DICOM identity; "" otherwise.
        size, modified_ns: of the file when it was looked at; -1 and 0 where an older version imported it.
        facts: ``FileContent.to_facts()`` with path and hash as they are now; ``None`` where the header has to be
            looked at again (an older version imported the file).
    """

    path: str
    study: str
    patient: str
    patient_known: bool
    sha256: str
    sop_instance_uid: str
    size: int
    modified_ns: int
    facts: dict[str, Any] | None


class Files:
    """Files of one project. Every method is one transaction."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._places = Places(project.root)

    def put(self, rows: Iterable[FileRow]) -> None:
        """Take files in, or anew where their path is known; their studies are stale until put together again."""
        values = [self._values(row) for row in rows]
        if not values:
            return
        paths = [value["path"] for value in values]
        with self._project.writing() as connection:
            _mark(connection, {value["study"] for value in values} | _studies_of(connection, paths))
            connection.execute(_PUT, values)

    def of_study(self, key: str) -> list[FileRow]:
        """The files of a study, in the order in which they came."""
        return self._select("WHERE study = ? ORDER BY id", (key,))

    def of_patient(self, patient: str) -> list[str]:
        """Paths of a patient's files, those included that were taken out and still wait for their study."""
        query = "SELECT path FROM files WHERE patient = ? ORDER BY id"
        with self._project.reading() as connection:
            return [self._places.found(path) for (path,) in connection.exec_driver_sql(query, (patient,))]

    def unchecked(self) -> list[FileRow]:
        """Files whose pixels nobody has decoded yet, in the order in which they came."""
        return self._select("WHERE sha256 = '' AND study != '' ORDER BY id", ())

    def known(self) -> dict[str, tuple[int, int, bool]]:
        """Size, modification time (ns) and whether it was checked, by path."""
        query = "SELECT path, size, modified_ns, sha256 != '' FROM files WHERE study != ''"
        with self._project.reading() as connection:
            rows = connection.exec_driver_sql(query).fetchall()
        return {self._places.found(path): (size, modified, bool(checked)) for path, size, modified, checked in rows}

    def uids(self) -> dict[str, str]:
        """Path by SOP Instance UID."""
        return self._paths_by("sop_instance_uid")

    def hashes(self) -> dict[str, str]:
        """Path by SHA-256, of the files that were checked."""
        return self._paths_by("sha256")

    def seen(self, path: str, size: int, modified_ns: int) -> None:
        """Fill in size and time of a file that an older version imported and that is still the same."""
        update = "UPDATE files SET size = ?, modified_ns = ? WHERE path = ?"
        with self._project.writing() as connection:
            connection.exec_driver_sql(update, (size, modified_ns, self._places.stored(path)))

    def checked(self, hashes: Mapping[str, str]) -> None:
        """Remember that the pixels of these files are whole: SHA-256 by path. No study becomes stale by it."""
        rows = [{"path": self._places.stored(path), "sha256": sha256} for path, sha256 in hashes.items()]
        if rows:
            with self._project.writing() as connection:
                connection.execute(text("UPDATE files SET sha256 = :sha256 WHERE path = :path"), rows)

    def remove(self, paths: Iterable[str]) -> set[str]:
        """Take files out. Their slices stay until their study, stale now, is put together again without them.

        So no reader ever sees a series with a hole, in which every number above it means another slice.

        Returns:
            The keys of those studies. One without any file left is to be removed (``Library.remove_study``).
        """
        stored = [self._places.stored(path) for path in paths]
        with self._project.writing() as connection:
            touched = _studies_of(connection, stored)
            _mark(connection, touched)
            for path in stored:
                connection.exec_driver_sql("UPDATE files SET study = '' WHERE path = ?", (path,))
        return touched

    def stale(self) -> set[str]:
        """Studies to put together again: their files changed, and nothing (a crash, a stop) has done it since."""
        with self._project.reading() as connection:
            return {row[0] for row in connection.exec_driver_sql("SELECT study FROM stale")}

    def _select(self, rest: str, parameters: tuple[Any, ...]) -> list[FileRow]:
        with self._project.reading() as connection:
            rows = connection.exec_driver_sql(f"SELECT {_COLUMNS} FROM files {rest}", parameters).fetchall()
        return [self._row(row[1:]) for row in rows]

    def _paths_by(self, column: str) -> dict[str, str]:
        query = f"SELECT {column}, path FROM files WHERE {column} != '' AND study != ''"
        with self._project.reading() as connection:
            return {key: self._places.found(path) for key, path in connection.exec_driver_sql(query)}

    def _row(self, values: Sequence[Any]) -> FileRow:
        path, study, patient, known, sha256, uid, size, modified, packed = values
        place = self._places.found(path)
        facts = None if packed is None else _unpacked(packed)
        if facts is not None:
            facts.update(path=place, sha256=sha256, sop_instance_uid=uid, patient_id="")
        return FileRow(place, study, patient, bool(known), sha256, uid, size, modified, facts)

    def _values(self, row: FileRow) -> dict[str, Any]:
        facts = None if row.facts is None else _packed(row.facts)
        kept = replace(row, path=self._places.stored(row.path), facts=None)
        return {name: getattr(kept, name) for name in FileRow.__dataclass_fields__} | {"facts": facts}


def _packed(facts: Mapping[str, Any]) -> bytes:
    kept = {name: value for name, value in facts.items() if name not in _BESIDE}
    return zlib.compress(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def _unpacked(packed: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(zlib.decompress(packed))
    return facts


def _studies_of(connection: Connection, paths: Iterable[str]) -> set[str]:
    query = "SELECT study FROM files WHERE path = ?"
    found = (connection.exec_driver_sql(query, (path,)).fetchone() for path in paths)
    return {row[0] for row in found if row and row[0]}


def _mark(connection: Connection, keys: Iterable[str]) -> None:
    for key in keys:
        connection.exec_driver_sql("INSERT OR IGNORE INTO stale (study) VALUES (?)", (key,))
