"""Compressed series in one and in two decoding processes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from app.imaging import dicom_reader
from app.imaging.content import FileContent
from app.jobs.decoders import Decoders
from tests.benchmarks import scanner
from tests.benchmarks.figures import Figure, faster, interleaved

CODINGS = {"JPEG 2000": (JPEG2000Lossless, 24), "JPEG-LS": (JPEGLSLossless, 48), "RLE": (RLELossless, 96)}
"""Transfer syntax, and as many slices as take a second or so."""


def measure(repeats: int) -> list[Figure]:
    """Slices a second that are decoded and checked."""
    return [_figure(name, repeats) for name in CODINGS]


def _figure(name: str, repeats: int) -> Figure:
    syntax, slices = CODINGS[name]
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        contents = [dicom_reader.look(path) for path in _series(Path(place), syntax, slices)]
        one, two = (stack.enter_context(_decoders(count)) for count in (1, 2))
        seconds = interleaved(repeats, {"one": _checking(one, contents), "two": _checking(two, contents)})
    return faster(f"{name} series checked by two processes", slices, (seconds["two"], seconds["one"]), "by one", 1.7)


@contextmanager
def _decoders(count: int) -> Iterator[Decoders]:
    decoders = Decoders(count)
    try:
        yield decoders
    finally:
        decoders.close()


def _checking(decoders: Decoders, contents: list[FileContent]) -> Callable[[], None]:
    def run() -> None:
        with ThreadPoolExecutor(decoders.count) as pool:
            list(pool.map(decoders.check, contents))

    return run


def _series(folder: Path, syntax: str, slices: int) -> list[Path]:
    paths = scanner.write(folder, slices, pixels=scanner.picture())
    for path in paths:
        dataset = dcmread(path)
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.save_as(path)
    return paths
