"""Headers made up by hypothesis: every one ends as a description that holds, or as a sentence."""

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.domain.errors import Failed
from app.imaging import reader
from app.imaging.content import FileContent

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
NUMBERS = st.one_of(st.integers(-3, 70_000), st.floats(allow_nan=True), st.just("none"), st.just("x"), st.just(""))
LISTS = st.lists(NUMBERS, max_size=5).map(lambda found: " ".join(map(str, found)))
VECTORS = st.lists(st.one_of(LISTS.map(lambda v: f"({v.replace(' ', ',')})"), st.just("none")), max_size=4).map(
    " ".join
)
TEXT = st.text(st.characters(codec="latin-1"), max_size=20)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _described(path: Path) -> FileContent | str:
    try:
        return reader.look(path)
    except Failed as failed:
        return str(failed)


def _look(path: Path, data: bytes) -> None:
    """The header leads to a description that holds, or to a sentence; nothing else."""
    path.write_bytes(data)
    content = _described(path)
    if isinstance(content, str):
        assert content.endswith(".")
        assert "unknown" not in content
        return
    assert content.frames
    assert len({frame.index for frame in content.frames}) == len(content.frames)
    for frame in content.frames:
        assert frame.rows > 0
        assert frame.columns > 0
        assert len(frame.orientation) in (0, 6)
        assert (frame.position is None) == (frame.orientation == ())
        assert np.isfinite(frame.orientation).all()
        assert frame.position is None or np.isfinite(frame.position).all()


@QUICK
@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["short", "uchar", "float", "block", "uint64"]),
            "dimension": st.one_of(st.integers(0, 6).map(str), TEXT),
            "sizes": st.one_of(st.lists(st.integers(-1, 9), max_size=5).map(lambda n: " ".join(map(str, n))), LISTS),
            "spacings": LISTS,
            "space": st.sampled_from(["LPS", "left-posterior-superior", "scanner-xyz", "RAS", "XYZ", "left-left-left"]),
            "space directions": VECTORS,
            "space origin": st.one_of(VECTORS, LISTS),
            "kinds": st.lists(
                st.sampled_from(["domain", "list", "time", "RGB-color", "complex", "vector"]), max_size=5
            ).map(" ".join),
            "encoding": st.sampled_from(["raw", "gzip", "hex", "bzip2", ""]),
            "data file": st.one_of(st.sampled_from(["x.raw", "../x", "LIST", "%d 1 2 1"]), TEXT),
        },
    ),
    noise=st.lists(TEXT, max_size=3),
)
@example(
    fields={"type": "short", "dimension": "3", "sizes": "2 2 2", "space directions": "(0,0,0) (0,1,0) (0,0,1)"},
    noise=["encoding: raw"],
)
def test_nrrd(folder: Path, fields: dict[str, str], noise: list[str]) -> None:
    lines = ["NRRD0004", *(f"{name}: {value}" for name, value in fields.items()), *noise]
    _look(folder / "x.nrrd", "\n".join(lines).encode("latin-1", "replace") + b"\n\n" + bytes(500))


@QUICK
@given(
    fields=st.fixed_dictionaries(
        {"NDims": st.one_of(st.integers(-1, 6).map(str), TEXT)},
        optional={
            "DimSize": st.one_of(st.lists(st.integers(-1, 9), max_size=5).map(lambda n: " ".join(map(str, n))), LISTS),
            "ElementSpacing": LISTS,
            "ElementSize": LISTS,
            "TransformMatrix": st.lists(NUMBERS, min_size=9, max_size=9).map(lambda n: " ".join(map(str, n))),
            "Offset": LISTS,
            "ElementType": st.sampled_from(["MET_SHORT", "MET_UCHAR", "MET_FLOAT", "MET_STRING", ""]),
            "ElementNumberOfChannels": st.one_of(st.integers(-2, 5).map(str), TEXT),
            "CompressedData": st.sampled_from(["True", "False", "maybe"]),
        },
    ),
    data=st.sampled_from(["LOCAL", "x.raw", "../x", "LIST", ""]),
)
def test_metaimage(folder: Path, fields: dict[str, str], data: str) -> None:
    lines = [f"{name} = {value}" for name, value in {**fields, "ElementDataFile": data}.items()]
    _look(folder / "x.mha", "\n".join(lines).encode("latin-1", "replace") + b"\n" + bytes(500))


FLOATS = st.floats(width=32)


@st.composite
def _nifti_headers(draw: st.DrawFn) -> bytes:
    header = bytearray(348)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, *(draw(st.integers(-2, 12)) for _ in range(8)))
    kinds = [2, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 1536, 2304, 0, 77, -1]
    struct.pack_into("<hh", header, 70, draw(st.sampled_from(kinds)), 8)
    struct.pack_into("<8f", header, 76, *(draw(FLOATS) for _ in range(8)))
    struct.pack_into("<3f", header, 108, *(draw(FLOATS) for _ in range(3)))
    header[123] = draw(st.integers(0, 255))
    struct.pack_into("<hh", header, 252, draw(st.integers(-1, 5)), draw(st.integers(-1, 5)))
    struct.pack_into("<18f", header, 256, *(draw(FLOATS) for _ in range(18)))
    header[344:348] = b"n+1\0"
    return bytes(header)


@QUICK
@given(header=_nifti_headers())
def test_nifti(folder: Path, header: bytes) -> None:
    _look(folder / "x.nii", header + bytes(4000))


@QUICK
@given(
    begin=st.sampled_from(
        [
            bytes(128) + b"DICM",
            bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00",
            b"\x08\x00\x05\x00CS",
            b"\x00\x08\x00\x05CS",
            b"NRRD0004\n",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"\xff\xd8\xff\xe0",
            b"II*\x00\x08\0\0\0",
            b"MM\x00*\0\0\0\x08",
            b"\x1f\x8b\x08\0",
            b"",
        ]
    ),
    rest=st.binary(max_size=600),
    name=st.sampled_from(["x", "x.dcm", "x.nii", "x.nii.gz", "x.mha", "x.img", "x.hdr"]),
)
def test_any_bytes_behind_any_beginning(folder: Path, begin: bytes, rest: bytes, name: str) -> None:
    _look(folder / name, begin + rest)
