"""The library of a project: what was imported, what was set aside, and the labels given by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from app.domain.errors import BadUsage
from app.domain.study import Instance, Quarantined, Series, SourceKind, Study
from app.store.places import as_found, as_stored
from app.store.project import Project
from app.store.schema import instances, labels, quarantine, series, studies

WHOLE_SERIES = -1
"""Index under which the label of a whole series is stored."""


class Library:
    """Studies, series and instances of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def add_studies(self, added: Iterable[Study]) -> None:
        """Take studies in. A study or series that is known already is joined, so adding twice changes nothing."""
        with self._project.writing() as connection:
            for study in added:
                stored = tuple(as_stored(one, self._project.root) for one in study.series)
                _add_study(connection, replace(study, series=stored))

    def studies(self) -> list[Study]:
        """All studies, by label and date."""
        with self._project.reading() as connection:
            rows = connection.execute(select(studies).order_by(studies.c.label, studies.c.date, studies.c.key)).all()
            by_study = _series_by_study(connection)
        root = self._project.root
        return [_study(row._mapping, [as_found(one, root) for one in by_study.get(row.key, ())]) for row in rows]

    def series(self, key: str) -> Series:
        """One series.

        Raises:
            BadUsage: ``unknown-series``.
        """
        with self._project.reading() as connection:
            found = _find_series(connection, key)
        if found is None:
            raise BadUsage("unknown-series", series=key)
        return as_found(found, self._project.root)

    def known_hashes(self) -> set[str]:
        """SHA-256 of every imported file."""
        with self._project.reading() as connection:
            return set(connection.execute(select(instances.c.sha256).distinct()).scalars())

    def known_uids(self) -> set[str]:
        """SOP Instance UIDs of every imported DICOM file."""
        query = select(instances.c.sop_instance_uid).distinct().where(instances.c.sop_instance_uid != "")
        with self._project.reading() as connection:
            return set(connection.execute(query).scalars())

    def set_aside(self, inputs: Iterable[Quarantined]) -> None:
        """Remember inputs that could not be read; a path that is there already gets the new reason."""
        rows = [{"path": i.path, "code": i.code, "reason": i.reason} for i in inputs]
        if rows:
            with self._project.writing() as connection:
                connection.execute(insert(quarantine).prefix_with("OR REPLACE"), rows)

    def quarantined(self) -> list[Quarantined]:
        """What was set aside, by path."""
        with self._project.reading() as connection:
            rows = connection.execute(select(quarantine).order_by(quarantine.c.path)).all()
        return [Quarantined(row.path, row.code, row.reason) for row in rows]

    def dismiss(self, path: str) -> None:
        """Forget one input that was set aside."""
        with self._project.writing() as connection:
            connection.execute(delete(quarantine).where(quarantine.c.path == path))

    def remove_study(self, key: str) -> None:
        """Forget a study with its series and labels. The source files stay."""
        with self._project.writing() as connection:
            connection.execute(delete(studies).where(studies.c.key == key))

    def set_label(self, series_key: str, index: int | None, label: str) -> None:
        """Label a slice by hand, or a whole series (``index`` ``None``); an empty label takes it away."""
        stored = WHOLE_SERIES if index is None else index
        with self._project.writing() as connection:
            connection.execute(delete(labels).where(labels.c.series == series_key, labels.c.index == stored))
            if label.strip():
                connection.execute(insert(labels).values(series=series_key, index=stored, label=label.strip()))

    def labels(self) -> dict[tuple[str, int | None], str]:
        """The labels given by hand, by series key and slice (``None``: the whole series)."""
        with self._project.reading() as connection:
            rows = connection.execute(select(labels)).all()
        return {(r.series, None if r._mapping["index"] == WHOLE_SERIES else r._mapping["index"]): r.label for r in rows}

    def counts(self) -> dict[str, int]:
        """How many ``studies``, ``series``, ``instances``, ``patients`` and ``quarantined`` there are."""
        tables = {"studies": studies, "series": series, "instances": instances, "quarantined": quarantine}
        with self._project.reading() as connection:
            counted = {
                name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in tables.items()
            }
            patients = connection.execute(select(func.count(studies.c.patient.distinct()))).scalar_one()
        return {**counted, "patients": patients}


