"""Attributes of a cohort's images, from the columns of a table or from what DICOM headers say.

Which columns may become attributes is decided by ``app.domain.attribute_rules``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from app.domain.attribute_rules import Image, judged
from app.domain.cohort import Item
from app.domain.condition import Value
from app.domain.errors import BadUsage, Refused
from app.services.candidates import Candidate
from app.services.label_table import Index, Row, matched, read_table

HEADERS = {
    "PatientSex": "Sex",
    "PatientAge": "Age",
    "Manufacturer": "Manufacturer",
    "ManufacturerModelName": "Scanner",
    "MagneticFieldStrength": "Field strength",
    "KVP": "Tube voltage",
    "SliceThickness": "Slice thickness",
    "ConvolutionKernel": "Kernel",
    "ViewPosition": "View",
    "ImageLaterality": "Side",
}
"""Header attributes on offer, by their DICOM keyword, and what they are called here."""

MOST = 8
"""Attributes of a cohort: each is one more thing that a few thousand images at most have to teach."""

Texts = dict[int, str]


def attach(
    slices: Sequence[Candidate], items: Mapping[int, Item], sources: Sequence[str]
) -> tuple[dict[int, Item], list[str]]:
    """The items with their attributes, and remarks on what was left out.

    Args:
        slices: all candidates.
        items: those of the cohort, by candidate number.
        sources: "csv:FILE" or "dicom:KEYWORD,KEYWORD"; of two attributes with one name the first counts.

    Raises:
        BadUsage: ``bad-attributes``, a table that cannot be read.
        Refused: ``no-attributes`` (a source gives none), ``label-unknown-image``, ``label-ambiguous``,
            ``label-conflict``.
    """
    images = {number: Image(item.patient, item.split == "train") for number, item in items.items()}
    found: dict[str, dict[int, Value]] = {}
    notices: list[str] = []
    for source in sources:
        columns, remarks = _judged(_columns(slices, items, source), images)
        if not columns:
            raise Refused("no-attributes", text=source, reason=" ".join(remarks))
        found |= {name: values for name, values in columns.items() if name not in found}
        notices += remarks
    notices += [f"Attribute “{name}” is left out: {MOST} are the most." for name in list(found)[MOST:]]
    found = {name: found[name] for name in list(found)[:MOST]}
    return {number: replace(item, attributes=_of(found, number)) for number, item in items.items()}, notices


def _judged(columns: Mapping[str, Texts], images: Mapping[int, Image]) -> tuple[dict[str, dict[int, Value]], list[str]]:
    good: dict[str, dict[int, Value]] = {}
    remarks: list[str] = []
    for name, texts in columns.items():
        values, why = judged(name, texts, images)
        if why:
            remarks.append(f"Attribute “{name}” {why}.")
        else:
            good[name] = values
    return good, remarks


def _of(found: Mapping[str, Mapping[int, Value]], number: int) -> dict[str, Value]:
    return {name: values[number] for name, values in found.items() if number in values}


def _columns(slices: Sequence[Candidate], items: Mapping[int, Item], source: str) -> dict[str, Texts]:
    kind, _, argument = source.partition(":")
    readers: dict[str, Callable[[Sequence[Candidate], Mapping[int, Item], str], dict[str, Texts]]]
    readers = {"csv": _of_table, "dicom": _of_headers}
    if kind not in readers or not argument:
        raise BadUsage("bad-attributes", text=source, known=",".join(HEADERS))
    return readers[kind](slices, items, argument)


def _of_table(slices: Sequence[Candidate], items: Mapping[int, Item], path: str) -> dict[str, Texts]:
    """Every column that has no name of ours; a row may name a file, a folder or a series."""
    columns: dict[str, Texts] = {}
    for row, numbers in matched(read_table(Path(path)), Index(slices)):
        for name, text in row.others.items():
            _say(columns.setdefault(name, {}), items.keys() & numbers, text, (path, row))
    return columns


def _say(column: Texts, numbers: Collection[int], text: str, where: tuple[str, Row]) -> None:
    """Take ``text`` for these images; an empty cell says nothing."""
    path, row = where
    for number in numbers if text else ():
        if column.setdefault(number, text) != text:
            one = column[number]
            raise Refused("label-conflict", path=path, name=row.name, line=row.line, one=one, other=text)


def _of_headers(slices: Sequence[Candidate], items: Mapping[int, Item], keywords: str) -> dict[str, Texts]:
    wanted = [keyword.strip() for keyword in keywords.split(",") if keyword.strip()]
    if not wanted or not HEADERS.keys() >= set(wanted):
        raise BadUsage("bad-attributes", text=f"dicom:{keywords}", known=",".join(HEADERS))
    return {HEADERS[one]: {number: slices[number].series.tags.get(one, "") for number in items} for one in wanted}
