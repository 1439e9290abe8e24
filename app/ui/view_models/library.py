"""What the Library lists: studies with their series, and pictures by folder; found by any word of their headers.

No widgets, no files. Names of patients never come here: a study's label does not hold them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from app.domain.study import Quarantined, Series, SourceKind, Study
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


@dataclass(frozen=True, slots=True)
class Shelf:
    """The library as the room shows it.

    Attributes:
        entries: the list.
        series: series by key.
        aside: inputs set aside.
        total: what there is, in words.
    """

    entries: Sequence[Entry] = ()
    series: Mapping[str, Series] = field(default_factory=dict)
    aside: Sequence[Quarantined] = ()
    total: str = ""


def shelf(studies: Sequence[Study], aside: Sequence[Quarantined]) -> Shelf:
    """Everything to show; takes a while with thousands of studies."""
    by_key = {series.key: series for study in studies for series in study.series}
    return Shelf(entries(studies), by_key, aside, totals(studies))


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


def _natural(title: str) -> list[tuple[int, str]]:
    """Sorts "repetition 2" before "repetition 10"."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", title.lower())]


def _series_entry(series: Series, study: Study) -> Entry:
    first = series.instances[0] if series.instances else None
    size = f"{first.columns} × {first.rows}" if first else ""
    images = count(len(series.instances), "image")
    title = series_title(series)
    modality = series.modality if series.modality != title else ""
    detail = " · ".join(part for part in (images, modality, size) if part)
    words = " ".join((title, detail, study.label, study.date, series.folder, *series.tags.values())).lower()
    return Entry(series.key, title, detail, series.key, series.warnings, (), (study.key,), words)


def _study_entry(study: Study, scans: Sequence[Series]) -> Entry:
    lines = tuple(sorted((_series_entry(one, study) for one in scans), key=lambda line: _natural(line.title)))
    if len(lines) == 1:
        only = lines[0]
        title = study.label or only.title
        detail = only.detail if title == only.title else f"{only.detail} · {only.title}"
        return Entry(study.key, title, detail, only.series, only.warnings, (), only.studies, only.words)
    images = sum(len(one.instances) for one in scans)
    detail = f"{len(lines)} series · {count(images, 'image')}"
    title = study.label or "Study"
    words = f"{title} {study.date}".lower()
    return Entry(study.key, title, detail, lines[0].series, (), lines, (study.key,), words)


def _folder_entry(folder: str, found: Sequence[tuple[Study, Series]]) -> Entry:
    lines = tuple(sorted((_series_entry(one, study) for study, one in found), key=lambda line: _natural(line.title)))
    if len(lines) == 1:
        return lines[0]
    keys = tuple(dict.fromkeys(study.key for study, _one in found))
    detail = count(len(lines), "image")
    return Entry(folder, PurePath(folder).name, detail, lines[0].series, (), lines, keys, folder.lower())
