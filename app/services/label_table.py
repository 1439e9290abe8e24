"""A CSV of labels, splits or attributes, and which images of the library its rows mean.

Knows text and paths; whether a label makes a cohort is the matter of ``cohorts``.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PureWindowsPath

from app.domain.errors import BadUsage, Refused
from app.services.candidates import Candidate

COLUMNS = ("file", "series", "label", "split", "patient")
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it names, and what it says of it; ``others`` are the columns that have no name here."""

    line: int
    file: str = ""
    series: str = ""
    label: str = ""
    split: str = ""
    patient: str = ""
    others: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """How the line names its images."""
        return self.file or self.series


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file."""

    path: Path
    rows: tuple[Row, ...]


def read_table(path: Path, needs: str = "") -> Table:
    """Read a table with a header row: ``file`` or ``series``, and the column ``needs`` ("" for none).

    UTF-8 with or without a byte-order mark, or Windows-1252; commas, semicolons or tabs; any case of the header.

    Raises:
        BadUsage: ``path-missing``, ``table-column`` (a column is missing), ``table-empty``.
    """
    path = path.expanduser()
    if not path.is_file():
        raise BadUsage("path-missing", path=str(path))
    text = _decoded(path.read_bytes())
    if not text.strip():
        raise BadUsage("table-empty", path=str(path))
    delimiter = _delimiter(text.splitlines()[0])
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    header = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    named = "file" if "file" in header else "series"
    for column in (named, needs):
        if column and column not in header:
            wanted = "file or series" if column == "series" and needs != "series" else column
            raise BadUsage("table-column", path=str(path), column=wanted, found=", ".join(header))
    rows = tuple(row for record in reader if (row := _row(record, header, reader.line_num)).name)
    if not rows:
        raise BadUsage("table-empty", path=str(path))
    return Table(path.resolve(), rows)


def _row(record: Mapping[str, str | None], header: Mapping[str, str], line: int) -> Row:
    """One line; cells beyond the header and columns without a name are passed over."""
    cells = {name: (record[own] or "").strip() for name, own in header.items() if name}
    others = {header[name].strip(): text for name, text in cells.items() if name not in COLUMNS}
    return Row(line, **{name: cells[name] for name in COLUMNS if name in cells}, others=others)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _delimiter(header: str) -> str:
    """The delimiter that the header row has most of; a comma where it has one column."""
    return max(DELIMITERS, key=header.count)


class Index:
    """Finds the images that a row names: by absolute path, relative to the table, by the end of a path, or a folder."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._by_path: dict[str, list[int]] = defaultdict(list)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._by_folder: dict[str, list[int]] = defaultdict(list)
        self._by_series: dict[str, list[int]] = defaultdict(list)
        for number, candidate in enumerate(candidates):
            self._add(number, candidate)

    def _add(self, number: int, candidate: Candidate) -> None:
        path = Path(candidate.source)
        if candidate.source not in self._by_path:
            self._by_name[path.name].add(candidate.source)
        self._by_path[candidate.source].append(number)
        for folder in path.parents:
            self._by_folder[str(folder)].append(number)
        series = candidate.series
        for name in {series.key, series.tags.get("SeriesInstanceUID", ""), series.description} - {""}:
            self._by_series[name].append(number)

    def find(self, row: Row, table: Path) -> list[int]:
        """Numbers of the candidates that a row names; none where it names nothing in the library.

        Raises:
            Refused: ``label-ambiguous``: the end of a path fits several files.
        """
        if not row.file:
            return self._by_series.get(row.series, [])
        named = _parts(row.file)
        for full in (str(PurePath(*named)), str(_clean(table.parent.joinpath(*named)))):
            if found := self._by_path.get(full) or self._by_folder.get(full):
                return found
        ends = [path for path in self._by_name.get(named[-1], ()) if Path(path).parts[-len(named) :] == named]
        if len(ends) > 1:
            raise Refused("label-ambiguous", path=str(table), name=row.file, line=row.line, count=len(ends))
        return self._by_path[ends[0]] if ends else []


def _parts(name: str) -> tuple[str, ...]:
    """Parts of a path that was written on any system."""
    path = PureWindowsPath(name) if "\\" in name and "/" not in name else PurePath(name)
    return path.parts


def _clean(path: Path) -> Path:
    """Without ``.`` and ``..``; links are left alone, as the library keeps paths as they were given."""
    return Path(*_collapsed(path.parts))


def _collapsed(parts: Iterable[str]) -> list[str]:
    result: list[str] = []
    for part in parts:
        if part == ".." and len(result) > 1:
            result.pop()
        elif part != ".":
            result.append(part)
    return result


def matched(table: Table, index: Index, rows: Iterable[Row] | None = None) -> list[tuple[Row, list[int]]]:
    """Every row with the candidates that it names.

    Raises:
        Refused: ``label-unknown-image``: rows name images that are not in the library.
    """
    found = [(row, index.find(row, table.path)) for row in (table.rows if rows is None else rows)]
    unknown = [row for row, numbers in found if not numbers]
    if unknown:
        first = unknown[0]
        raise Refused(
            "label-unknown-image", path=str(table.path), count=len(unknown), first=first.name, line=first.line
        )
    return found
