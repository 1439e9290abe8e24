from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from app.imaging.png_encoder import SIGNATURE, encode

SHAPES = st.tuples(st.integers(1, 20), st.integers(1, 20))


def decoded(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return np.asarray(image)


@given(st.data())
def test_every_sample_comes_back(data):
    kind = data.draw(st.sampled_from([np.uint8, np.uint16]))
    rows, columns = data.draw(SHAPES)
    colour = kind is np.uint8 and data.draw(st.booleans())
    samples = data.draw(arrays.arrays(kind, (rows, columns, 3) if colour else (rows, columns)))
    found = decoded(encode(samples))
    assert found.dtype == samples.dtype
    np.testing.assert_array_equal(found, samples)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_ramps_are_filtered_and_come_back(axis, kind):
    ramp = np.indices((200, 200))[axis].astype(kind) * (1 if kind is np.uint8 else 257)
    content = encode(ramp)
    np.testing.assert_array_equal(decoded(content), ramp)
    assert len(content) < ramp.nbytes / 20


def test_noise_is_no_larger_than_the_common_encoder_makes_it():
    rng = np.random.default_rng(0)
    samples = (30_000 + rng.normal(0, 500, (256, 256))).astype(np.uint16)
    common = io.BytesIO()
    Image.fromarray(samples).save(common, "PNG")
    assert len(encode(samples)) < 1.02 * len(common.getvalue())


def test_chunks_stand_before_the_image():
    content = encode(np.zeros((3, 3), np.uint8), [(b"tEXt", b"Synthetic\0yes")])
    assert content.startswith(SIGNATURE)
    assert content.index(b"tEXt") < content.index(b"IDAT")
    with Image.open(io.BytesIO(content)) as image:
        assert image.text == {"Synthetic": "yes"}


@pytest.mark.parametrize("samples", [np.zeros((2, 2)), np.zeros((2, 2, 4), np.uint8), np.zeros((0, 2), np.uint8)])
def test_other_samples_are_refused(samples):
    with pytest.raises(ValueError, match="no samples"):
        encode(samples)
