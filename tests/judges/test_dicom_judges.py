"""Outside judges on exported DICOM: dciodvfy and dcentvfy find no error, dcm2niix and SimpleITK read the values."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import nibabel as nib
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from app.domain.export import Storage
from app.imaging import dicom_writer
from tests.helpers.judges import dicom_errors, judge
from tests.helpers.pages import another, colour_page, ct_page, real

pytestmark = pytest.mark.judge

WHOLE = np.arange(32 * 24, dtype=np.float32).reshape(32, 24) % 256
"""Whole numbers that eight bits hold."""

PAGES = {
    "ct": ct_page(),
    "mr": ct_page(modality="MR", unit="stored"),
    "mr-fine": ct_page(modality="MR", unit="stored", window=(0.0, 1.0)),
    "cr": ct_page(modality="CR", unit="stored"),
    "cr-unknown-spacing": ct_page(modality="CR", unit="stored", spacing_mm=None),
    "capture": ct_page(modality="", unit="stored", spacing_mm=None),
    "capture-colour": colour_page(),
    "ultrasound": ct_page(modality="US", unit="stored", bits=8, window=(0.0, 255.0), pixels=WHOLE),
    "ultrasound-colour": colour_page(modality="US"),
    "ultrasound-deep": ct_page(modality="US", unit="stored"),
    "dx": ct_page(modality="DX", unit="stored"),
    "mammography": ct_page(modality="MG", unit="stored"),
    "pet": ct_page(modality="PT", unit="SUV", window=(0.0, 12.5)),
    "ct-as-capture": replace(ct_page(), storage=Storage.SECONDARY),
    "ultrasound-colour-as-capture": replace(colour_page(modality="US"), storage=Storage.SECONDARY),
}

GREY = {name: page for name, page in PAGES.items() if not page.picture.colour}


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("turn", [lambda page: page, real], ids=["synthetic", "real"])
def test_dciodvfy_finds_no_error(tmp_path, kind, turn):
    path = tmp_path / "a.dcm"
    dicom_writer.write(path, turn(PAGES[kind]))
    assert dicom_errors(path) == []
    assert pydicom.dcmread(path).SyntheticData in ("YES", "NO")


def test_dciodvfy_does_find_errors(tmp_path):
    path = tmp_path / "a.dcm"
    dataset = dicom_writer.build(ct_page())
    del dataset.ImagePositionPatient
    dataset.save_as(path)
    assert dicom_errors(path)


def entity_errors(paths):
    """What dcentvfy finds inconsistent between files of one patient, study or series."""
    done = subprocess.run([judge("dcentvfy"), *map(str, paths)], capture_output=True, text=True, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]


def test_dcentvfy_finds_one_patient_in_his_pictures(tmp_path):
    second = {"series_uid": "2.25.7", "series_number": 2, "frame_uid": "2.25.8"}
    pages = [
        another(ct_page(), 1),
        another(ct_page(), 2),
        another(PAGES["mr"], 3, **second),
        another(PAGES["mr"], 4, **second),
    ]
    paths = [tmp_path / f"{number}.dcm" for number in range(len(pages))]
    for path, page in zip(paths, pages, strict=True):
        dicom_writer.write(path, page)
    assert entity_errors(paths) == []
    dicom_writer.write(paths[0], another(ct_page(), 1, study_id="7"))
    assert entity_errors(paths)


@pytest.mark.parametrize("kind", GREY)
def test_simpleitk_reads_the_same_values(tmp_path, kind):
    page = GREY[kind]
    dicom_writer.write(tmp_path / "a.dcm", page)
    low, high = page.picture.window
    values = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.dcm"), sitk.sitkFloat64))[0]
    step = max(1.0 if kind == "mr" else 0.0, (high - low) / 65535)
    np.testing.assert_allclose(values, np.clip(page.picture.pixels, low, high), atol=step)


def test_simpleitk_reads_the_same_colours(tmp_path):
    dicom_writer.write(tmp_path / "a.dcm", colour_page())
    colours = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.dcm")))[0]
    np.testing.assert_array_equal(colours, colour_page().picture.pixels)


@pytest.mark.parametrize("storage", Storage)
def test_dcm2niix_converts_to_the_same_values(tmp_path, storage):
    page = ct_page(pixels=np.linspace(-160, 240, 32 * 24, dtype=np.float32).reshape(32, 24))
    dicom_writer.write(tmp_path / "a.dcm", replace(page, storage=storage))
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
