"""Outside judges on exported DICOM: dciodvfy finds no error, dcm2niix converts it to the same values."""

from __future__ import annotations

import subprocess

import nibabel as nib
import numpy as np
import pydicom
import pytest

from app.imaging import dicom_writer
from tests.helpers.judges import dicom_errors, judge
from tests.helpers.pages import ct_page, real

pytestmark = pytest.mark.judge

KINDS = {
    "ct": {"modality": "CT"},
    "mr": {"modality": "MR", "unit": "stored"},
    "mr-fine": {"modality": "MR", "unit": "stored", "window": (0.0, 1.0)},
    "capture": {"modality": "", "unit": "stored", "spacing_mm": None},
    "ultrasound": {"modality": "US", "unit": "stored"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turn", [lambda page: page, real], ids=["synthetic", "real"])
def test_dciodvfy_finds_no_error(tmp_path, kind, turn):
    path = tmp_path / "a.dcm"
    dicom_writer.write(path, turn(ct_page(**KINDS[kind])))
    assert dicom_errors(path) == []
    assert pydicom.dcmread(path).SyntheticData in ("YES", "NO")


def test_dciodvfy_does_find_errors(tmp_path):
    path = tmp_path / "a.dcm"
    dataset = dicom_writer.build(ct_page())
    del dataset.ImagePositionPatient
    dataset.save_as(path)
    assert dicom_errors(path)


def test_dcm2niix_converts_to_the_same_values(tmp_path):
    page = ct_page(pixels=np.linspace(-160, 240, 32 * 24, dtype=np.float32).reshape(32, 24))
    dicom_writer.write(tmp_path / "a.dcm", page)
    subprocess.run(
        [judge("dcm2niix"), "-z", "n", "-f", "out", "-o", str(tmp_path), str(tmp_path / "a.dcm")],
        check=True,
        capture_output=True,
        timeout=60,
    )
    image = nib.load(tmp_path / "out.nii")
    values = np.asarray(image.dataobj).squeeze()
    np.testing.assert_allclose(np.sort(values, axis=None), np.sort(page.picture.pixels, axis=None), atol=0.01)
    np.testing.assert_allclose(image.header.get_zooms()[:2], (0.9, 0.7), rtol=1e-5)
