"""Four ways to a label: folder names, a CSV, a DICOM attribute, or by hand.

Each takes the candidates and answers for the numbers that it can speak for; the rest has no label.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.cohort import rename_splits
from app.domain.errors import BadUsage, Refused
from app.services.candidates import Candidate
from app.services.label_table import Index, Row, Table, matched, read_table

HandLabels = Mapping[tuple[str, int | None], str]


@dataclass(frozen=True, slots=True)
class Labelling:
    """Labels by candidate number, patients that a table names, and what the person should know.

    ``kept_out`` are images that a table gives to a split which is none of ours: they join nothing.
    """

    labels: dict[int, str]
    patients: dict[int, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    kept_out: frozenset[int] = frozenset()


def by_folder(slices: Sequence[Candidate], chosen: Sequence[int]) -> Labelling:
    """The name of each image's folder; one level up where every folder holds one patient and the level above
    gathers several patients a folder (class/patient/slice). A folder called "unlabelled" gives no label."""
    nested = _one_patient_each(slices, chosen, 0) and not _one_patient_each(slices, chosen, 1)
    above = nested and len(_folders(slices, chosen, 1)) > 1
    notices = ("Each folder holds one patient, so the classes are the folders one level above.",) if above else ()
    named = {number: _folder(slices[number], int(above)).name for number in chosen}
    return Labelling({number: name for number, name in named.items() if not _says_nothing(name)}, {}, notices)


def by_tag(slices: Sequence[Candidate], chosen: Sequence[int], keyword: str) -> Labelling:
    """A DICOM attribute of the series, by its keyword.

    Raises:
        BadUsage: ``unknown-tag``: no chosen series carries it.
    """
    found = {number: slices[number].series.tags.get(keyword, "").strip() for number in chosen}
    labels = {number: label for number, label in found.items() if label}
    if chosen and not labels:
        known = sorted({name for number in chosen for name in slices[number].series.tags})
        raise BadUsage("unknown-tag", tag=keyword, known=", ".join(known) or "none")
    return Labelling(labels)


def by_hand(slices: Sequence[Candidate], chosen: Sequence[int], given: HandLabels, *, native: bool) -> Labelling:
    """Labels of slices, else of their series; those of single slices speak of the native plane only."""
    labels: dict[int, str] = {}
    for number in chosen:
        one = slices[number]
        own = given.get((one.series.key, one.index)) if native else None
        label = own or given.get((one.series.key, None))
        if label:
            labels[number] = label
    return Labelling(labels)


def by_table(slices: Sequence[Candidate], chosen: Sequence[int], path: Path, secret: bytes) -> Labelling:
    """Labels of a CSV, which may name patients too. Rows of a split that is none of ours are left out.

    Raises:
        BadUsage: the table cannot be read.
        Refused: ``label-unknown-image``, ``label-conflict``, ``label-ambiguous``.
    """
    table = read_table(path, "label")
    ours = rename_splits(row.split for row in table.rows if row.split)
    rows = [row for row in table.rows if row.label and (not row.split or row.split in ours)]
    wanted = set(chosen)
    labels: dict[int, str] = {}
    patients: dict[int, str] = {}
    index = Index(slices)
    for row, numbers in matched(table, index, rows):
        for number in wanted.intersection(numbers):
            if labels.setdefault(number, row.label) != row.label:
                raise _conflict(table, row, labels[number])
            if row.patient:
                patients[number] = _patient(row.patient, secret)
    for row in table.rows:
        for number in wanted.intersection(index.find(row, table.path)) if row.patient and not row.label else ():
            patients.setdefault(number, _patient(row.patient, secret))
    return Labelling(labels, patients, (), kept_out(table, index))


def splits_of_table(slices: Sequence[Candidate], path: Path) -> dict[int, str]:
    """Splits that a CSV gives, by candidate number; a value that is none of ours leaves the image out.

    Raises:
        BadUsage: the table cannot be read.
        Refused: ``label-unknown-image``, ``label-conflict``, ``label-ambiguous``.
    """
    table = read_table(path, "split")
    ours = rename_splits(row.split for row in table.rows)
    splits: dict[int, str] = {}
    for row, numbers in matched(table, Index(slices), [row for row in table.rows if row.split in ours]):
        for number in numbers:
            if splits.setdefault(number, ours[row.split]) != ours[row.split]:
                raise _conflict(table, row, splits[number])
    return splits


def kept_out(table: Table, index: Index) -> frozenset[int]:
    """Images that a table gives to a split which is none of ours ("guard", "exclude")."""
    ours = rename_splits(row.split for row in table.rows if row.split)
    foreign = (row for row in table.rows if row.split and row.split not in ours)
    return frozenset(number for row in foreign for number in index.find(row, table.path))


def _conflict(table: Table, row: Row, other: str) -> Refused:
    return Refused(
        "label-conflict", path=str(table.path), name=row.name, line=row.line, one=other, other=row.label or row.split
    )


def _patient(name: str, secret: bytes) -> str:
    return hmac.new(secret, f"table\x1f{name}".encode(), hashlib.sha256).hexdigest()[:32]


def _says_nothing(folder: str) -> bool:
    """Whether a folder's name says that nobody labelled what is in it."""
    return re.sub(r"[\W_]", "", folder.casefold()) in ("unlabelled", "unlabeled", "nolabel", "notlabelled", "unsorted")


def _folder(candidate: Candidate, level: int) -> Path:
    parents = Path(candidate.source).parents
    return parents[min(level, len(parents) - 1)]


def _folders(slices: Sequence[Candidate], chosen: Sequence[int], level: int) -> dict[Path, set[str]]:
    """Patients by folder."""
    found: dict[Path, set[str]] = defaultdict(set)
    for number in chosen:
        found[_folder(slices[number], level)].add(slices[number].study.patient)
    return found


def _one_patient_each(slices: Sequence[Candidate], chosen: Sequence[int], level: int) -> bool:
    return all(len(patients) == 1 for patients in _folders(slices, chosen, level).values())
