import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

from app.domain.errors import Failed
from app.imaging import dicom_reader, reader
from tests.helpers.dicom_factory import ramp, write_series


def _one(folder: Path, **changes: Any) -> Path:
    return write_series(folder, positions=[0.0], **changes)[0]


def test_ct_values_are_hounsfield_units(tmp_path: Path) -> None:
    path = _one(tmp_path, pixels=[ramp(24, 32)], slope=2.0, intercept=-1000.0)
    content = reader.read(path)
    image = dicom_reader.load(path, 0)
    np.testing.assert_array_equal(image.pixels, ramp(24, 32) * 2 - 1000)
    assert image.pixels.dtype == np.float32
    assert content.unit == "HU"
    assert image.spacing_mm == (1.0, 1.5)
    assert image.default_window == (-160.0, 239.0)  # 40/400 as PS3.3 C.11.2.1.2 counts


def test_signed_values_keep_their_sign(tmp_path: Path) -> None:
    pixels = ramp(24, 32, start=-300)
    image = dicom_reader.load(_one(tmp_path, pixels=[pixels], signed=True, intercept=0.0), 0)
    np.testing.assert_array_equal(image.pixels, pixels)


def test_monochrome1_is_turned_with_its_window(tmp_path: Path) -> None:
    plan: dict[str, Any] = {"modality": "DX", "bits": 8, "intercept": None, "window": (100.0, 51.0)}
    pixels = np.arange(240).reshape(12, 20)
    plain = dicom_reader.load(_one(tmp_path / "2", pixels=[pixels], **plan), 0)
    turned = dicom_reader.load(_one(tmp_path / "1", pixels=[pixels], photometric="MONOCHROME1", **plan), 0)
    np.testing.assert_array_equal(turned.pixels, 255 - plain.pixels)
    assert turned.default_window == tuple(255 - v for v in reversed(plain.default_window))


def test_monochrome1_is_turned_within_its_physical_range(tmp_path: Path) -> None:
    plan: dict[str, Any] = {"signed": True, "bits": 12, "slope": 2.0, "intercept": 100.0, "photometric": "MONOCHROME1"}
    image = dicom_reader.load(_one(tmp_path, pixels=[np.array([[-2048, 0], [100, 2047]])], **plan), 0)
    lowest, highest = -2048 * 2 + 100, 2047 * 2 + 100
    np.testing.assert_array_equal(image.pixels, [[highest, lowest + highest - 100], [-2 - 200 + 100, lowest]])


def test_colour_becomes_luminance(tmp_path: Path) -> None:
    colour = np.zeros((4, 6, 3))
    colour[..., 1] = 200
    image = dicom_reader.load(
        _one(tmp_path, modality="OT", bits=8, photometric="RGB", intercept=None, window=None, pixels=[colour]), 0
    )
    np.testing.assert_allclose(image.pixels, 200 * 0.587, rtol=1e-5)


def test_frames_of_a_simple_multiframe_are_slices(tmp_path: Path) -> None:
    path = _one(tmp_path, modality="US", intercept=None)
    dataset = dcmread(path)
    frames = np.stack([ramp(24, 32), ramp(24, 32) + 5])
    dataset.NumberOfFrames = 2
    dataset.PixelData = frames.astype("<u2").tobytes()
    dataset.save_as(path)
    content = reader.read(path)
    assert [frame.position for frame in content.frames] == [None, None]
    np.testing.assert_array_equal(dicom_reader.load(path, 1).pixels, frames[1])


def test_frames_come_from_the_file_as_it_is_now(tmp_path: Path) -> None:
    path = _one(tmp_path, modality="US", intercept=None)
    dataset = dcmread(path)
    dataset.NumberOfFrames = 2
    for first in (900, 300):
        dataset.PixelData = np.stack([ramp(24, 32, first), ramp(24, 32, first + 5)]).astype("<u2").tobytes()
        dataset.save_as(path)
        os.utime(path, ns=(first, first))
        assert [dicom_reader.load(path, index).pixels[0, 0] for index in (0, 1)] == [first, first + 5]


def test_only_harmless_attributes_are_kept(tmp_path: Path) -> None:
    extra = (("InstitutionName", "St. Nowhere"), ("PatientSex", "F"), ("OperatorsName", "Op^Erator"))
    content = reader.read(_one(tmp_path, name="Very^Secret", patient="ID-77", extra=extra))
    assert content.tags["PatientSex"] == "F"
    said = repr(content) + str(content.tags)
    for secret in ("Very", "Secret", "ID-77", "Nowhere", "Erator", "1970"):
        assert secret not in said


def _damaged(folder: Path, how: str) -> Path:
    path = _one(folder)
    data = path.read_bytes()
    if how == "cut":
        path.write_bytes(data[:-200])
    elif how == "header":
        path.write_bytes(data[:300])
    elif how == "text":
        path.write_text("Dear colleague, the images are on the disc.\n" * 20)
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "report":
        dataset = dcmread(path)
        del dataset.PixelData
        dataset.save_as(path)
    elif how == "segmentation":
        dataset = dcmread(path)
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66.4"
        dataset.save_as(path)
    return path


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("cut", "damaged-file"),
        ("header", "no-pixels"),
        ("text", "not-an-image"),
        ("empty", "damaged-file"),
        ("report", "no-pixels"),
        ("segmentation", "kept-object"),
    ],
)
def test_what_cannot_be_used_says_why(tmp_path: Path, how: str, code: str) -> None:
    with pytest.raises(Failed) as failed:
        reader.read(_damaged(tmp_path, how))
    assert failed.value.code == code
    sentence = str(failed.value)
    assert sentence.endswith(".")
    assert "unknown" not in sentence


def test_a_file_without_its_prefix_is_read(tmp_path: Path) -> None:
    path = _one(tmp_path)
    expected = dicom_reader.load(path, 0).pixels
    dataset = dcmread(path)
    del dataset.file_meta
    dataset.preamble = None
    dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert path.read_bytes()[128:132] != b"DICM"
    np.testing.assert_array_equal(dicom_reader.load(path, 0).pixels, expected)
    assert reader.read(path).modality == "CT"


def test_a_patient_is_known_by_a_real_id_only(tmp_path: Path) -> None:
    assert reader.read(_one(tmp_path / "a", patient="4711")).patient_known
    unnamed = reader.read(_one(tmp_path / "b", patient="ANONYMOUS", name=""))
    assert not unnamed.patient_known
