"""ZIP archives from strangers: what may be unpacked, where to, and what is refused by which reason.

An archive is first planned from its directory alone, then unpacked entry by entry into an empty folder. Nothing is
ever written outside of that folder, whatever the archive says. It must not know projects or the library.
"""

from __future__ import annotations

import errno
import lzma
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

from app.domain.errors import Failed
from app.imaging.walk import is_junk, passed_over

SUFFIX = ".zip"
ARCHIVES = frozenset({".zip", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst"})
"""What is refused inside an archive, by its ending."""
MOST_BYTES = 64 << 30
MOST_ENTRIES = 2_000_000
MOST_RATIO = 200
HARMLESS_BYTES = 1 << 30
"""An archive that unpacks to no more than this may shrink as far as it likes: blank images do."""
LONGEST_NAME = 80
BLOCK = 1 << 20

_WINDOWS_ONLY = re.compile(r'[<>:"|?*\x00-\x1f]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")
_ENTRY_FAULTS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, OSError)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file to unpack: its record, and its place below the folder."""

    info: zipfile.ZipInfo
    place: PurePosixPath


@dataclass(frozen=True, slots=True)
class Plan:
    """What an archive holds.

    Attributes:
        entries: files to unpack; hidden ones, junk and tables are left out as in a folder.
        refused: names of refused entries by the code of the reason ("archive-outside", "archive-link",
            "archive-encrypted", "archive-nested").
    """

    entries: tuple[Entry, ...]
    refused: dict[str, list[str]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes when unpacked."""
        return sum(entry.info.file_size for entry in self.entries)


def is_archive(path: Path) -> bool:
    """Whether a file is to be unpacked, by its name."""
    return path.suffix.lower() == SUFFIX


def plan(archive: Path) -> Plan:
    """Read the directory of an archive and decide on every entry; nothing is unpacked.

    Raises:
        Failed: ``archive-damaged`` or ``archive-bomb``.
        OSError: the file cannot be read.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise Failed("archive-damaged", detail="its directory cannot be read") from error
    _refuse_bomb(infos, archive.stat().st_size)
    entries: list[Entry] = []
    refused: dict[str, list[str]] = {}
    taken: set[str] = set()
    for info in infos:
        name = info.filename.replace("\\", "/")
        if code := _objection(info, name):
            refused.setdefault(code, []).append(name)
        elif not _left_alone(name):
            entries.append(Entry(info, _free(_safe(name), taken)))
    return Plan(tuple(entries), refused)


def unpack(archive: Path, planned: Plan, folder: Path, tick: Callable[[int], None]) -> list[str]:
    """Write the planned entries below ``folder``.

    Args:
        archive, planned: from ``plan``.
        folder: an existing, empty folder.
        tick: called often, with the bytes written since the last call; what it raises ends the work.

    Returns:
        Names of entries that are damaged (wrong checksum, cut short, unknown coding); nothing of them is left.

    Raises:
        Failed: ``archive-no-room`` (before anything is written) or ``disk-full``.
    """
    free = shutil.disk_usage(folder).free
    if planned.size > free * 0.95:
        raise Failed("archive-no-room", needed=planned.size >> 20, free=free >> 20)
    with zipfile.ZipFile(archive) as opened:
        return [
            entry.info.filename
            for entry in planned.entries
            if not _unpack_one(opened, entry.info, folder / entry.place, tick)
        ]


def safe_name(part: str) -> str:
    """A file or folder name that every system takes, as near to ``part`` as can be."""
    clean = _WINDOWS_ONLY.sub("_", part).rstrip(" .") or "_"
    if _DEVICES.match(clean):
        clean = f"_{clean}"
    if len(clean) <= LONGEST_NAME:
        return clean
    suffix = PurePosixPath(clean).suffix[:12]
    return f"{clean[: LONGEST_NAME - 9 - len(suffix)]}-{sha256(clean.encode()).hexdigest()[:8]}{suffix}"


def _refuse_bomb(infos: list[zipfile.ZipInfo], packed: int) -> None:
    size = sum(info.file_size for info in infos)
    too_dense = size > HARMLESS_BYTES and size > MOST_RATIO * packed
    if size > MOST_BYTES or too_dense or len(infos) > MOST_ENTRIES:
        raise Failed("archive-bomb", size=f"{size / 1e9:.0f}", packed=f"{packed / 1e6:.1f}", count=len(infos))


def _objection(info: zipfile.ZipInfo, name: str) -> str:
    """The code of the reason to refuse an entry, "" for none. What is written in a name is judged before it is used."""
    if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
        return "archive-outside"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "archive-link"
    if info.flag_bits & 0x1:
        return "archive-encrypted"
    if PurePosixPath(name).suffix.lower() in ARCHIVES:
        return "archive-nested"
    return ""


def _left_alone(name: str) -> bool:
    """What would be passed over in a folder is not unpacked; an index of a medium is."""
    *folders, last = name.split("/")
    return any(map(is_junk, folders)) or (passed_over(last) and not last.upper().startswith("DICOMDIR"))


def _safe(name: str) -> PurePosixPath:
    return PurePosixPath(*(safe_name(part) for part in name.split("/") if part not in ("", ".")))


def _free(place: PurePosixPath, taken: set[str]) -> PurePosixPath:
    """The place, or with a number where another entry has it on a system that does not tell case apart."""
    free, number = place, 1
    while str(free).casefold() in taken:
        number += 1
        free = place.with_name(f"{place.stem} ({number}){place.suffix}")
    taken.add(str(free).casefold())
    return free


def _unpack_one(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, tick: Callable[[int], None]) -> bool:
    """Whether the entry was whole; nothing of it is left where it was not."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(info) as source, target.open("xb") as file:
            while block := source.read(BLOCK):
                file.write(block)
                tick(len(block))
    except _ENTRY_FAULTS as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise Failed("disk-full", path=str(target.parent)) from error
        return False
    return True
