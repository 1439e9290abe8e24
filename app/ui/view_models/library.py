"""What the Library lists: studies with their series, and pictures by folder; found by any word of their headers.

No widgets, no files. Names of patients never come here: a study's label does not hold them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from app.domain.study import Series, SourceKind, Study
from app.ui.phrases import count


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list.

    Attributes:
        key: stable; for a group the study's key or the folder.
        title, detail: the two lines of text.
        series: the series to show; for a group the first one (its thumbnail).
        warnings: what to know of the geometry.
        children: the series of a group of more than one.
        studies: keys of the studies behind it (for "remove").
    """

    key: str
    title: str
    detail: str
    series: str
    warnings: tuple[str, ...] = ()
    children: tuple[Entry, ...] = ()
    studies: tuple[str, ...] = ()
    words: str = field(default="", repr=False)

    def series_keys(self) -> tuple[str, ...]:
        """All series at or under this line."""
        return tuple(child.series for child in self.children) or (self.series,)


def entries(studies: Iterable[Study]) -> list[Entry]:
    """The list: one group a study, pictures without a header one group a folder; a group of one is one line."""
    pictures: dict[str, list[tuple[Study, Series]]] = defaultdict(list)
    made: list[Entry] = []
    for study in studies:
        scans = [one for one in study.series if one.kind is not SourceKind.IMAGE]
        for one in study.series:
            if one.kind is SourceKind.IMAGE:
                pictures[one.folder].append((study, one))
        if scans:
            made.append(_study_entry(study, scans))
    return made + [_folder_entry(folder, found) for folder, found in sorted(pictures.items())]


def matching(listed: Sequence[Entry], wanted: str) -> list[Entry]:
    """The entries in which every word of ``wanted`` occurs; a group that does not match keeps its matching lines."""
    words = wanted.lower().split()
    if not words:
        return list(listed)
    found = []
    for entry in listed:
        if _has(entry, words):
            found.append(entry)
        elif children := tuple(child for child in entry.children if _has(child, words)):
            found.append(
                Entry(entry.key, entry.title, entry.detail, children[0].series, (), children, entry.studies, "")
            )
    return found


def totals(studies: Sequence[Study]) -> str:
    """ "3 studies, 5 series, 240 images"; "" for an empty library."""
    if not studies:
        return ""
    series = [one for study in studies for one in study.series]
    images = sum(len(one.instances) for one in series)
    return f"{count(len(studies), 'study', 'studies')}, {len(series):,} series, {count(images, 'image')}"


def series_title(series: Series) -> str:
    """What a series is called: its description, or its modality, or the folder that it came from."""
    return series.description or series.modality or PurePath(series.folder).name or "Series"


def _has(entry: Entry, words: Sequence[str]) -> bool:
    return all(word in entry.words for word in words)


def _series_entry(series: Series, study: Study) -> Entry:
    first = series.instances[0] if series.instances else None
    size = f"{first.columns} × {first.rows}" if first else ""
    images = count(len(series.instances), "image")
    detail = " · ".join(part for part in (series.modality, images, size) if part)
    title = series_title(series)
    words = " ".join((title, detail, study.label, study.date, series.folder, *series.tags.values())).lower()
    return Entry(series.key, title, detail, series.key, series.warnings, (), (study.key,), words)


def _study_entry(study: Study, scans: Sequence[Series]) -> Entry:
    lines = tuple(_series_entry(one, study) for one in scans)
    if len(lines) == 1:
        only = lines[0]
        title = study.label or only.title
        detail = only.detail if title == only.title else f"{only.title} · {only.detail}"
        return Entry(study.key, title, detail, only.series, only.warnings, (), only.studies, only.words)
    images = sum(len(one.instances) for one in scans)
    detail = f"{len(lines)} series · {count(images, 'image')}"
    title = study.label or "Study"
    words = f"{title} {study.date}".lower()
    return Entry(study.key, title, detail, lines[0].series, (), lines, (study.key,), words)


def _folder_entry(folder: str, found: Sequence[tuple[Study, Series]]) -> Entry:
    lines = tuple(_series_entry(one, study) for study, one in found)
    if len(lines) == 1:
        return lines[0]
    path = PurePath(folder)
    detail = " · ".join(part for part in (count(len(lines), "image"), path.parent.name) if part)
    keys = tuple(dict.fromkeys(study.key for study, _one in found))
    return Entry(folder, path.name, detail, lines[0].series, (), lines, keys, folder.lower())
