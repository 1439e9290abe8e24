"""Which files a dropped folder stands for. It knows names, not contents."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.domain.errors import Refused

JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini", "dicomdir", "__macosx", "license", "version"})
SIDE_FILES = frozenset({".csv", ".tsv", ".json", ".md", ".bval", ".bvec", ".log", ".html", ".py", ".pdf", ".xml"})
"""Tables and notes that lie beside images; passed over in a folder, but read (and refused) when named themselves."""


def files(paths: Sequence[Path]) -> Iterator[Path]:
    """Every file worth reading under ``paths``, absolute, each once, sorted inside each folder.

    Folders are walked without following links to folders; hidden names, system junk and tables beside images are
    passed over. A DICOMDIR stands for the folder that it indexes.

    Raises:
        Refused: ``path-missing``.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise Refused("path-missing", path=str(path))
        start = path.parent if path.name.upper() == "DICOMDIR" else path
        for found in _under(Path(os.path.abspath(start))):  # noqa: PTH100 - resolve() would follow the person's links
            if found not in seen:
                seen.add(found)
                yield found


def _under(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path, followlinks=False):
        folders[:] = sorted(name for name in folders if not _is_junk(name))
        for name in sorted(names):
            found = Path(folder, name)
            if not _is_junk(name) and found.suffix.lower() not in SIDE_FILES and found.is_file():
                yield found


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name.lower() in JUNK_NAMES