def _add_study(connection: Connection, study: Study) -> None:
    connection.execute(
        insert(studies)
        .prefix_with("OR IGNORE")
        .values(
            key=study.key,
            patient=study.patient,
            patient_known=study.patient_known,
            label=study.label,
            date=study.date,
        )
    )
    for one in study.series:
        known = _find_series(connection, one.key)
        _put_series(connection, study.key, one if known is None else _joined(known, one))


def _joined(known: Series, added: Series) -> Series:
    """Both series' slices, each once, in order along the normal where every position is known."""
    present = {_identity(instance) for instance in known.instances}
    fresh = [instance for instance in added.instances if _identity(instance) not in present]
    if not fresh:
        return known
    every = [*known.instances, *fresh]
    if all(instance.position_mm is not None for instance in every):
        every.sort(key=lambda instance: (instance.position_mm or 0.0, instance.path, instance.index))
    warnings = tuple(dict.fromkeys((*known.warnings, *added.warnings)))
    return replace(known, instances=tuple(every), warnings=warnings)


def _identity(instance: Instance) -> tuple[str, int]:
    return instance.sop_instance_uid or instance.path, instance.index


def _put_series(connection: Connection, study: str, one: Series) -> None:
    row: dict[str, Any] = {
        "study": study,
        "kind": str(one.kind),
        "modality": one.modality,
        "description": one.description,
        "folder": one.folder,
        "spacing_mm": list(one.spacing_mm),
        "orientation": list(one.orientation),
        "unit": one.unit,
        "bits": one.bits,
        "warnings": list(one.warnings),
        "tags": dict(one.tags),
    }
    connection.execute(insert(series).prefix_with("OR IGNORE").values(key=one.key, **row))
    connection.execute(series.update().where(series.c.key == one.key).values(**{k: row[k] for k in ("warnings",)}))
    connection.execute(delete(instances).where(instances.c.series == one.key))
    rows = [_instance_row(one.key, number, instance) for number, instance in enumerate(one.instances)]
    if rows:
        connection.execute(insert(instances), rows)


def _instance_row(key: str, number: int, instance: Instance) -> dict[str, Any]:
    return {
        "series": key,
        "number": number,
        "path": instance.path,
        "index": instance.index,
        "position_mm": instance.position_mm,
        "sop_instance_uid": instance.sop_instance_uid,
        "sha256": instance.sha256,
        "rows": instance.rows,
        "columns": instance.columns,
    }


def _series_by_study(connection: Connection) -> dict[str, list[Series]]:
    slices: dict[str, list[Instance]] = defaultdict(list)
    for row in connection.execute(select(instances).order_by(instances.c.series, instances.c.number)).mappings():
        slices[row["series"]].append(_instance(row))
    result: dict[str, list[Series]] = defaultdict(list)
    for row in connection.execute(select(series).order_by(series.c.description, series.c.key)).mappings():
        result[row["study"]].append(_series(row, slices[row["key"]]))
    return result


def _find_series(connection: Connection, key: str) -> Series | None:
    row = connection.execute(select(series).where(series.c.key == key)).mappings().first()
    if row is None:
        return None
    query = select(instances).where(instances.c.series == key).order_by(instances.c.number)
    return _series(row, [_instance(one) for one in connection.execute(query).mappings()])


def _study(row: Mapping[Any, Any], members: Sequence[Series]) -> Study:
    return Study(row["key"], row["patient"], row["patient_known"], row["label"], row["date"], tuple(members))


def _series(row: Mapping[Any, Any], slices: Sequence[Instance]) -> Series:
    fields = {name: row[name] for name in ("key", "modality", "description", "folder", "unit", "bits", "tags")}
    return Series(
        **fields,
        kind=SourceKind(row["kind"]),
        spacing_mm=tuple(row["spacing_mm"]),
        orientation=tuple(row["orientation"]),
        instances=tuple(slices),
        warnings=tuple(row["warnings"]),
    )


def _instance(row: Mapping[Any, Any]) -> Instance:
    names = ("path", "index", "position_mm", "sop_instance_uid", "sha256", "rows", "columns")
    return Instance(**{name: row[name] for name in names})
