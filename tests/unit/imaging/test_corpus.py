"""Every file of pydicom's test set and every awkward real one: shown as pydicom decodes it, or set aside for a true
reason; none crashes, hangs or is dropped."""

import csv
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from app.imaging import dicom_reader, reader
from app.imaging.content import DECODE_FAULTS
from app.jobs.decoders import Decoders
from tests.benchmarks import corpus
from tests.benchmarks.corpus import SHOWN, Row
from tests.helpers.real_data import REAL_DATA, real_data

pytestmark = pytest.mark.timeout(900)  # hundreds of files, decoded twice, on a machine that may be busy

WHEEL = Path(pydicom.__file__).parent / "data" / "test_files"
BEYOND_PYDICOM = ("JPEG Extended", "JPEG Full Progression", "JPEG Spectral Selection")
"""Codings of 12 bits that GDCM decodes and pydicom's plugins do not."""


@pytest.fixture(scope="module")
def rows() -> Iterator[list[Row]]:
    folders = [WHEEL, *([REAL_DATA / "dicom_robustness"] if REAL_DATA.exists() else [])]
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    paths = [path for path in paths if path.suffix not in corpus.NOT_IMAGES and "SE000000" not in path.parts]
    decoders = Decoders()
    try:
        yield list(corpus.survey(paths, decoders))
    finally:
        decoders.close()


def _is_true(row: Row) -> bool:
    """Whether what became of a file agrees with what pydicom says of it."""
    if row.outcome == SHOWN:
        return row.peer in ("pixels", "") or any(name in row.kind for name in BEYOND_PYDICOM)
    if row.outcome == "no-pixels":
        return row.peer in ("no pixels", "") or not _dataset(row.path).get("PixelData")
    if row.outcome in ("kept-object", "not-a-picture"):
        return _is_named(row)
    if row.outcome in ("damaged-file", "unsupported-coding"):
        return row.peer != "pixels"
    return row.outcome in ("not-an-image", "packed-file") and not row.peer


def _dataset(path: Path) -> pydicom.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path, force=True)


def _is_named(row: Row) -> bool:
    """Whether the class of the object, in pydicom's words, is what the reason says."""
    dataset = _dataset(row.path)
    name = UID(str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID", ""))).name
    words = {
        "segmentation": "Segmentation",
        "structured report": " SR ",
        "RTSTRUCT": "RT Structure Set",
        "RTPLAN": "Plan Storage",
        "RTDOSE": "RT Dose",
        "waveform": "Waveform",
        "STL": "STL",
        "DICOMDIR": "Media Storage Directory",
        "PDF": "PDF",
        "raw data": "Raw Data",
    }
    return any(ours in row.reason and theirs in f" {name} " for ours, theirs in words.items())


def test_nothing_is_dropped_and_every_reason_is_true(rows: list[Row]) -> None:
    assert len(rows) >= 75
    wrong = [(row.path.name, row.outcome, row.peer, row.reason) for row in rows if not _is_true(row)]
    assert wrong == []
    assert all(row.reason.endswith(".") for row in rows if row.outcome != SHOWN)
    assert not any(row.outcome.startswith("decoder-") for row in rows)


def test_whatever_pydicom_decodes_is_shown_or_kept(rows: list[Row]) -> None:
    left = [row.path.name for row in rows if row.peer == "pixels" and row.outcome not in (SHOWN, "kept-object")]
    assert left == []
    assert sum(row.outcome == SHOWN for row in rows) >= 60


def test_the_list_of_awkward_files_agrees(rows: list[Row]) -> None:
    folder = real_data("dicom_robustness")
    outcomes = {row.path.relative_to(folder).as_posix(): row.outcome for row in rows if folder in row.path.parents}
    with (folder / "manifest.csv").open() as table:
        listed = list(csv.DictReader(table))
    assert {line["file"] for line in listed} <= outcomes.keys()
    for line in listed:
        pixels, outcome = line["pixels_pydicom_3.0.2_pylibjpeg"], outcomes[line["file"]]
        if pixels == "ok":
            assert outcome in (SHOWN, "kept-object"), line["file"]
        if pixels.endswith("nopix"):
            assert outcome in ("no-pixels", "kept-object", "not-a-picture", "damaged-file"), line["file"]


def test_values_are_those_of_pydicom(rows: list[Row]) -> None:
    compared, other = 0, []
    for row in rows:
        if row.outcome != SHOWN or row.peer != "pixels":
            continue
        content = reader.look(row.path)
        last = content.frames[-1].index
        dataset = _dataset(row.path)
        expected, is_colour = _expected(dataset, last, len(content.frames))
        shown = dicom_reader.load(row.path, last).pixels
        if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
            expected = (shown + expected).flat[0] - expected
        slack = 1.0 if is_colour else 1e-6 * max(1.0, float(np.abs(expected).max()))
        if shown.shape != expected.shape or np.abs(shown - expected).max() > slack:
            other.append(row.path.name)
        compared += 1
    assert other == []
    assert compared >= 55


def _expected(dataset: pydicom.Dataset, frame: int, count: int) -> tuple[NDArray[Any], bool]:
    """Grey values as plain pydicom makes them, and whether they were colours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stored = pixel_array(dataset, index=frame) if count > 1 else pixel_array(dataset)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)
    if stored.ndim == 3:
        top = {1: 255, 2: 65535, 4: 2**32 - 1}[stored.dtype.itemsize]
        red, green, blue = (stored[..., channel] / top * 255 for channel in range(3))
        return 0.299 * red + 0.587 * green + 0.114 * blue, True
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    item = groups[frame].get("PixelValueTransformationSequence") if groups else None
    shared = dataset.get("SharedFunctionalGroupsSequence")
    item = item or (shared[0].get("PixelValueTransformationSequence") if shared else None)
    source = item[0] if item else dataset
    if source.get("RescaleSlope") is not None and source.get("RescaleIntercept") is not None:
        return stored * float(source.RescaleSlope) + float(source.RescaleIntercept), False
    tables = dataset.get("ModalityLUTSequence")
    tabled = apply_modality_lut(stored, dataset) if tables and tables[0].get("LUTDescriptor") else stored
    return np.asarray(tabled, dtype=np.float64), False


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_a_file_cut_short_is_never_shown_whole(tmp_path: Path, cut: float) -> None:
    whole = (WHEEL / "CT_small.dcm").read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(dicom_reader.Failed):
        reader.check(reader.look(path))
    with pytest.raises((*DECODE_FAULTS, pydicom.errors.InvalidDicomError)):
        _ = pydicom.dcmread(io.BytesIO(path.read_bytes())).pixel_array
