from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest

from app.domain.recipe import Plane
from app.imaging import marking, nifti_writer
from tests.helpers.pages import colour_page, ct_page, real


def test_hounsfield_units_and_spacing_come_back(tmp_path):
    page = ct_page()
    nifti_writer.write(tmp_path / "a.nii.gz", page)
    image = nib.load(tmp_path / "a.nii.gz")
    assert image.shape == (4, 6, 1)
    assert image.get_data_dtype() == np.int16
    np.testing.assert_allclose(np.asarray(image.dataobj)[:, :, 0].T, page.picture.pixels, atol=0.5)
    np.testing.assert_allclose(image.header.get_zooms()[:2], (0.9, 0.7), rtol=1e-6)
    assert image.header.get_xyzt_units()[0] == "mm"


def test_values_without_unit_stay_floats_and_unknown_spacing_is_said(tmp_path):
    page = ct_page(unit="stored", window=(-1.0, 1.0), pixels=np.float32([[0.25, -0.5]]), spacing_mm=None)
    nifti_writer.write(tmp_path / "a.nii.gz", page)
    image = nib.load(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(np.asarray(image.dataobj)[:, 0, 0], np.float32([0.25, -0.5]))
    assert image.header.get_xyzt_units()[0] == "unknown"
    assert json.loads((tmp_path / "a.json").read_text())["PixelSpacingKnown"] is False


def test_header_comment_and_sidecar_all_say_synthetic(tmp_path):
    sidecar = nifti_writer.write(tmp_path / "a.nii.gz", ct_page())
    image = nib.load(tmp_path / "a.nii.gz")
    assert b"SYNTHETIC" in image.header["descrip"].item()
    (comment,) = image.header.extensions
    assert comment.get_code() == 6
    for text in (comment.get_content().decode(), sidecar.read_text(encoding="utf-8")):
        facts = json.loads(text.rstrip("\0"))
        assert facts["SyntheticData"] is True
        assert facts["Seed"] == 7
        assert facts["Label"] == "glioma é"
        assert facts["DigitalSourceType"] == marking.TRAINED_MEDIA


def test_a_real_image_says_no_and_names_no_source_type(tmp_path):
    sidecar = nifti_writer.write(tmp_path / "a.nii.gz", real(ct_page()))
    facts = json.loads(sidecar.read_text(encoding="utf-8"))
    assert facts["SyntheticData"] is False
    assert "DigitalSourceType" not in facts
    assert b"Real image" in nib.load(tmp_path / "a.nii.gz").header["descrip"].item()


def test_colour_is_written_as_three_channels_of_eight_bits(tmp_path):
    nifti_writer.write(tmp_path / "a.nii.gz", colour_page())
    image = nib.load(tmp_path / "a.nii.gz")
    assert int(image.header["datatype"]) == 128
    levels = np.asarray(image.dataobj)[:, :, 0].T
    np.testing.assert_array_equal(np.stack([levels[name] for name in "RGB"], axis=-1), colour_page().picture.pixels)


def test_the_gzip_header_holds_neither_name_nor_time(tmp_path):
    nifti_writer.write(tmp_path / "a.nii.gz", ct_page())
    header = (tmp_path / "a.nii.gz").read_bytes()[:10]
    assert header[3] == 0
    assert header[4:8] == bytes(4)


@pytest.mark.parametrize(
    ("plane", "codes"), [(Plane.AXIAL, "LP"), (Plane.CORONAL, "LI"), (Plane.SAGITTAL, "PI"), (Plane.NATIVE, "LP")]
)
def test_the_plane_decides_the_axes(tmp_path, plane, codes):
    nifti_writer.write(tmp_path / "a.nii.gz", ct_page(plane=plane))
    assert "".join(nib.aff2axcodes(nib.load(tmp_path / "a.nii.gz").affine)[:2]) == codes


def test_equal_pages_are_equal_files(tmp_path):
    for name in ("a", "b"):
        nifti_writer.write(tmp_path / f"{name}.nii.gz", ct_page())
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
