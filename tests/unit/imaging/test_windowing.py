"""Grey levels: the fast pass for the screen against the plain one, whatever the pixels are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.imaging.windowing import Shades, reduced, to_uint8

KINDS = (np.uint8, np.int16, np.uint16, np.float32)


@settings(max_examples=60, deadline=None)
@given(
    pixels=st.sampled_from(KINDS).flatmap(lambda kind: arrays(kind, (3, 4))),
    low=st.floats(-1e4, 1e4),
    width=st.floats(0.01, 1e5),
)
def test_the_fast_pass_is_the_plain_one(pixels: np.ndarray, low: float, width: float) -> None:
    assume(width > 1e-4 * abs(low))  # the plain pass has single precision
    shades = Shades()
    words = shades.fill(pixels, low, low + width)
    grey = (words & 255).astype(int)
    with np.errstate(all="ignore"):
        plain = to_uint8(pixels, low, low + width).astype(int)
    assert np.abs(grey - plain).max() <= 1, "rounding may fall to either side"
    np.testing.assert_array_equal(words, grey * 0x010101)
    inverted = (shades.fill(pixels, low + width, low) & 255).astype(int)
    known = ~np.isnan(pixels.astype(float))
    assert np.abs(255 - inverted - plain)[known].max(initial=0) <= 1


def test_black_and_white_are_exact_and_beyond_them_nothing_wraps() -> None:
    pixels = np.array([[-np.inf, -1e30, 0.0, 100.0, 1e30, np.inf, np.nan]], np.float32)
    assert list(Shades().fill(pixels, 0.0, 100.0)[0] & 255) == [0, 0, 0, 255, 255, 255, 0]


@pytest.mark.parametrize("low", [10_000.0, -9_999.5, 1e6])
def test_the_narrowest_window_far_from_zero_does_not_wrap(low: float) -> None:
    pixels = np.array([[low - 5.0, low, low + 0.25, low + 0.5, low + 5.0, np.nan]], np.float32)
    assert list(Shades().fill(pixels, low, low + 0.5)[0] & 255) == [0, 0, 128, 255, 255, 0]
    assert list(Shades().fill(pixels, low + 0.5, low)[0] & 255) == [255, 255, 128, 0, 0, 255]


def test_nothing_is_allocated_while_frames_have_one_size() -> None:
    shades = Shades()
    first = shades.fill(np.zeros((8, 8), np.int16), 0, 1)
    again = shades.fill(np.ones((8, 8), np.float32), 0, 1)
    assert first is again
    assert shades.fill(np.ones((4, 8), np.int16), 0, 1).shape == (4, 8)


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_reducing_keeps_the_mean(factor: int) -> None:
    pixels = np.random.default_rng(0).normal(0, 100, (16, 8)).astype(np.float32)
    small = reduced(pixels, factor)
    assert small.shape == (16 // factor, 8 // factor)
    assert small.mean() == pytest.approx(pixels.mean(), abs=1e-3)
