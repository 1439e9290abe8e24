from __future__ import annotations

import errno

import pytest

from app.domain.errors import Failed, Refused
from app.worker.export_landing import landing


def test_the_folder_appears_at_the_end_and_whole(tmp_path):
    out = tmp_path / "a" / "b"
    with landing(out) as root:
        (root / "file").write_text("x")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["file"]
    assert [path.name for path in out.parent.iterdir()] == ["b"]


def test_a_failure_leaves_nothing_not_even_the_folders_above(tmp_path):
    def fail():
        with landing(tmp_path / "a" / "b") as root:
            (root / "file").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_somebody_who_fills_the_folder_meanwhile_keeps_it(tmp_path):
    out = tmp_path / "out"

    def meet():
        with landing(out):
            out.mkdir()
            (out / "theirs").write_text("x")

    with pytest.raises(Refused):
        meet()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "theirs").exists()


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk-full"), (errno.EACCES, "unwritable")])
def test_errors_of_the_disk_are_said_plainly(tmp_path, number, code):
    with pytest.raises(Failed) as failure, landing(tmp_path / "out"):
        raise OSError(number, "no")
    assert failure.value.code == code
    assert str(tmp_path / "out") in str(failure.value)
    assert list(tmp_path.iterdir()) == []
