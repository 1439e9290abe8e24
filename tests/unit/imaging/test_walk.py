import os
from collections.abc import Iterator
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


def test_links_that_lead_in_circles_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    _touch(tmp_path, "x.png")
    assert [p.name for p in walk.files([tmp_path])] == ["x.png"]


def test_a_folder_that_cannot_be_listed_is_noted_and_the_rest_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _touch(tmp_path, "locked/x.png", "open/y.png", "open/DICOMDIR")
    scan = os.scandir

    def refusing(folder: Path) -> Iterator[os.DirEntry[str]]:
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    notes = walk.Notes()
    assert [p.name for p in walk.files([tmp_path], notes)] == ["y.png"]
    assert notes.unreadable == [(tmp_path / "locked", "Permission denied")]
    assert notes.indexes == [tmp_path / "open" / "DICOMDIR"]


def test_bytes_that_are_no_text_and_very_long_paths_are_walked(tmp_path: Path) -> None:
    deep = (tmp_path / "in").joinpath(*("x" * 100 for _ in range(4)))
    deep.mkdir(parents=True)
    for name in (b"M\xfcller.png", "Mäßig.png".encode()):
        (deep / os.fsdecode(name)).write_bytes(b"x")
    found = list(walk.files([tmp_path / "in"]))
    assert [os.fsencode(p.name) for p in found] == ["Mäßig.png".encode(), b"M\xfcller.png"]
    assert all(p.read_bytes() == b"x" for p in found)


def test_windows_gets_the_long_form_of_a_long_path() -> None:
    assert walk.long_form(r"C:\scans\1.dcm") == r"\\?\C:\scans\1.dcm"
    assert walk.long_form(r"\\pacs\share\1.dcm") == r"\\?\UNC\pacs\share\1.dcm"
    assert walk.long_form(r"\\?\C:\scans\1.dcm") == r"\\?\C:\scans\1.dcm"
