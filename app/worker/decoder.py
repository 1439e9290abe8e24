"""Entry of a decoding process (``python -m app decoder``): answers one request after another until its pipe ends.

Readers are imported when a file needs them, torch and the database never. What a library prints goes nowhere, and
what it raises beyond the readers' own errors ends the process: its parent tells that from a crash of the codec by
nothing, and treats both alike.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np

from app.domain.errors import Failed
from app.imaging.content import FileContent
from app.jobs import records
from app.jobs.records import Record

READERS = {
    "dicom": "app.imaging.dicom_reader",
    "nifti": "app.imaging.nifti_reader",
    "volume": "app.imaging.volume_reader",
    "image": "app.imaging.image_reader",
}
"""Source kind to the module whose ``load(path, index)`` gives one slice."""
AFTER_S = 2.0
"""How much later than its parent would end it the child ends itself: only where the parent is gone."""

Answer = tuple[Record, bytes | memoryview]


def main() -> int:
    """Serve requests from descriptor 0 on descriptor 1 until there are no more; return the exit status."""
    requests, answers = _take_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the parent's to hear
    read_into = _reader(requests)
    try:
        _send(answers, ({"hello": os.getpid()}, b""))
        while (request := records.receive(read_into)) is not None:
            limits = request[0]["limits"]
            faulthandler.dump_traceback_later(limits["seconds"] + AFTER_S, exit=True, file=2)
            with _memory(limits["bytes"]):
                answer = _answer(request[0])
            faulthandler.cancel_dump_traceback_later()
            _send(answers, answer)
    except BrokenPipeError:
        return 1
    return 0


def _answer(request: Record) -> Answer:
    try:
        if "check" in request:
            return _check(FileContent.from_facts(request["check"]))
        if "slice" in request:
            return _slice(request["slice"], Path(request["path"]), request["index"])
        return _look(Path(request["look"]))
    except MemoryError:
        return {"failed": "decoder-memory", "facts": {}}, b""
    except Failed as error:
        starved = isinstance(error.__cause__, MemoryError)
        code, facts = ("decoder-memory", {}) if starved else (error.code, error.facts)
        return {"failed": code, "facts": facts}, b""


def _look(path: Path) -> Answer:
    from app.imaging import reader

    return {"content": reader.look(path).to_facts()}, b""


def _check(content: FileContent) -> Answer:
    from app.imaging import reader

    checked = reader.check(content)
    picture = np.ascontiguousarray(checked.thumbnail, dtype=np.uint8)
    return {"sha256": checked.sha256, "shape": picture.shape}, picture.data


def _slice(kind: str, path: Path, index: int) -> Answer:
    image = import_module(READERS[kind]).load(path, index)
    pixels = np.ascontiguousarray(image.pixels, dtype=np.float32)
    facts = {
        "shape": pixels.shape,
        "spacing_mm": image.spacing_mm,
        "window": image.default_window,
        "windows": image.windows,
    }
    return facts, pixels.data


def _take_pipes() -> tuple[int, int]:
    """Keep the two pipes for the records; libraries get an empty input and an output that nobody reads."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    faulthandler.enable(2)
    return requests, answers


def _reader(descriptor: int) -> records.ReadInto:
    def read_into(buffer: memoryview) -> int:
        part = os.read(descriptor, len(buffer))
        buffer[: len(part)] = part
        return len(part)

    return read_into


def _send(descriptor: int, answer: Answer) -> None:
    def write(part: bytes | memoryview) -> int:
        return os.write(descriptor, part)

    records.send(write, *answer)


@contextlib.contextmanager
def _memory(most: int) -> Iterator[None]:
    """Let the process map only so much more memory; where the system has no such limit, the parent watches alone."""
    if sys.platform != "linux":
        yield
        return
    import resource

    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (mapped + most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
