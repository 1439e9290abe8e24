from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from app.imaging import marking, png_writer
from tests.helpers.pages import colour_page, ct_page, real


def test_sixteen_bits_over_the_window_where_the_source_had_more_than_eight(tmp_path):
    page = ct_page(bits=12)
    png_writer.write(tmp_path / "a.png", page)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode.startswith("I;16")
        levels = np.asarray(image).astype(float)
    assert levels.shape == (6, 4)
    assert levels.min() == 0
    assert levels.max() == 65535
    np.testing.assert_allclose(-160 + levels / 65535 * 400, page.picture.pixels, atol=400 / 65535)


def test_eight_bits_stay_eight(tmp_path):
    png_writer.write(tmp_path / "a.png", ct_page(bits=8))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "L"
        assert np.asarray(image).max() == 255


def test_colour_stays_colour(tmp_path):
    png_writer.write(tmp_path / "a.png", colour_page())
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(image), colour_page().picture.pixels)


@pytest.mark.parametrize(("page", "word"), [(ct_page(), "yes"), (real(ct_page()), "no")])
def test_the_file_says_whether_it_is_synthetic(tmp_path, page, word):
    png_writer.write(tmp_path / "a.png", page)
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["Synthetic"] == word
        assert image.text["Label"] == "glioma é"
        assert ("Seed" in image.text) == (word == "yes")
        packet = image.text["XML:com.adobe.xmp"]
        assert ("trainedAlgorithmicMedia" in packet) == (word == "yes")
        assert image.text.get("DigitalSourceType", "") == (marking.TRAINED_MEDIA if word == "yes" else "")


def test_equal_pages_are_equal_files(tmp_path):
    for name in ("a.png", "b.png"):
        png_writer.write(tmp_path / name, ct_page())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
