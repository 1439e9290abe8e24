import zlib
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


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate", "packbits"])
def test_sixteen_bit_pages_keep_every_value(tmp_path: Path, compression: str | None) -> None:
    pages = [(np.arange(600).reshape(20, 30) * 100 + page).astype(np.uint16) for page in range(3)]
    first, *rest = [Image.fromarray(page) for page in pages]
    path = tmp_path / "x.tif"
    first.save(path, save_all=True, append_images=rest, compression=compression)
    content = reader.look(path)
    assert (len(content.frames), content.bits) == (3, 16)
    reader.check(content)
    for number, page in enumerate(pages):
        np.testing.assert_array_equal(image_reader.load(path, number).pixels, page)


def test_big_tiff_floats_and_signed_numbers(tmp_path: Path) -> None:
    values = np.linspace(-3, 5, 600, dtype=np.float32).reshape(20, 30)
    Image.fromarray(values).save(tmp_path / "big.tif", big_tiff=True)
    Image.fromarray((values * 1000).astype(np.int32)).save(tmp_path / "signed.tif")
    reader.check(reader.look(tmp_path / "big.tif"))
    np.testing.assert_array_equal(image_reader.load(tmp_path / "big.tif", 0).pixels, values)
    np.testing.assert_array_equal(
        image_reader.load(tmp_path / "signed.tif", 0).pixels, (values * 1000).astype(np.int32)
    )
    assert reader.look(tmp_path / "big.tif").bits == 32


def test_white_is_zero_is_turned_at_sixteen_bits_too(tmp_path: Path) -> None:
    pixels = (np.arange(600).reshape(20, 30) * 100).astype(np.uint16)
    for depth, image in ((65535, Image.fromarray(pixels)), (255, Image.fromarray((pixels >> 8).astype(np.uint8)))):
        image.save(tmp_path / "x.tif", tiffinfo={262: 0})
        values = np.asarray(image)
        stored = image_reader.load(tmp_path / "x.tif", 0).pixels
        assert stored.shape == values.shape
        if depth == 65535:
            np.testing.assert_array_equal(stored, 65535.0 - values)


@pytest.mark.parametrize("name", ["x.jpg", "x.tif", "x.png"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_header_and_the_pixels_agree_on_the_size(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = _saved(tmp_path / name, np.zeros((40, 60), np.uint8), exif=exif)
    content = reader.look(path)
    shown = image_reader.load(path, 0).pixels
    assert shown.shape == (content.frames[0].rows, content.frames[0].columns)
    assert shown.shape == ((60, 40) if orientation in (6, 8) else (40, 60))
    assert reader.check(content).thumbnail.ndim == 2


def test_looking_decodes_nothing(tmp_path: Path) -> None:
    """A picture whose pixels are gone looks whole; checking it finds out."""
    path = _saved(tmp_path / "x.png", np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:300])
    content = reader.look(path)
    assert content.frames[0].rows == 64
    with pytest.raises(Failed):
        reader.check(content)


def test_a_picture_that_is_too_large_says_so(tmp_path: Path) -> None:
    path = _saved(tmp_path / "x.png", np.zeros((8, 8), np.uint8))
    data = bytearray(path.read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    with pytest.raises(Failed) as failed:
        reader.look(path)
    assert failed.value.code == "too-large"
