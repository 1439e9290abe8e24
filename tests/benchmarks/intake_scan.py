"""Headers of realistic files: finding their elements, and turning them into facts, beside pydicom.

A part of the 20,000 files is scanned in every round; files a second do not depend on how many there are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from pydicom import dcmread

from app.imaging import dicom_header, dicom_reader, reader
from tests.benchmarks import scanner
from tests.benchmarks.figures import Figure, faster, interleaved

FILES = 2_000


def measure(repeats: int) -> list[Figure]:
    """Files a second of every road."""
    with tempfile.TemporaryDirectory() as place:
        paths = scanner.write(Path(place), FILES)
        roads = {
            "walk": dicom_header.read,
            "look": dicom_reader.look,
            "door": reader.look,
            "elements": lambda path: dcmread(path, stop_before_pixels=True),
            "facts": dicom_reader.look_with_pydicom,
        }
        seconds = interleaved(repeats, {name: _each(road, paths) for name, road in roads.items()})
    scan, facts = f"header scan, {scanner.template_elements()} elements", "header scan to all facts of the library"
    theirs = seconds["elements"], "pydicom, stop_before_pixels"
    return [
        faster(scan, FILES, (seconds["walk"], theirs[0]), theirs[1], 8),
        faster(facts, FILES, (seconds["look"], seconds["facts"]), "pydicom, to the same facts", 8),
        faster(facts, FILES, (seconds["look"], theirs[0]), f"{theirs[1]}, no value read", None),
        faster("the same through the door for all formats", FILES, (seconds["door"], theirs[0]), theirs[1], None),
    ]


def _each(road: Callable[[Path], object], paths: list[Path]) -> Callable[[], None]:
    def run() -> None:
        for path in paths:
            road(path)

    return run
