from pathlib import Path

import pytest

from app.domain.errors import Refused
from app.imaging import walk


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_folder_stands_for_its_images_in_order(tmp_path: Path) -> None:
    _touch(
        tmp_path, "b/2.dcm", "b/1.dcm", "a/x.png", ".hidden/y.png", "a/.z.png", "Thumbs.db", "labels.csv", "DICOMDIR"
    )
    assert [p.relative_to(tmp_path).as_posix() for p in walk.files([tmp_path])] == ["a/x.png", "b/1.dcm", "b/2.dcm"]


def test_each_file_once_and_a_named_file_always(tmp_path: Path) -> None:
    _touch(tmp_path, "notes.csv", "x.png")
    found = list(walk.files([tmp_path / "x.png", tmp_path, tmp_path / "notes.csv"]))
    assert [p.name for p in found] == ["x.png", "notes.csv"]


def test_a_dicomdir_stands_for_its_folder(tmp_path: Path) -> None:
    _touch(tmp_path, "DICOMDIR", "IMAGES/IM1")
    assert [p.name for p in walk.files([tmp_path / "DICOMDIR"])] == ["IM1"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    _touch(tmp_path, "in/x.png")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in", target_is_directory=True)
    assert len(list(walk.files([tmp_path / "in"]))) == 1


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        list(walk.files([tmp_path / "nowhere"]))
    assert refused.value.code == "path-missing"
    assert "nowhere" in str(refused.value)
