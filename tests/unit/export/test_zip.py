from __future__ import annotations

import hashlib
import os
import zipfile

import pytest

from app.domain.errors import Failed, Stopped
from app.worker.export_zip import check_zip, zip_folder

FILES = {"b/note.csv": b"one,two\n" * 500, "a.png": os.urandom(2000), "b/\u00d6dem/1.nii.gz": b"x" * 100}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "root"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_the_same_folder_makes_the_same_bytes_whenever_and_wherever(folder, tmp_path):
    counted: list[int] = []
    first = zip_folder(folder, tmp_path / "one.zip", lambda: counted.append(1))
    for path in folder.rglob("*"):
        os.utime(path, (1e9, 1e9))
        path.chmod(0o700)
    assert zip_folder(folder, tmp_path / "two.zip", lambda: None) == first
    assert hashlib.sha256((tmp_path / "two.zip").read_bytes()).hexdigest() == first
    assert len(counted) == 2 * len(FILES)


def test_nothing_but_the_files_is_in_it(folder, tmp_path):
    zip_folder(folder, tmp_path / "one.zip", lambda: None)
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert archive.namelist() == sorted(FILES)
        assert archive.comment == b""
        for entry in archive.infolist():
            assert (entry.date_time, entry.extra, entry.comment) == ((1980, 1, 1, 0, 0, 0), b"", b"")
            stored = entry.compress_type == zipfile.ZIP_STORED
            assert stored is entry.filename.endswith((".png", ".gz"))


def test_nothing_is_overwritten(folder, tmp_path):
    (tmp_path / "one.zip").write_text("mine")
    with pytest.raises(FileExistsError):
        zip_folder(folder, tmp_path / "one.zip", lambda: None)
    assert (tmp_path / "one.zip").read_text() == "mine"


def test_who_stops_leaves_nothing(folder, tmp_path):
    def stop():
        raise Stopped("stopped")

    with pytest.raises(Stopped):
        zip_folder(folder, tmp_path / "one.zip", stop)
    assert not (tmp_path / "one.zip").exists()


def test_a_bit_that_turned_is_found(folder, tmp_path):
    path = tmp_path / "one.zip"
    zip_folder(folder, path, lambda: None)
    hashes = {name: hashlib.sha256(FILES[name]).hexdigest() for name in sorted(FILES)}
    check_zip(path, hashes, lambda: None)
    content = bytearray(path.read_bytes())
    content[content.index(FILES["a.png"][:40]) + 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(Failed) as failure:
        check_zip(path, hashes, lambda: None)
    assert failure.value.code == "export-not-verified"


@pytest.mark.parametrize("change", ["missing", "added", "other"])
def test_an_archive_of_other_files_is_refused(folder, tmp_path, change):
    path = tmp_path / "one.zip"
    zip_folder(folder, path, lambda: None)
    hashes = {name: hashlib.sha256(FILES[name]).hexdigest() for name in sorted(FILES)}
    if change == "missing":
        hashes["more"] = "0" * 64
    elif change == "added":
        del hashes["a.png"]
    else:
        hashes["a.png"] = "0" * 64
    with pytest.raises(Failed):
        check_zip(path, hashes, lambda: None)
