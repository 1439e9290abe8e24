"""ZIP archives from strangers: what is unpacked, what is refused, and that nothing lands outside."""

import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.domain.errors import Failed, Stopped
from app.imaging import archives


def pack(path: Path, *entries: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def unpacked(archive: Path, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    assert archives.unpack(archive, archives.plan(archive), folder, lambda _: None) == []
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_folders_are_kept_and_what_a_folder_would_pass_over_is_left_out(tmp_path: Path) -> None:
    archive = pack(
        tmp_path / "a.zip",
        ("glioma/1.png", b"1"),
        ("glioma/Ärzte/2.png", b"2"),
        ("windows\\made\\3.png", b"3"),
        ("__MACOSX/glioma/._1.png", b"x"),
        (".DS_Store", b"x"),
        ("labels.csv", b"x"),
        ("DICOMDIR", b"index"),
    )
    assert unpacked(archive, tmp_path / "out") == {
        "glioma/1.png": b"1",
        "glioma/Ärzte/2.png": b"2",
        "windows/made/3.png": b"3",
        "DICOMDIR": b"index",
    }


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../evil.png", "archive-outside"),
        ("a/../../evil.png", "archive-outside"),
        ("a\\..\\..\\evil.png", "archive-outside"),
        ("/etc/evil.png", "archive-outside"),
        ("C:\\evil.png", "archive-outside"),
        ("\\\\server\\share\\evil.png", "archive-outside"),
        ("inner.zip", "archive-nested"),
        ("inner.TAR", "archive-nested"),
    ],
)
def test_what_is_refused_and_the_rest_unpacked(tmp_path: Path, name: str, code: str) -> None:
    archive = pack(tmp_path / "a.zip", (name, b"evil"), ("good.png", b"good"))
    assert list(archives.plan(archive).refused) == [code]
    assert unpacked(archive, tmp_path / "out") == {"good.png": b"good"}
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.zip", "good.png", "out"]


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert archives.plan(tmp_path / "a.zip").refused == {"archive-link": ["link.png"]}


def test_encrypted_entries_are_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", ("secret.png", b"secret"))
    content = bytearray(archive.read_bytes())
    content[6] |= 1  # the encryption flag, in the entry and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    assert archives.plan(archive).refused == {"archive-encrypted": ["secret.png"]}


def test_names_become_such_that_every_system_takes_them(tmp_path: Path) -> None:
    long = "x" * 200 + ".png"
    archive = pack(tmp_path / "a.zip", ("a?b/con.png", b"1"), ("trailing. /x.png", b"2"), (long, b"3"))
    names = list(unpacked(archive, tmp_path / "out"))
    assert names[:2] == ["a_b/_con.png", "trailing/x.png"]
    assert len(names[2]) <= archives.LONGEST_NAME
    assert names[2].endswith(".png")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_of_one_name_are_both_kept(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", ("x.png", b"1"), ("x.png", b"2"), ("X.PNG", b"3"))
    assert unpacked(archive, tmp_path / "out") == {"x.png": b"1", "x (2).png": b"2", "X (3).PNG": b"3"}


def test_an_entry_with_a_wrong_checksum_leaves_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as made:
        made.writestr("bad.png", b"twelve bytes")
        made.writestr("good.png", b"good")
    archive.write_bytes(archive.read_bytes().replace(b"twelve", b"twelfe", 1))
    (tmp_path / "out").mkdir()
    assert archives.unpack(archive, archives.plan(archive), tmp_path / "out", lambda _: None) == ["bad.png"]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["good.png"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"PK\x05\x06" + b"\xff" * 18])
def test_a_damaged_archive_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Failed) as failed:
        archives.plan(tmp_path / "a.zip")
    assert failed.value.code == "archive-damaged"


@pytest.mark.parametrize("limit", ["MOST_BYTES", "HARMLESS_BYTES", "MOST_ENTRIES"])
def test_a_bomb_is_stopped_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    archive = pack(tmp_path / "a.zip", ("x.png", bytes(1_000_000)), ("y.png", bytes(1_000_000)))
    archives.plan(archive)
    monkeypatch.setattr(archives, limit, 1)
    with pytest.raises(Failed) as failed:
        archives.plan(archive)
    assert failed.value.code == "archive-bomb"


def test_a_bomb_that_lies_about_its_size_writes_no_more_than_it_said(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", ("x.png", bytes(1_000_000)))
    size = (1_000_000).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(size, (1000).to_bytes(4, "little")))
    (tmp_path / "out").mkdir()
    written: list[int] = []
    assert archives.unpack(archive, archives.plan(archive), tmp_path / "out", written.append) == ["x.png"]
    assert sum(written) <= 1000
    assert list((tmp_path / "out").iterdir()) == []


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pack(tmp_path / "a.zip", ("x.png", bytes(1_000_000)))
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(Failed) as failed:
        archives.unpack(archive, archives.plan(archive), tmp_path, lambda _: None)
    assert failed.value.code == "archive-no-room"
    assert not (tmp_path / "x.png").exists()


def test_unpacking_can_be_stopped_inside_an_entry(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", ("x.png", bytes(5_000_000)))
    (tmp_path / "out").mkdir()

    def stop(_written: int) -> None:
        raise Stopped("stopped")

    with pytest.raises(Stopped):
        archives.unpack(archive, archives.plan(archive), tmp_path / "out", stop)
