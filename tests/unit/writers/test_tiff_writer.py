from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from app.imaging import tiff_writer
from tests.helpers.pages import colour_page, ct_page, real


def test_sixteen_bits_over_the_window_where_the_source_had_more_than_eight(tmp_path):
    page = ct_page()
    tiff_writer.write(tmp_path / "a.tif", page)
    with Image.open(tmp_path / "a.tif") as image:
        assert image.mode == "I;16"
        levels = np.asarray(image).astype(float)
    np.testing.assert_allclose(-160 + levels / 65535 * 400, page.picture.pixels, atol=400 / 65535)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.tif"))), levels)


def test_eight_bits_stay_eight_and_colour_stays_colour(tmp_path):
    tiff_writer.write(tmp_path / "grey.tif", ct_page(bits=8))
    tiff_writer.write(tmp_path / "colour.tif", colour_page())
    with Image.open(tmp_path / "grey.tif") as image:
        assert image.mode == "L"
    with Image.open(tmp_path / "colour.tif") as image:
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), colour_page().picture.pixels)


@pytest.mark.parametrize(("page", "word"), [(ct_page(), "yes"), (real(ct_page()), "no")])
def test_the_file_says_whether_it_is_synthetic(tmp_path, page, word):
    tiff_writer.write(tmp_path / "a.tif", page)
    with Image.open(tmp_path / "a.tif") as image:
        tags = image.tag_v2
    facts = json.loads(tags[270])
    assert facts["SyntheticData"] is (word == "yes")
    assert facts["Label"] == "glioma é"
    assert tags[305] == "Understudy 0.1.0"
    assert (b"trainedAlgorithmicMedia" in tags[700]) == (word == "yes")
    ElementTree.fromstring(tags[700])
    assert not {306, 315, 316} & set(tags), "no date, artist or computer"


@pytest.mark.parametrize(("spacing", "unit", "per_unit"), [((0.7, 0.9), 3, (10 / 0.9, 10 / 0.7)), (None, 1, (1, 1))])
def test_resolution_is_the_spacing_where_it_is_known(tmp_path, spacing, unit, per_unit):
    tiff_writer.write(tmp_path / "a.tif", ct_page(spacing_mm=spacing))
    with Image.open(tmp_path / "a.tif") as image:
        tags = image.tag_v2
    assert tags[296] == unit
    np.testing.assert_allclose([float(tags[282]), float(tags[283])], per_unit, rtol=1e-6)


def test_equal_pages_are_equal_files(tmp_path):
    for name in ("a.tif", "b.tif"):
        tiff_writer.write(tmp_path / name, ct_page())
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
