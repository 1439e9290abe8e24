"""What the Library lists: studies with their series, and pictures by folder, each line ready to be drawn and found.

No widgets, no files. Names of patients never come here: a study's label does not hold them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePath
from typing import Protocol

from app.domain.study import Quarantined, SeriesLine, SourceKind
from app.ui.phrases import count

_DIGITS = re.compile(r"\d+")
_MOST_DIGITS = 12


class Described(Protocol):
    """What a title is made of: a ``Series`` or a ``SeriesLine``."""

    @property
    def description(self) -> str:
        """The header's words."""

    @property
    def modality(self) -> str:
        """DICOM modality."""

    @property
    def folder(self) -> str:
        """Where the files came from."""


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
        tags: the person's own words, shown as chips.
        line: the series behind it; ``None`` for a group.
        words: everything that a search looks through, in lower case; "" for a group.
        order: sorts titles as people count.
    """

    key: str
    title: str
    detail: str
    series: str
    warnings: tuple[str, ...] = ()
    children: tuple[Entry, ...] = ()
    studies: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    line: SeriesLine | None = None
    words: str = field(default="", repr=False, compare=False)
    order: str = field(default="", repr=False, compare=False)

    @property
    def tip(self) -> str:
        """Everything that there is to read about it."""
        tags = f"Tags: {', '.join(self.tags)}" if self.tags else ""
        return "\n".join(filter(None, (self.title, self.detail, tags, *self.warnings)))

    def lines(self) -> tuple[SeriesLine, ...]:
        """All series at or under this line."""
        members = self.children or (self,)
        return tuple(member.line for member in members if member.line is not None)

    def series_keys(self) -> tuple[str, ...]:
        """Keys of all series at or under this line."""
        return tuple(member.series for member in self.children or (self,))


@dataclass(frozen=True, slots=True)
class Stock:
    """The whole library as the room knows it, before anything is searched, filtered or sorted.

    Attributes:
        entries: all lines, by name.
        by_series: the entry that stands for each series.
        groups: the groups of ``entries``, by key.
        aside: inputs set aside.
        total: what there is, in words.
    """

    entries: Sequence[Entry] = ()
    by_series: Mapping[str, Entry] = field(default_factory=dict)
    groups: Mapping[str, Entry] = field(default_factory=dict)
    aside: Sequence[Quarantined] = ()
    total: str = ""


def stock(lines: Sequence[SeriesLine], aside: Sequence[Quarantined], before: Stock | None = None) -> Stock:
    """Everything to list; entries whose series did not change are taken over from ``before``, which is quick."""
    before = before or Stock()
    made = [_kept(line, before.by_series) for line in lines]
    listed = _grouped(made, before.groups)
    groups = {entry.key: entry for entry in listed if entry.line is None or entry.key != entry.series}
    return Stock(listed, {entry.series: entry for entry in made}, groups, aside, totals(lines))


def checked_since(before: Stock, now: Stock) -> list[str]:
    """Series that had unchecked slices and changed: their thumbnails may show another slice by now."""
    waiting = [entry for entry in before.by_series.values() if entry.line is not None and entry.line.unchecked]
    return [entry.series for entry in waiting if now.by_series.get(entry.series) is not entry]


def entries(lines: Iterable[SeriesLine]) -> list[Entry]:
    """The list: one group a study, pictures without a header one group a folder; a group of one is one line."""
    return _grouped([series_entry(line) for line in lines], {})


def totals(lines: Sequence[SeriesLine]) -> str:
    """ "3 studies, 5 series, 240 images"; "" for an empty library."""
    if not lines:
        return ""
    studies = len({line.study for line in lines})
    images = sum(line.images for line in lines)
    return f"{count(studies, 'study', 'studies')}, {len(lines):,} series, {count(images, 'image')}"


def series_title(series: Described) -> str:
    """What a series is called: its description, or its modality, or the folder that it came from."""
    return series.description or series.modality or _name(series.folder) or "Series"


@lru_cache(4096)
def _name(folder: str) -> str:
    """Many pictures lie in few folders."""
    return PurePath(folder).name


def natural(title: str) -> str:
    """A key that sorts "repetition 2" before "repetition 10"."""
    return _DIGITS.sub(lambda number: number[0].zfill(_MOST_DIGITS), title.lower())


def series_entry(line: SeriesLine) -> Entry:
    """The line of one series."""
    title = series_title(line)
    size = f"{line.columns} × {line.rows}" if line.rows else ""
    modality = line.modality if line.modality != title else ""
    state = "checking" if line.unchecked else ""
    detail = " · ".join(filter(None, (line.apart, count(line.images, "image"), modality, size, state)))
    found_by = (title, detail, line.study_label, line.date, line.folder, line.body_part, *line.attributes.values())
    words = "\n".join((*found_by, *line.tags, *line.labels)).lower()
    return Entry(
        line.key, title, detail, line.key, line.warnings, (), (line.study,), line.tags, line, words, natural(title)
    )


def regrouped(group: Entry, members: Sequence[Entry]) -> Entry:
    """A group with only some of its series: the detail says how many."""
    if len(members) == len(group.children):
        return group
    shown = f"{len(members)} of {len(group.children)} shown"
    return replace(group, children=tuple(members), series=members[0].series, detail=shown)


def _kept(line: SeriesLine, known: Mapping[str, Entry]) -> Entry:
    before = known.get(line.key)
    return before if before is not None and before.line == line else series_entry(line)


def _grouped(made: Sequence[Entry], known: Mapping[str, Entry]) -> list[Entry]:
    studies: dict[str, list[Entry]] = defaultdict(list)
    folders: dict[str, list[Entry]] = defaultdict(list)
    for entry in made:
        line = entry.line
        assert line is not None, "series_entry sets it"
        if line.kind is SourceKind.IMAGE:
            folders[line.folder].append(entry)
        else:
            studies[line.study].append(entry)
    listed = [_unchanged(known.get(key), members) or _study_entry(members) for key, members in studies.items()]
    listed += [
        _unchanged(known.get(folder), members) or _folder_entry(folder, members) for folder, members in folders.items()
    ]
    return listed


def _unchanged(group: Entry | None, members: Sequence[Entry]) -> Entry | None:
    """The line of before, where it stands for just these series."""
    if group is None:
        return None
    if group.line is not None:
        return group if len(members) == 1 and members[0].line is group.line else None
    before = {id(child) for child in group.children}
    return group if len(before) == len(members) and all(id(one) in before for one in members) else None


def _study_entry(members: Sequence[Entry]) -> Entry:
    first = members[0].line
    assert first is not None, "series_entry sets it"
    title = first.study_label
    if len(members) == 1:
        only = members[0]
        if not title or title == only.title:
            return replace(only, key=first.study)
        if first.kind is not SourceKind.DICOM:  # the file's own name says more than its folder's
            return replace(only, key=first.study, detail=f"{only.detail} · {title}")
        detail = f"{only.detail} · {only.title}"
        return replace(only, key=first.study, title=title, detail=detail, order=natural(title))
    images = sum(entry.line.images for entry in members if entry.line is not None)
    detail = f"{len(members)} series · {count(images, 'image')}"
    return _group(first.study, title or "Study", detail, members)


def _folder_entry(folder: str, members: Sequence[Entry]) -> Entry:
    if len(members) == 1:
        return members[0]
    return _group(folder, PurePath(folder).name, count(len(members), "image"), members)


def _group(key: str, title: str, detail: str, members: Sequence[Entry]) -> Entry:
    inside = tuple(sorted(members, key=lambda entry: (bool(entry.line and entry.line.apart), entry.order)))
    studies = tuple(dict.fromkeys(study for entry in inside for study in entry.studies))
    warned = any(entry.warnings for entry in inside)
    warnings = ("Some of these series have warnings.",) if warned else ()
    return Entry(key, title, detail, inside[0].series, warnings, inside, studies, order=natural(title))
