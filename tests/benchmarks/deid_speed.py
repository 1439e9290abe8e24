"""Files a second: read, header de-identified, written; ours beside dicom-anonymizer, on the same files in turn.

Slices of 512 by 512 as a CT scanner sends them, and small files, in which the header is nearly everything.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.data import get_testdata_file

from app.deid.header import Deidentifier
from app.domain.deid import PixelCheck, Profile, Protection
from tests.benchmarks.deid_peers import Clean, peers
from tests.benchmarks.figures import Figure, absent, faster, interleaved

PEER, WANTED = "dicom-anonymizer", 3.0
SECRET = b"0123456789abcdef0123456789abcdef"
CHECK = PixelCheck(text="none-found", faces="no-head")


def measure(repeats: int) -> list[Figure]:
    """Throughput on both sets of files."""
    with tempfile.TemporaryDirectory() as place:
        sets = {"CT 512x512": _large(Path(place) / "large", 60), "small CT and MR": _small(Path(place) / "small", 120)}
        return [
            figure
            for name, files in sets.items()
            for profile in Profile
            for figure in _figures(f"files de-identified, {name}, {profile.value}", files, profile, repeats)
        ]


def _figures(name: str, files: list[Path], profile: Profile, repeats: int) -> list[Figure]:
    theirs = peers()
    sides = {"ours": _ours(profile), **theirs}
    seconds = interleaved(repeats, {side: _run(clean, files, side) for side, clean in sides.items()})
    if PEER not in theirs:
        return [absent(name, len(files) / seconds["ours"], PEER, WANTED, "not installed")]
    return [
        faster(name, len(files), (seconds["ours"], seconds[peer]), peer, WANTED if peer == PEER else None)
        for peer in theirs
    ]


def _ours(profile: Profile) -> Clean:
    engine = Deidentifier(SECRET, Protection.of(profile))

    def clean(source: Path, target: Path) -> None:
        dataset = pydicom.dcmread(source)
        engine.write(engine.clean(dataset, patient="PATIENT-001", check=CHECK), target)

    return clean


def _run(clean: Clean, files: list[Path], side: str) -> Callable[[], object]:
    """All files of a set, each written anew."""
    folder = files[0].parent.with_name(f"{files[0].parent.name}-{side}")
    folder.mkdir(exist_ok=True)

    def run() -> None:
        for source in files:
            clean(source, folder / source.name)

    return run


def _large(folder: Path, count: int) -> list[Path]:
    """Slices of one series: a real scanner's header, 512 by 512 pixels of noise."""
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.Rows = dataset.Columns = 512
    random = np.random.default_rng(0)
    files = []
    folder.mkdir()
    for number in range(count):
        dataset.PixelData = random.integers(0, 2000, (512, 512), np.int16).tobytes()
        files.append(_instance(dataset, folder, number))
    return files


def _small(folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    headers = [pydicom.dcmread(str(get_testdata_file(name))) for name in ("CT_small.dcm", "MR_small.dcm")]
    return [_instance(headers[number % 2], folder, number) for number in range(count)]


def _instance(dataset: pydicom.FileDataset, folder: Path, number: int) -> Path:
    """The data set as one slice of its series."""
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"2.25.1234567890.{number + 1}"
    dataset.InstanceNumber = number + 1
    path = folder / f"{number:04d}.dcm"
    dataset.save_as(path)
    return path
