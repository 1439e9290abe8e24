"""Where an export is to go: free space, and what the disk there cannot hold. It looks; it writes nothing."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePath

import psutil

from app.domain.errors import Refused

FAT = frozenset({"vfat", "fat", "fat16", "fat32", "msdos", "msdosfs"})
"""Names that systems give to file systems of the FAT family with its limits; exFAT has none of them."""
FAT_LARGEST = (1 << 32) - 1
"""Bytes of the largest file on FAT32: its size field has 32 bits (Microsoft FAT specification 1.03, section 6)."""
FAT_LONGEST_NAME = 255
FAT_IN_A_FOLDER = 16_384
"""Files with long names that one folder surely holds: 65,536 entries of a directory, up to four a file with a name of
less than forty characters."""
WINDOWS_LONGEST_PATH = 259


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of the disk that a folder lies on, or will.

    Attributes:
        filesystem: as the system calls it, in lower case; "" where unknown.
        free: bytes free; ``None`` where unknown.
    """

    filesystem: str
    free: int | None

    @classmethod
    def of(cls, out: Path) -> Place:
        """The place of a folder that need not exist yet."""
        there = next((folder for folder in (out, *out.parents) if folder.is_dir()), None)
        return cls("", None) if there is None else cls(_filesystem(there), shutil.disk_usage(there).free)

    @property
    def is_fat(self) -> bool:
        """Whether it has the limits of FAT32."""
        return self.filesystem in FAT


def check_space(out: Path, needed: int, place: Place | None = None) -> None:
    """Refuse where the disk of ``out`` has no room for ``needed`` bytes.

    Raises:
        Refused: ``no-space``.
    """
    free = (place or Place.of(out)).free
    if free is not None and free < needed:
        raise Refused("no-space", path=str(out), free=free // 1_000_000, needed=-(-needed // 1_000_000))


def warnings(out: Path, place: Place, *, largest: int, in_a_folder: int, longest: int) -> tuple[str, ...]:
    """What will not fit the disk of ``out``, a sentence each.

    Args:
        out: the folder of the export.
        place: its disk.
        largest: bytes of the largest file that will be written.
        in_a_folder: files in the fullest folder.
        longest: characters of the longest path below ``out``.
    """
    said: list[str] = []
    if place.is_fat:
        said.append(
            "The target disk is formatted as FAT: it keeps no permissions, so anybody who holds it can read the "
            "export, and file times are rounded."
        )
    if place.is_fat and largest > FAT_LARGEST:
        said.append("One file would be larger than 4 GiB, which FAT cannot hold. Choose another disk, or do not zip.")
    if place.is_fat and in_a_folder > FAT_IN_A_FOLDER:
        said.append(f"One folder would hold {in_a_folder:,} files, more than FAT can. Choose another disk, or zip.")
    if place.is_fat and len(out.name) > FAT_LONGEST_NAME:
        said.append("The name of the folder is longer than FAT can hold.")
    if os.name == "nt" and len(str(PurePath(out))) + 1 + longest > WINDOWS_LONGEST_PATH:
        said.append("Some paths would be longer than Windows opens by default. Choose a folder with a shorter path.")
    return tuple(said)


def _filesystem(folder: Path) -> str:
    """The file system of the deepest mount above a folder."""
    real = folder.resolve()
    mounts = {Path(one.mountpoint): one.fstype.lower() for one in psutil.disk_partitions(all=True)}
    return next((mounts[one] for one in (real, *real.parents) if one in mounts), "")
