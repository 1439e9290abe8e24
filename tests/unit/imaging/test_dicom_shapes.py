"""A header that is recognised has its elements where the walk would have found them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.imaging import dicom_header, dicom_walk
from app.imaging.dicom_header import FIRST_READ
from app.imaging.dicom_shapes import Shapes
from app.imaging.dicom_values import Odd
from tests.benchmarks import scanner

SYNTAX = "1.2.840.10008.1.2.1"


def walked(head: bytes) -> dicom_walk.Walked | None:
    try:
        return dicom_walk.walk(head, dicom_walk.meta(head).end, whole=False)
    except (Odd, KeyError):
        return None


def learn(shapes: Shapes, head: bytes) -> None:
    meta = dicom_walk.meta(head)
    shapes.learn(head, SYNTAX, meta, dicom_walk.walk(head, meta.end, whole=False))


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The beginnings of 60 files of a series, whose numbers and places are of different lengths."""
    paths = scanner.write(tmp_path_factory.mktemp("series"), 60)
    return [path.read_bytes()[:FIRST_READ] for path in paths]


@pytest.fixture(scope="module")
def met(heads: list[bytes]) -> Shapes:
    shapes = Shapes()
    for head in heads:
        if shapes.find(head) is None:
            learn(shapes, head)
    return shapes


def test_files_of_a_series_are_recognised_and_found_as_walked(heads: list[bytes], met: Shapes) -> None:
    found = [met.find(head) for head in heads]
    assert sum(shape is not None for shape in found) > 55
    for shape, head in zip(found, heads, strict=True):
        assert shape is None or (shape.walked, shape.syntax) == (walked(head), SYNTAX)
    assert len({shape.walked.pixels_at for shape in found if shape}) > 1, "not all of them are alike"


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_damaged_header_is_recognised_only_where_the_walk_agrees(
    data: st.DataObject, heads: list[bytes], met: Shapes
) -> None:
    head = data.draw(st.sampled_from(heads))
    end = dicom_walk.walk(head, dicom_walk.meta(head).end, whole=False).pixels_at
    changed = bytearray(head)
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, end - 1), st.integers(0, 255)), max_size=3)):
        changed[at] = value
    shape = met.find(bytes(changed))
    assert shape is None or shape.walked == walked(bytes(changed))


def test_every_byte_that_the_walk_looks_at_decides(heads: list[bytes], met: Shapes) -> None:
    """Each byte turned over, one after another: whoever is still recognised is walked to the same places."""
    head = next(head for head in heads if met.find(head))
    end = dicom_walk.walk(head, dicom_walk.meta(head).end, whole=False).pixels_at
    recognised = 0
    for at in range(end):
        changed = bytearray(head)
        changed[at] ^= 0x5A
        shape = met.find(bytes(changed))
        if shape is not None:
            recognised += 1
            assert shape.walked == walked(bytes(changed)), at
    assert 1_000 < recognised < end


def test_a_head_that_ends_before_its_pixels_is_not_recognised(heads: list[bytes], met: Shapes) -> None:
    head = next(head for head in heads if met.find(head))
    end = dicom_walk.walk(head, dicom_walk.meta(head).end, whole=False).pixels_at
    assert met.find(head[:end]) is not None
    assert met.find(head[: end - 1]) is None


def test_what_resembles_nothing_is_not_kept(heads: list[bytes]) -> None:
    shapes = Shapes()
    learn(shapes, heads[0])
    assert shapes.find(heads[0]) is None
    learn(shapes, heads[0])
    assert shapes.find(heads[0]) is not None


def test_the_character_set_of_each_file_counts(tmp_path: Path) -> None:
    """It is a value like any other to the walk, but no shape may hide one that is left to pydicom."""
    paths = scanner.write(tmp_path, 4)
    data = paths[0].read_bytes()
    for _ in range(3):
        assert dicom_header.parse(data, whole=True) is not None
    changed = data.replace(b"ISO_IR 100", b"ISO_IR 999")
    assert dicom_header.parse(changed, whole=True) is None
