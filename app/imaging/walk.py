"""Which files a dropped folder stands for. It knows names, not contents."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import Refused

JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx", "license", "version"})
INDEX_NAMES = frozenset({"dicomdir", "dicomdir.", "dicomdir;1"})
"""The index of a DICOM medium, as disks of different systems show its name."""
SIDE_FILES = frozenset({".csv", ".tsv", ".json", ".md", ".bval", ".bvec", ".log", ".html", ".py", ".pdf", ".xml"})
"""Tables and notes that lie beside images; passed over in a folder, but read (and refused) when named themselves."""
LONGEST = 240
"""Windows opens longer paths only in their long form."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What was met on the way besides files.

    Attributes:
        unreadable: folders that could not be listed, with the reason.
        indexes: DICOMDIR files.
    """

    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    indexes: list[Path] = field(default_factory=list)


def files(paths: Sequence[Path], notes: Notes | None = None) -> Iterator[Path]:
    """Every file worth reading under ``paths``, absolute, each once, sorted inside each folder.

    Folders are walked without following links to folders; hidden names, system junk and tables beside images are
    passed over. A DICOMDIR stands for the folder that it indexes.

    Args:
        paths: files and folders.
        notes: filled while walking.

    Raises:
        Refused: ``path-missing``.
    """
    notes = notes if notes is not None else Notes()
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise Refused("path-missing", path=str(path))
        start = path.parent if is_index(path.name) else path
        for found in _under(os.path.abspath(start), notes):  # noqa: PTH100 - resolve() would follow the person's links
            if found not in seen:
                seen.add(found)
                yield found


def is_index(name: str) -> bool:
    """Whether a file of that name is the index of a DICOM medium."""
    return name.lower() in INDEX_NAMES


def passed_over(name: str) -> bool:
    """Whether a file of that name inside a folder is left alone without a word: hidden, junk, or a table or note."""
    return is_junk(name) or is_index(name) or os.path.splitext(name)[1].lower() in SIDE_FILES  # noqa: PTH122 - a name


def is_junk(name: str) -> bool:
    """Whether a file or folder of that name is nobody's image."""
    return name.startswith(".") or name.lower() in JUNK_NAMES


def long_form(path: str) -> str:
    r"""A Windows path in the form that may be longer than 260 characters: ``\\?\C:\...`` or ``\\?\UNC\server\...``."""
    if path.startswith("\\\\?\\"):
        return path
    return "\\\\?\\UNC\\" + path[2:] if path.startswith("\\\\") else "\\\\?\\" + path


def _under(start: str, notes: Notes) -> Iterator[Path]:
    if os.path.isfile(start):  # noqa: PTH113 - text all the way: a Path for each entry costs more than the listing
        yield _reachable(start)
        return
    pending = [start]
    while pending:
        folder = _reachable(pending.pop())
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            notes.unreadable.append((folder, error.strerror or str(error)))
            continue
        notes.indexes.extend(folder / entry.name for entry in entries if is_index(entry.name))
        yield from (_reachable(one.path) for one in entries if not passed_over(one.name) and _is_file(one))
        pending.extend(one.path for one in reversed(entries) if not is_junk(one.name) and _is_folder(one))


def _is_file(entry: os.DirEntry[str]) -> bool:
    """A file, or a link to one; what a failing disk does not tell counts as one, so that it is told on reading."""
    try:
        return entry.is_file()
    except OSError:
        return not entry.is_symlink()  # a link to itself


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """A folder of its own: neither a link to one nor a junction, both of which may lead in circles."""
    is_junction = getattr(entry, "is_junction", None)  # from Python 3.12
    return entry.is_dir(follow_symlinks=False) and not (is_junction is not None and is_junction())


def _reachable(path: str) -> Path:
    return Path(long_form(path) if os.name == "nt" and len(path) > LONGEST else path)
