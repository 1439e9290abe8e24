from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import Refused
from app.domain.recipe import Recipe
from app.domain.study import Series
from app.imaging import preparing, reader, series
from app.imaging.content import SliceImage
from tests.helpers.dicom_factory import write_series


def _image(
    pixels: np.ndarray[tuple[int, int], np.dtype[np.float32]], spacing: tuple[float, float] | None = None
) -> SliceImage:
    return SliceImage(pixels.astype(np.float32), spacing, (0.0, 1.0))


def _disc(size: int, radius: float, spacing: tuple[float, float]) -> SliceImage:
    """A disc of ``radius`` mm in the middle of a picture of ``size`` pixels."""
    rows, columns = round(size / spacing[0]), round(size / spacing[1])
    y = (np.arange(rows) - (rows - 1) / 2)[:, None] * spacing[0]
    x = (np.arange(columns) - (columns - 1) / 2)[None] * spacing[1]
    return _image((np.hypot(x, y) < radius).astype(np.float32), spacing)


def test_fitting_keeps_everything_and_the_window_can_be_undone() -> None:
    pixels = np.linspace(-200, 200, 64 * 64, dtype=np.float32).reshape(64, 64)
    made = preparing.apply_recipe(_image(pixels), Recipe(size=64), (-200.0, 200.0))
    assert made.pixels.dtype == np.float32
    assert (made.pixels.min(), made.pixels.max()) == (-1.0, 1.0)
    np.testing.assert_allclose(preparing.physical(made.pixels, made.window), pixels, atol=1e-3)
    assert made.spacing_mm is None


def test_shrinking_averages_areas() -> None:
    checks = np.indices((128, 128)).sum(axis=0) % 2
    made = preparing.apply_recipe(_image(checks), Recipe(size=32), (0.0, 1.0))
    np.testing.assert_allclose(made.pixels, 0.0, atol=1e-6)


def test_values_outside_the_window_are_clipped() -> None:
    made = preparing.apply_recipe(_image(np.array([[-50.0, 150.0], [25.0, np.nan]])), Recipe(size=2), (0.0, 100.0))
    np.testing.assert_allclose(made.pixels, [[-1, 1], [-0.5, -1]])


def test_a_wide_slice_is_padded_with_the_low_end() -> None:
    made = preparing.apply_recipe(_image(np.ones((32, 64))), Recipe(size=64), (0.0, 1.0))
    assert (made.pixels[16:48] == 1).all()
    assert (made.pixels[:16] == -1).all()
    assert (made.pixels[48:] == -1).all()


def test_anatomy_keeps_its_proportions() -> None:
    made = preparing.apply_recipe(_disc(128, 40, (2.0, 0.5)), Recipe(size=64), (0.0, 1.0))
    inside = made.pixels > 0
    tall, wide = inside.any(axis=1).sum(), inside.any(axis=0).sum()
    assert abs(int(tall) - int(wide)) <= 2
    assert made.spacing_mm == (2.0, 2.0)


def test_resampling_gives_the_asked_spacing_around_the_middle() -> None:
    made = preparing.apply_recipe(_disc(128, 20, (1.0, 1.0)), Recipe(size=64, spacing_mm=1.0), (0.0, 1.0))
    assert made.spacing_mm == (1.0, 1.0)
    inside = made.pixels > 0
    assert inside.any(axis=0).sum() == 40
    rows = np.flatnonzero(inside.any(axis=1))
    assert rows.min() + rows.max() == 63


def test_a_spacing_needs_a_source_that_knows_its_own() -> None:
    with pytest.raises(Refused) as refused:
        preparing.apply_recipe(_image(np.ones((8, 8))), Recipe(size=8, spacing_mm=1.0), (0.0, 1.0))
    assert refused.value.code == "spacing-unknown"


def _series(folder: Path, **changes: object) -> Series:
    return series.group([reader.read(path) for path in write_series(folder, **changes)], b"s")[0].series[0]


def test_the_automatic_window_suits_the_source(tmp_path: Path) -> None:
    eight = _series(tmp_path / "8", modality="OT", bits=8, intercept=None, pixels=[np.ones((4, 4))] * 5)
    assert preparing.auto_window([], eight) == (0.0, 255.0)
    ct = [SliceImage(np.zeros((2, 2), np.float32), None, (low, low + 100)) for low in (-50.0, -40.0, 900.0)]
    assert preparing.auto_window(ct, _series(tmp_path / "ct")) == (-40.0, 60.0)
    noise = np.random.default_rng(0).uniform(100, 300, (64, 64))
    noise[0, :4] = 60000
    low, high = preparing.auto_window([_image(noise)], _series(tmp_path / "mr", modality="MR", intercept=None))
    assert 100 <= low < 105
    assert 295 < high <= 300
