"""A CT series of 200 uncompressed files to one sorted array, beside the ways that people use today."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from app.domain.study import Series
from app.imaging import dicom_header, dicom_reader, series, stack
from tests.benchmarks import scanner
from tests.benchmarks.figures import Figure, absent, faster, interleaved

SLICES = 200
OURS = "series to a sorted, checked volume"
LOOSE = "the same from loose files, looked at and grouped first"


def measure(repeats: int) -> list[Figure]:
    """Slices a second of every road."""
    with tempfile.TemporaryDirectory() as place:
        paths = scanner.write(Path(place) / "series", SLICES, pixels=scanner.picture())
        one = _series(paths)
        _check(one, paths)
        roads: dict[str, Callable[[], object]] = {
            OURS: lambda: stack.load(one),
            LOOSE: lambda: stack.load(_series(paths)),
            "pydicom": lambda: _plain_loop(paths),
            "raw": lambda: _raw(paths),
            **_peers(paths, Path(place)),
        }
        seconds = interleaved(repeats, roads)
    ours = seconds[OURS]
    limit = faster(OURS, SLICES, (ours, seconds["raw"]), "reading the same bytes, no header looked at", None)
    return [
        faster(OURS, SLICES, (ours, seconds["pydicom"]), "pydicom: dcmread, sort, pixel_array, stack", 6),
        _against(seconds, "MONAI ITKReader", 25),
        _against(seconds, "MONAI PydicomReader", 60),
        _against(seconds, "dcm2niix", 5),
        faster(LOOSE, SLICES, (seconds[LOOSE], seconds["pydicom"]), "pydicom: dcmread, sort, pixel_array, stack", None),
        limit,
    ]


def _against(seconds: dict[str, float], peer: str, wanted: float) -> Figure:
    if peer in seconds:
        return faster(OURS, SLICES, (seconds[OURS], seconds[peer]), peer, wanted)
    return absent(OURS, SLICES / seconds[OURS], peer, wanted, "not installed (extra bench)")


def _series(paths: list[Path]) -> Series:
    (study,) = series.group(map(dicom_reader.look, paths), b"benchmark")
    (one,) = study.series
    return one


def _check(one: Series, paths: list[Path]) -> None:
    """The voxels that are timed are the right ones."""
    read = stack.load(one)
    if not np.array_equal(read.voxels, _plain_loop(paths)):
        raise AssertionError("the volume is not the one that pydicom reads")


def _plain_loop(paths: list[Path]) -> NDArray[Any]:
    datasets = [dcmread(path) for path in paths]
    datasets.sort(key=lambda dataset: float(dataset.ImagePositionPatient[2]))
    return np.stack([dataset.pixel_array for dataset in datasets])


def _raw(paths: list[Path]) -> NDArray[np.int16]:
    voxels = np.empty((len(paths), 512, 512), np.int16)
    for path, voxel in zip(paths, voxels, strict=True):
        with path.open("rb", buffering=0) as stream:
            stream.read(dicom_header.FIRST_READ)
            stream.seek(7000)
            stream.readinto(voxel.data)
    return voxels


def _peers(paths: list[Path], place: Path) -> dict[str, Callable[[], object]]:
    folder = paths[0].parent
    found: dict[str, Callable[[], object]] = {"MONAI PydicomReader": _monai("PydicomReader", folder)}
    if find_spec("itk"):
        found["MONAI ITKReader"] = _monai("ITKReader", folder)
    program = Path(sys.executable).with_name("dcm2niix")
    if program.exists():
        found["dcm2niix"] = lambda: _converted(program, folder, place)
    return found


def _monai(reader: str, folder: Path) -> Callable[[], object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from monai.transforms import LoadImage

        load = LoadImage(reader=reader, image_only=True)
    return lambda: load(folder)


def _converted(program: Path, folder: Path, place: Path) -> None:
    done = subprocess.run(
        [program, "-z", "n", "-b", "n", "-w", "1", "-f", "volume", "-o", place, folder], capture_output=True, check=True
    )
    if not (place / "volume.nii").exists():
        raise AssertionError(done.stdout.decode(errors="replace"))
