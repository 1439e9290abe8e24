"""DICOMDIR: which files the index of a medium says are on it (PS3.10 section 8, PS3.3 Annex F).

The folder itself is the truth; the index tells what of it is missing, and that the rest of the medium (a viewer
program, its manuals) was never meant as images. It must not know the library.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread

from app.domain.errors import Failed
from app.imaging import dicom_pixels
from app.imaging.content import DECODE_FAULTS


@dataclass(frozen=True, slots=True)
class Index:
    """What a DICOMDIR references.

    Attributes:
        present: files that are there.
        missing: references without a file, as the index writes them.
    """

    present: frozenset[Path]
    missing: tuple[str, ...]


def read(path: Path) -> Index:
    """Read the references of the index at ``path`` and look for their files beside it.

    Names are compared as disks show them: in either case, with or without a version (";1") or a dot at the end.

    Raises:
        Failed: ``dicomdir-damaged``: it cannot be read, or names no file.
    """
    try:
        with dicom_pixels.quiet():
            records = dcmread(path, force=True).get("DirectoryRecordSequence") or []
            references = [parts for record in records if (parts := _parts(record.get("ReferencedFileID")))]
    except DECODE_FAULTS as error:
        raise Failed("dicomdir-damaged") from error
    if not references:
        raise Failed("dicomdir-damaged")
    listings: dict[Path, dict[str, Path]] = {}
    present: set[Path] = set()
    missing: list[str] = []
    for parts in references:
        found = _find(path.parent, parts, listings)
        if found is None:
            missing.append("/".join(parts))
        else:
            present.add(found)
    return Index(frozenset(present), tuple(missing))


def _parts(value: object) -> tuple[str, ...]:
    """The components of a file ID, which the standard separates as several values."""
    if value is None or value == "":
        return ()
    many = [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]
    return tuple(part for one in many for part in str(one).replace("\\", "/").split("/") if part)


def _find(folder: Path, parts: tuple[str, ...], listings: dict[Path, dict[str, Path]]) -> Path | None:
    for part in parts:
        if part in (".", ".."):
            return None
        if folder not in listings:
            listings[folder] = _listing(folder)
        found = listings[folder].get(_plain(part))
        if found is None:
            return None
        folder = found
    return folder


def _listing(folder: Path) -> dict[str, Path]:
    try:
        return {_plain(name): folder / name for name in os.listdir(folder)}  # noqa: PTH208 - names only
    except OSError:
        return {}


def _plain(name: str) -> str:
    return name.partition(";")[0].rstrip(".").upper()
