from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.domain.errors import Failed
from app.imaging import image_reader, reader, series


def _saved(path: Path, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


def test_sixteen_bits_stay_sixteen_bits(tmp_path: Path) -> None:
    pixels = (np.arange(600).reshape(20, 30) * 100).astype(np.uint16)
    for name in ("x.png", "x.tif"):
        path = _saved(tmp_path / name, pixels)
        np.testing.assert_array_equal(image_reader.load(path, 0).pixels, pixels)
        assert reader.read(path).bits == 16


def test_colour_becomes_grey_and_eight_bits_keep_their_range(tmp_path: Path) -> None:
    colour = np.zeros((8, 9, 3), np.uint8)
    colour[..., 0] = 100
    image = image_reader.load(_saved(tmp_path / "x.png", colour), 0)
    np.testing.assert_allclose(image.pixels, 29.9, rtol=1e-5)
    assert image.default_window == (0.0, 255.0)
    assert image.spacing_mm is None


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    pixels = np.zeros((40, 60), np.uint8)
    pixels[:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    image = image_reader.load(_saved(tmp_path / "x.jpg", pixels, exif=exif, quality=95), 0)
    assert image.pixels.shape == (60, 40)
    assert image.pixels[:, -4:].mean() > 240


def test_pages_are_slices(tmp_path: Path) -> None:
    pages = [Image.fromarray(np.full((5, 6), v, np.uint8)) for v in (10, 20, 30)]
    path = tmp_path / "x.tiff"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    assert len(reader.read(path).frames) == 3
    assert image_reader.load(path, 2).pixels.mean() == 30


@pytest.mark.parametrize("keep", [200, 30])
def test_a_truncated_picture_is_damaged(tmp_path: Path, keep: int) -> None:
    path = _saved(tmp_path / "x.png", np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(Failed) as failed:
        reader.read(path)
    assert failed.value.code == "damaged-file"


def test_a_picture_names_no_patient(tmp_path: Path) -> None:
    first = reader.read(_saved(tmp_path / "a.png", np.zeros((4, 4), np.uint8)))
    second = reader.read(_saved(tmp_path / "b.png", np.ones((4, 4), np.uint8)))
    studies = series.group([first, second], b"secret")
    assert [study.patient_known for study in studies] == [False, False]
    assert studies[0].patient != studies[1].patient
    assert len(studies[0].series[0].instances) == 1
