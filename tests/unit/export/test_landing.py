from __future__ import annotations

import errno
import json
import os
import sys

import pytest
from filelock import FileLock

from app.domain.errors import Failed, Refused
from app.worker.export_landing import FILES, LEDGER, LOCK, Claim, landing, stale

CLAIM = Claim("owner-of-this-project", "0123456789ab")


def left_by_a_kill(out, claim=CLAIM, files=("a.png", "b.png")):
    """A staging folder as a process leaves it that was killed while it wrote a third file."""

    class Killed(BaseException):
        pass

    folder = out.with_name(f".{out.name}.{claim.key}.partial")
    kept = folder.with_name("kept")

    def die():
        with landing(out, claim) as staging:
            for name in files:
                (staging.root / name).write_text(f"content of {name}")
                staging.note(name)
            (staging.root / "torn.png").write_text("half")
            folder.rename(kept)
            raise Killed

    with pytest.raises(Killed):
        die()
    kept.rename(folder)
    return folder


def test_the_folder_appears_at_the_end_and_whole(tmp_path):
    out = tmp_path / "a" / "b"
    with landing(out, CLAIM) as staging:
        (staging.root / "file").write_text("x")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["file"]
    assert [path.name for path in out.parent.iterdir()] == ["b"]


def test_a_failure_leaves_nothing_not_even_the_folders_above(tmp_path):
    def fail():
        with landing(tmp_path / "a" / "b", CLAIM) as staging:
            (staging.root / "file").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_somebody_who_fills_the_folder_meanwhile_keeps_it(tmp_path):
    out = tmp_path / "out"

    def meet():
        with landing(out, CLAIM):
            out.mkdir()
            (out / "theirs").write_text("x")

    with pytest.raises(Refused):
        meet()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "theirs").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EACCES])
def test_errors_of_the_disk_are_said_plainly(tmp_path, number):
    with pytest.raises(Failed) as failure, landing(tmp_path / "out", CLAIM):
        raise OSError(number, "no")
    assert failure.value.code == ("unwritable" if number == errno.EACCES else "disk-full")
    assert str(tmp_path / "out") in str(failure.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions that bind this user")
def test_a_read_only_folder_is_said_plainly(tmp_path):
    (tmp_path / "in").mkdir(mode=0o500)
    with pytest.raises(Failed) as failure, landing(tmp_path / "in" / "out", CLAIM):
        pass
    assert failure.value.code == "unwritable"


def test_finished_files_are_kept_for_the_next_attempt_and_the_torn_one_is_not(tmp_path):
    folder = left_by_a_kill(tmp_path / "out")
    (folder / FILES / "b.png").write_text("changed since")
    with landing(tmp_path / "out", CLAIM) as staging:
        assert [path.name for path in staging.root.iterdir()] == ["a.png"]
        assert staging.has("a.png")
        assert not staging.has("b.png")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "a.png").read_text() == "content of a.png"


def test_a_ledger_that_was_cut_short_still_counts(tmp_path):
    folder = left_by_a_kill(tmp_path / "out")
    content = (folder / LEDGER).read_bytes()
    (folder / LEDGER).write_bytes(content[:-7])
    with landing(tmp_path / "out", CLAIM) as staging:
        assert set(staging.hashes) == {"a.png"}
        (staging.root / "b.png").write_text("again")
        staging.note("b.png")
        lines = (staging.root.parent / LEDGER).read_bytes().splitlines()
    assert json.loads(lines[-1])["path"] == "b.png"


def test_leftovers_of_other_exports_go_and_those_of_other_projects_stay(tmp_path):
    out = tmp_path / "out"
    ours = left_by_a_kill(out, Claim(CLAIM.owner, "aaaaaaaaaaaa"))
    theirs = left_by_a_kill(out, Claim("somebody else", "bbbbbbbbbbbb"))
    unknown = out.with_name(f".{out.name}.cccccccccccc.partial")
    unknown.mkdir()
    assert stale(out, CLAIM.owner) == [ours]
    with landing(out, CLAIM):
        pass
    assert not ours.exists()
    assert (theirs / FILES / "a.png").exists()
    assert unknown.exists()


def test_a_folder_of_our_name_with_files_of_somebody_else_is_left_alone(tmp_path):
    out = tmp_path / "out"
    folder = left_by_a_kill(out, Claim("somebody else", CLAIM.key))
    with pytest.raises(Refused) as refusal, landing(out, CLAIM):
        pass
    assert refusal.value.code == "folder-not-empty"
    assert (folder / FILES / "a.png").exists()


def test_an_export_that_is_being_written_is_not_written_twice(tmp_path):
    folder = left_by_a_kill(tmp_path / "out")
    with FileLock(folder / LOCK), pytest.raises(Refused) as refusal, landing(tmp_path / "out", CLAIM):
        pass
    assert refusal.value.code == "export-running"
    assert (folder / FILES / "a.png").exists()


def test_a_hash_that_is_not_the_files_is_not_gone_on_with(tmp_path):
    """The writer's own hash is taken on trust while it runs, and compared with the disk by whoever goes on."""
    folder = left_by_a_kill(tmp_path / "out")
    lines = (folder / LEDGER).read_text().splitlines()
    given = [line.replace(json.loads(line)["sha256"], "0" * 64) if "a.png" in line else line for line in lines]
    (folder / LEDGER).write_text("\n".join(given))
    with landing(tmp_path / "out", CLAIM) as staging:
        assert set(staging.hashes) == {"b.png"}
        (staging.root / "a.png").write_text("again")
        assert staging.note("a.png", "1" * 64) == staging.hashes["a.png"] == "1" * 64
