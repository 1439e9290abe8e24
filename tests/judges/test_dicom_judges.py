"""Outside judges on exported DICOM: dciodvfy finds no error, dcm2niix converts it to the same values."""

from __future__ import annotations

import shutil
import subprocess

import nibabel as nib
import numpy as np
import pydicom
import pytest

from app.imaging import dicom_writer
from tests.helpers.pages import ct_page, real

pytestmark = pytest.mark.judge

UNKNOWN_TO_THE_JUDGE = (
    "Error - </(0008,001c)> - Attribute with an even group number is not a recognized standard attribute"
)
"""No packaged dicom3tools (Debian 12: 2022, Debian 13: January 2024) has Synthetic Data (0008,001C) in its
dictionary, which PS3.6 added later; exactly this line is its ignorance, every other error is ours."""

KINDS = {
    "ct": {"modality": "CT"},
    "mr": {"modality": "MR", "unit": "stored"},
    "mr-fine": {"modality": "MR", "unit": "stored", "window": (0.0, 1.0)},
    "capture": {"modality": "", "unit": "stored", "spacing_mm": None},
    "ultrasound": {"modality": "US", "unit": "stored"},
}


def errors(path) -> list[str]:
    if not shutil.which("dciodvfy"):
        pytest.skip("dciodvfy is not installed")
    report = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False, timeout=60)
    lines = (report.stdout + report.stderr).splitlines()
    assert lines, "the judge said nothing"
    return [line for line in lines if line.startswith("Error")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turn", [lambda page: page, real], ids=["synthetic", "real"])
def test_dciodvfy_finds_no_error(tmp_path, kind, turn):
    path = tmp_path / "a.dcm"
    dicom_writer.write(path, turn(ct_page(**KINDS[kind])))
    assert set(errors(path)) <= {UNKNOWN_TO_THE_JUDGE}
    dataset = pydicom.dcmread(path)
    del dataset.SyntheticData
    dataset.save_as(path)
    assert errors(path) == []


def test_dciodvfy_does_find_errors(tmp_path):
    path = tmp_path / "a.dcm"
    dataset = dicom_writer.build(ct_page())
    del dataset.ImagePositionPatient
    dataset.save_as(path)
    assert set(errors(path)) - {UNKNOWN_TO_THE_JUDGE}


def test_dcm2niix_converts_to_the_same_values(tmp_path):
    if not shutil.which("dcm2niix"):
        pytest.skip("dcm2niix is not installed")
    page = ct_page(pixels=np.linspace(-160, 240, 32 * 24, dtype=np.float32).reshape(32, 24))
    dicom_writer.write(tmp_path / "a.dcm", page)
    subprocess.run(
        ["dcm2niix", "-z", "n", "-f", "out", "-o", str(tmp_path), str(tmp_path / "a.dcm")],
        check=True,
        capture_output=True,
        timeout=60,
    )
    image = nib.load(tmp_path / "out.nii")
    values = np.asarray(image.dataobj).squeeze()
    np.testing.assert_allclose(np.sort(values, axis=None), np.sort(page.picture.pixels, axis=None), atol=0.01)
    np.testing.assert_allclose(image.header.get_zooms()[:2], (0.9, 0.7), rtol=1e-5)
