"""The pool of decoding processes: right answers, and faults that cost one file."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from app.domain.errors import Failed, Stopped
from app.domain.study import SourceKind
from app.imaging import dicom_reader
from app.jobs.decoder_child import DecoderChild
from app.jobs.decoders import Decoders, Limits
from tests.helpers.dicom_factory import write_series
from tests.helpers.planted_decoder import COMMAND

LIMITS = Limits(seconds=60, bytes=300_000_000)
"""Much time, so that a busy machine fails no good file."""


@pytest.fixture(scope="module")
def pool() -> Iterator[Decoders]:
    made = Decoders(2, LIMITS, COMMAND)
    yield made
    made.close()


@pytest.fixture
def impatient() -> Iterator[Decoders]:
    made = Decoders(2, Limits(seconds=3), COMMAND)
    yield made
    made.close()


def picture(folder: Path, name: str) -> Path:
    path = folder / f"{name}.png"
    Image.fromarray(np.arange(600, dtype=np.uint8).reshape(20, 30)).save(path)
    return path


def shown(pool: Decoders, path: Path) -> tuple[int, ...]:
    return pool.slice(SourceKind.IMAGE, path, 0).pixels.shape


def test_a_slice_comes_as_the_reader_gives_it(pool: Decoders, tmp_path: Path) -> None:
    path = write_series(tmp_path, positions=[0.0])[0]
    there, here = pool.slice(SourceKind.DICOM, path, 0), dicom_reader.load(path, 0)
    np.testing.assert_array_equal(there.pixels, here.pixels)
    assert there.pixels.dtype == np.float32
    assert (there.spacing_mm, there.default_window) == (here.spacing_mm, here.default_window)


def test_a_readers_refusal_comes_through(pool: Decoders, tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    with pytest.raises(Failed) as failed:
        shown(pool, path)
    assert failed.value.code == "damaged-file"


@pytest.mark.parametrize(("name", "code"), [("segfault", "decoder-crashed"), ("greedy", "decoder-memory")])
def test_a_fault_costs_one_file(pool: Decoders, tmp_path: Path, name: str, code: str) -> None:
    failed = fault(pool, tmp_path, name)
    assert failed.code == code
    if name == "segfault" and sys.platform != "win32":
        assert failed.facts["signal"] == "SIGSEGV"


def test_a_hang_costs_one_file(impatient: Decoders, tmp_path: Path) -> None:
    assert fault(impatient, tmp_path, "hang").code == "decoder-hung"


def fault(pool: Decoders, folder: Path, name: str) -> Failed:
    """How a bad file fails while ten good ones are read beside it."""
    bad, good = picture(folder, name), picture(folder, "good")
    with ThreadPoolExecutor(4) as threads:
        others = [threads.submit(shown, pool, good) for _ in range(10)]
        with pytest.raises(Failed) as failed:
            shown(pool, bad)
        assert [one.result(60) for one in others] == [(20, 30)] * 10
    return failed.value


def test_memory_is_watched_from_outside_too(pool: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DecoderChild, "memory", lambda _: 1 << 50)
    with pytest.raises(Failed) as failed:
        shown(pool, picture(tmp_path, "hang"))
    assert failed.value.code == "decoder-memory"


def test_closing_ends_what_is_under_way_at_once(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children()}
    pool = Decoders(1, Limits(seconds=60), COMMAND)
    ends: list[BaseException] = []

    def ask() -> None:
        with pytest.raises(Stopped) as stopped:
            shown(pool, picture(tmp_path, "hang"))
        ends.append(stopped.value)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    (child,) = _wait_for_children(os.getpid(), before)
    began = time.monotonic()
    pool.close()
    for thread in asking:
        thread.join(5)
    assert len(ends) == 2
    assert time.monotonic() - began < 1
    assert not child.is_running()
    with pytest.raises(Stopped):
        shown(pool, tmp_path / "hang.png")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("name", ["good", "hang"])
def test_children_end_with_their_parent(tmp_path: Path, name: str) -> None:
    code = (
        "import sys, time; from pathlib import Path; from app.jobs.decoders import *\n"
        "pool = Decoders(1, Limits(seconds=3), sys.argv[2:])\n"
        "pool.slice(SourceKind.IMAGE, Path(sys.argv[1]), 0); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(picture(tmp_path, name)), *COMMAND])
    try:
        (child,) = _wait_for_children(parent.pid)
        os.kill(parent.pid, signal.SIGKILL)
    finally:
        parent.kill()
        parent.wait()
    child.wait(60)


def _wait_for_children(pid: int, before: Collection[int] = ()) -> list[psutil.Process]:
    """The decoding processes of ``pid`` besides those, as soon as it has one and that has begun."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        children = [child for child in psutil.Process(pid).children() if child.pid not in before]
        found = [child for child in children if "tests.helpers.planted_decoder" in child.cmdline()]
        if found:
            time.sleep(0.5)
            return found
        time.sleep(0.02)
    raise AssertionError("no child was started")
