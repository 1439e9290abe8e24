"""The files of a bundle from outside, in a folder or a ZIP: named, measured and read, never unpacked.

Nothing is written anywhere, so an entry can reach no other place; an archive that tries is refused all the same, as
its maker meant harm. It knows names and bytes, not what they mean.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Protocol

MOST_FILES = 10_000
MOST_BYTES = 8 << 30
MOST_RATIO = 200
HARMLESS_BYTES = 64 << 20
"""A file that unpacks to no more than this may shrink as far as it likes."""

_DRIVE = re.compile(r"[A-Za-z]:")
_DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


class Parcel(Protocol):
    """Files by their names with forward slashes, below the bundle's own folder."""

    def names(self) -> list[str]:
        """All of them, sorted."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """The content of one; raises ValueError where it is longer than ``limit`` bytes or cannot be read."""
        ...


def opened(path: Path) -> Parcel:
    """The bundle at ``path``, a folder or a ZIP.

    Raises:
        ValueError: it is neither, or tries to reach outside, or is absurdly large; one line that says why.
    """
    return Folder(path) if path.is_dir() else Archive(path)


class Folder:
    """A bundle as a folder. Links out of it are refused."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._files: dict[str, Path] = {}
        for path in self._root.rglob("*"):
            if not path.resolve().is_relative_to(self._root):
                raise ValueError(f"{path.name} is a link out of its folder")
            if path.is_file():
                self._files[path.relative_to(self._root).as_posix()] = path
            if len(self._files) > MOST_FILES:
                raise ValueError(f"it holds more than {MOST_FILES} files")

    def names(self) -> list[str]:
        """All files, sorted."""
        return sorted(self._files)

    def read(self, name: str, limit: int) -> bytes:
        """The content of ``name``."""
        try:
            with self._files[name].open("rb") as file:
                return _at_most(file.read(limit + 1), name, limit)
        except OSError as error:
            raise ValueError(f"{name} cannot be read ({error.strerror})") from error


class Archive:
    """A bundle as a ZIP, in whose only folder the bundle may lie."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise ValueError("it is neither a folder nor a ZIP that can be read") from error
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        for info in infos:
            _refuse_outside(info)
        if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > MOST_BYTES:
            raise ValueError("it would unpack to more than a bundle can hold")
        tops = {PurePosixPath(info.filename).parts[0] for info in infos}
        inside = len(tops) == 1 and all("/" in info.filename for info in infos) and tops != {"configs"}
        skipped = len(next(iter(tops))) + 1 if inside else 0
        self._infos = {info.filename[skipped:]: info for info in infos}

    def names(self) -> list[str]:
        """All files, sorted."""
        return sorted(self._infos)

    def read(self, name: str, limit: int) -> bytes:
        """The content of ``name``, unpacked no further than ``limit``."""
        info = self._infos[name]
        if info.file_size > HARMLESS_BYTES and info.file_size > MOST_RATIO * max(1, info.compress_size):
            raise ValueError(f"{name} would unpack to far more than it holds")
        if info.file_size > limit:
            raise ValueError(f"{name} is too large")
        try:
            with self._zip.open(info) as file:
                return _at_most(file.read(limit + 1), name, limit)
        except _DAMAGE as error:
            raise ValueError(f"{name} is damaged or locked with a password") from error


def _refuse_outside(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or _DRIVE.match(name) or ".." in parts or "\0" in name:
        raise ValueError(f"its entry {parts[-1]!r} points outside of it")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ValueError(f"its entry {parts[-1]!r} is a link")


def _at_most(content: bytes, name: str, limit: int) -> bytes:
    if len(content) > limit:
        raise ValueError(f"{name} is too large")
    return content
