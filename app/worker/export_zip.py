"""One ZIP file of an export: the same folder makes the same bytes, and what was written is read again.

It must not know what the files mean.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from app.domain.errors import Failed
from app.store.audits import BLOCK, file_sha256

TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can hold (APPNOTE 4.4.6); it tells nothing."""
UNIX = 3
RIGHTS = 0o100644 << 16
"""A plain file that everybody reads and its owner writes, as the archive's system (UNIX) keeps it (APPNOTE 4.4.15)."""
COMPRESSED = (".png", ".tif", ".gz", ".zip")
"""Files that would not get smaller."""
LARGE = (1 << 31) - 1
"""Bytes from which a file is given room for 64-bit sizes (APPNOTE 4.3.9.2)."""
UNREADABLE = (EOFError, NotImplementedError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)


def zip_folder(root: Path, path: Path, on_file: Callable[[], None]) -> str:
    """Write every file below ``root`` into ``path``, in the order of their names, and read the archive again.

    There is no time, owner, comment or extra field in it (but for the 64-bit sizes that large files need), and names
    begin below ``root``.

    Args:
        root: folder.
        path: archive to make; it must not lie below ``root``, and must not exist.
        on_file: called after each file that is written and after each that is read again; may raise to stop.

    Returns:
        SHA-256 of the archive.

    Raises:
        FileExistsError: there is something at ``path``.
        OSError: a file cannot be read, or the archive not written; nothing is left of it.
        Failed: ``export-not-verified``: the archive does not hold what it should; nothing is left of it.
    """
    names = sorted(one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file())
    file = path.open("xb")
    try:
        with file, zipfile.ZipFile(file, "w") as archive:
            hashes: dict[str, str] = {}
            for name in names:
                hashes[name] = _add(archive, root / name, name)
                on_file()
        check_zip(path, hashes, on_file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return file_sha256(path)


def check_zip(path: Path, hashes: Mapping[str, str], on_file: Callable[[], None]) -> None:
    """Read an archive as a whole.

    Args:
        path: archive.
        hashes: name to SHA-256 of everything that must be in it, and nothing else.
        on_file: called after each file; may raise to stop.

    Raises:
        Failed: ``export-not-verified``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _compare(archive, hashes, on_file)
    except UNREADABLE as error:
        raise Failed("export-not-verified", detail=f"{path.name} cannot be read: {error}") from error


def _compare(archive: zipfile.ZipFile, hashes: Mapping[str, str], on_file: Callable[[], None]) -> None:
    if archive.comment or archive.namelist() != list(hashes):
        raise Failed("export-not-verified", detail="files of the archive are missing or were added")
    for name, digest in hashes.items():
        if _digest(archive, name) != digest:
            raise Failed("export-not-verified", detail=f"{name} changed on its way into the archive")
        on_file()


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> str:
    """Add a file, and give its SHA-256."""
    entry = zipfile.ZipInfo(name, TIME)
    entry.create_system, entry.external_attr = UNIX, RIGHTS
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(COMPRESSED) else zipfile.ZIP_DEFLATED
    entry.file_size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=entry.file_size >= LARGE) as target:
        while block := source.read(BLOCK):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
