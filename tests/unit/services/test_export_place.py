"""What is said of the disk that an export goes to."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from app.domain.errors import Refused
from app.services import export_place
from app.services.export_place import Place, check_space, warnings


def mounted(monkeypatch: pytest.MonkeyPatch, **filesystems: str) -> None:
    mounts = [SimpleNamespace(mountpoint=f"/{name}".rstrip("_"), fstype=kind) for name, kind in filesystems.items()]
    monkeypatch.setattr(export_place.psutil, "disk_partitions", lambda **_: mounts)


def test_a_folder_belongs_to_the_deepest_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted(monkeypatch, _="ext4", **{str(tmp_path).lstrip("/"): "VFAT"})
    assert Place.of(tmp_path / "not" / "there" / "yet").is_fat
    assert Place.of(Path("/")).filesystem == "ext4"


def said(filesystem: str, **sizes: int) -> str:
    given = {"largest": 0, "in_a_folder": 0, "longest": 100, **sizes}
    return " ".join(warnings(Path("/stick/out"), Place(filesystem, None), **given))


def test_fat_is_warned_of_and_other_disks_are_not() -> None:
    assert "FAT" in said("vfat")
    assert "4 GiB" in said("fat32", largest=1 << 32)
    assert "4 GiB" not in said("fat32", largest=(1 << 32) - 1)
    assert "One folder" in said("msdos", in_a_folder=20_000)
    assert said("ext4", largest=1 << 40, in_a_folder=1 << 20) == ""
    assert said("exfat", largest=1 << 40) == ""


def test_too_little_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        check_space(tmp_path, 2_000_000, Place("ext4", 1_500_000))
    assert (refusal.value.code, refusal.value.facts["needed"]) == ("no-space", 2)
    check_space(tmp_path, 2_000_000, Place("", None))
