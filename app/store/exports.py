"""The project's log of what left: one JSON line an export, each tied to the line before by its hash.

The hash of the last line is also kept in the database, so that a log that lost its end is found out as well. A line is
announced before the export gets its name and added after, so a kill in between loses none. It must not know how an
export is made.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock
from sqlalchemy import insert, select

from app.domain.errors import Failed
from app.domain.export import ExportRecord
from app.store.audits import file_sha256
from app.store.folders import read_json, write_json
from app.store.project import Project
from app.store.schema import meta

MANIFEST = "manifest.json"
HEAD = "exports-head"
ANNOUNCED = "exports.announced.json"
LOCK = "exports.lock"


@dataclass(frozen=True, slots=True)
class Chain:
    """What checking the log has found.

    Attributes:
        lines: exports in the log.
        broken: number of the first line (from 1) that is changed, or that follows a missing one; ``None`` where the
            chain holds.
        sentence: what a person reads.
    """

    lines: int
    broken: int | None
    sentence: str

    @property
    def holds(self) -> bool:
        """Whether nothing was changed or removed."""
        return self.broken is None


def records(project: Project) -> list[ExportRecord]:
    """What left the project, newest first; lines that cannot be read are left out (``verify_chain`` names them)."""
    found: list[ExportRecord] = []
    for line in _lines(project):
        try:
            found.append(ExportRecord.from_json(json.loads(line)))
        except (AttributeError, TypeError, ValueError):
            continue
    return found[::-1]


def announce(project: Project, record: ExportRecord) -> None:
    """Say that an export is about to get its name.

    Raises:
        OSError: the project cannot be written to.
    """
    with _locked(project):
        _settle(project)
        write_json(project.root / ANNOUNCED, asdict(record))


def append(project: Project, record: ExportRecord) -> ExportRecord:
    """Add a line, tied to the last one; an announced line that is this one is thereby done.

    Returns:
        The record as it stands in the log.

    Raises:
        OSError: the log cannot be written.
    """
    with _locked(project):
        added = _add(project, record)
        (project.root / ANNOUNCED).unlink(missing_ok=True)
    return added


def withdraw(project: Project) -> None:
    """What was announced did not happen."""
    with _locked(project):
        (project.root / ANNOUNCED).unlink(missing_ok=True)


def verify_chain(project: Project) -> Chain:
    """Check every line against the one after it, and the last one against the database.

    An export whose process was killed right after it got its name is added to the log first.
    """
    with _locked(project):
        _settle(project)
        lines, head = _lines(project), _head(project)
    broken = _first_broken(lines, head)
    if broken is None:
        many = f"{len(lines)} export{'s' if len(lines) != 1 else ''} in the log"
        return Chain(len(lines), None, f"{many}; no line was changed or removed.")
    where = "has lost its end" if broken > len(lines) else f"was changed at line {broken}, or a line is missing there"
    sentence = f"The log of what left this project ({project.exports_log.name}) {where}. Compare it with a backup."
    return Chain(len(lines), broken, sentence)


def _first_broken(lines: list[bytes], head: str | None) -> int | None:
    previous = ""
    digests: list[str] = []
    for number, line in enumerate(lines, start=1):
        try:
            told = json.loads(line)["previous"]
        except (KeyError, TypeError, ValueError):
            return number
        if told != previous:
            return max(1, number - 1)
        previous = hashlib.sha256(line).hexdigest()
        digests.append(previous)
    if head is None or head in digests[-2:]:  # a line is written before the head, so it may be one ahead
        return None
    return (digests.index(head) + 2) if head in digests else len(lines) + 1


def _add(project: Project, record: ExportRecord) -> ExportRecord:
    lines = _lines(project)
    added = replace(record, previous=hashlib.sha256(lines[-1]).hexdigest() if lines else "")
    line = json.dumps(asdict(added), ensure_ascii=False).encode()
    with project.exports_log.open("ab") as file:
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    with project.writing() as connection:
        value = hashlib.sha256(line).hexdigest()
        connection.execute(insert(meta).prefix_with("OR REPLACE").values(key=HEAD, value=value))
    return added


def _settle(project: Project) -> None:
    """An announced export whose folder is there with that manifest did leave: its line is added now."""
    path = project.root / ANNOUNCED
    if not path.exists():
        return
    try:
        record = ExportRecord.from_json(read_json(path))
    except (Failed, TypeError):
        path.unlink()
        return
    manifest = Path(record.out) / MANIFEST
    known = {one.manifest_sha256 for one in records(project)}
    left = manifest.is_file() and file_sha256(manifest) == record.manifest_sha256
    if left and record.manifest_sha256 not in known:
        _add(project, record)
    path.unlink()


def _lines(project: Project) -> list[bytes]:
    return project.exports_log.read_bytes().splitlines() if project.exports_log.exists() else []


def _head(project: Project) -> str | None:
    with project.reading() as connection:
        found = connection.execute(select(meta.c.value).where(meta.c.key == HEAD)).scalar_one_or_none()
    return None if found is None else str(found)


@contextmanager
def _locked(project: Project) -> Iterator[None]:
    with FileLock(project.cache / LOCK):
        yield
