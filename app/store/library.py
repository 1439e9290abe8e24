"""The library of a project: what was imported, what was set aside, the labels given by hand and the person's tags."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, func, insert, select

from app.domain.errors import BadUsage
from app.domain.study import Instance, Quarantined, Series, SeriesLine, Study
from app.store.following import WHOLE_SERIES, reattach, remember
from app.store.library_rows import drop_left_files, put_study, read_series, read_studies
from app.store.lines import read_lines
from app.store.places import Places
from app.store.project import Project
from app.store.schema import files, instances, labels, quarantine, series, series_tags, stale, studies


class Library:
    """Studies, series and instances of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._places = Places(project.root)

    def replace_study(self, study: Study, *, keep: Collection[str] = ()) -> None:
        """Make the series of a study exactly these. Labels by hand, tags and items of cohorts follow their slices.

        Args:
            study: as ``app.imaging.series.assemble`` puts it together from all of its files.
            keep: paths that could not be looked at again (facts of an older version, on a disk that is away): their
                slices stay in the series in which they are.
        """
        self.replace_studies([(study, keep)])

    def replace_studies(self, changed: Iterable[tuple[Study, Collection[str]]]) -> None:
        """``replace_study`` for several studies, each with its paths to keep: all of them, or nothing."""
        with self._project.writing() as connection:
            for study, keep in changed:
                self._replace(connection, self._keeping(connection, study, keep) if keep else study)

    def studies(self) -> list[Study]:
        """All studies with every slice, by label and date; lists are served by ``lines``."""
        with self._project.reading() as connection:
            return read_studies(connection, self._places)

    def lines(self) -> list[SeriesLine]:
        """All series without their slices, by label and date of their study."""
        with self._project.reading() as connection:
            return read_lines(connection, self._places)

    def series(self, key: str) -> Series:
        """One series.

        Raises:
            BadUsage: ``unknown-series``.
        """
        with self._project.reading() as connection:
            found = read_series(connection, self._places, "key", key)
        if not found:
            raise BadUsage("unknown-series", series=key)
        return found[0]

    def siblings(self, key: str) -> list[Series]:
        """The series of the same study, itself included; [] for an unknown series."""
        with self._project.reading() as connection:
            study = connection.scalar(select(series.c.study).where(series.c.key == key))
            return read_series(connection, self._places, "study", study) if study is not None else []

    def set_aside(self, inputs: Iterable[Quarantined]) -> None:
        """Remember inputs that could not be read; a path that is there already gets the new reason."""
        rows = [{"path": self._places.stored(i.path), "code": i.code, "reason": i.reason} for i in inputs]
        if rows:
            with self._project.writing() as connection:
                connection.execute(insert(quarantine).prefix_with("OR REPLACE"), rows)

    def quarantined(self) -> list[Quarantined]:
        """What was set aside, by path."""
        with self._project.reading() as connection:
            rows = connection.execute(select(quarantine).order_by(quarantine.c.path)).all()
        return [Quarantined(self._places.found(row.path), row.code, row.reason) for row in rows]

    def dismiss(self, path: str) -> None:
        """Forget one input that was set aside."""
        with self._project.writing() as connection:
            connection.execute(delete(quarantine).where(quarantine.c.path.in_([path, self._places.stored(path)])))

    def remove_study(self, key: str) -> None:
        """Forget a study with its files, series, labels and tags. The source files stay."""
        with self._project.writing() as connection:
            connection.execute(delete(studies).where(studies.c.key == key))
            connection.execute(delete(files).where(files.c.study == key))
            connection.execute(delete(stale).where(stale.c.study == key))
            drop_left_files(connection)

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

    def set_tags(self, series_keys: Iterable[str], *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Put the person's own words on series, or take them off; white space at the ends does not count.

        Raises:
            BadUsage: ``bad-tag``: empty, longer than 60 characters, or not printable.
        """
        keys, added, removed = list(series_keys), [_tag(tag) for tag in add], [_tag(tag) for tag in remove]
        rows = [{"series": key, "tag": tag} for key in keys for tag in added]
        gone = delete(series_tags).where(series_tags.c.tag.in_(removed))
        with self._project.writing() as connection:
            for key in keys if removed else ():
                connection.execute(gone.where(series_tags.c.series == key))
            if rows:
                connection.execute(insert(series_tags).prefix_with("OR IGNORE"), rows)

    def tags(self) -> dict[str, int]:
        """The person's tags and how many series have each, by tag."""
        query = select(series_tags.c.tag, func.count()).group_by(series_tags.c.tag).order_by(series_tags.c.tag)
        with self._project.reading() as connection:
            return {row.tag: row[1] for row in connection.execute(query)}

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

    def _replace(self, connection: Connection, study: Study) -> None:
        bound = remember(connection, study.key)
        put_study(connection, study, self._places)
        if bound is not None:
            reattach(connection, study.key, bound)
        connection.exec_driver_sql("DELETE FROM stale WHERE study = ?", (study.key,))

    def _keeping(self, connection: Connection, study: Study, keep: Collection[str]) -> Study:
        paths = set(keep)
        known = read_series(connection, self._places, "study", study.key)
        left = [replace(one, instances=tuple(i for i in one.instances if i.path in paths)) for one in known]
        return replace(study, series=_united([one for one in left if one.instances], study.series))


def _united(known: Sequence[Series], added: Sequence[Series]) -> tuple[Series, ...]:
    """Series by key: those of both sides with the slices of both."""
    result = {one.key: one for one in known}
    for one in added:
        result[one.key] = _joined(result[one.key], one) if one.key in result else one
    return tuple(result.values())


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
    return replace(added, instances=tuple(every), warnings=warnings)


def _identity(instance: Instance) -> tuple[str, int]:
    return instance.sop_instance_uid or instance.path, instance.index


def _tag(text: str) -> str:
    tag = text.strip()
    if not tag or len(tag) > 60 or not tag.isprintable():
        raise BadUsage("bad-tag", tag=tag)
    return tag
