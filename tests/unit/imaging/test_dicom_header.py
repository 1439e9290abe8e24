"""The short road through DICOM headers agrees with pydicom, on every file at hand and on damaged ones."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.datadict import dictionary_VR
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from app.domain.errors import Failed
from app.imaging import dicom_header, dicom_reader, dicom_values
from app.imaging.content import FileContent
from tests.benchmarks import scanner
from tests.helpers.real_data import REAL_DATA

PYDICOM_DATA = Path(pydicom.__file__).parent / "data"
BASES = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "examples_palette.dcm", "SC_rgb_jpeg_gdcm.dcm")


def _outcome(look: object, path: Path) -> FileContent | tuple[str, dict[str, object]]:
    try:
        content: FileContent = look(path)  # type: ignore[operator]
        return content
    except Failed as failed:
        return failed.code, failed.facts


def _agree(path: Path) -> bool:
    """Look at the file on both roads; whether the short one was taken."""
    assert _outcome(dicom_reader.look, path) == _outcome(dicom_reader.look_with_pydicom, path), path
    return dicom_header.read(path) is not None


@pytest.mark.parametrize("folder", [PYDICOM_DATA, REAL_DATA], ids=["pydicom", "shared"])
def test_every_file_at_hand_looks_the_same_on_both_roads(folder: Path) -> None:
    if not folder.exists():
        pytest.skip(f"real images are not here: {folder}")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_dicom(path)]
    short = sum(map(_agree, paths))
    assert short > len(paths) / 3


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"


def test_a_scanners_file_takes_the_short_road(tmp_path: Path) -> None:
    (path,) = scanner.write(tmp_path, 1)
    assert _agree(path)
    header, dataset = dicom_header.read(path), dcmread(path, stop_before_pixels=True)
    assert header is not None
    plain = [one.keyword for one in dataset if one.keyword and one.VR in dicom_values.DECODERS and one.VR != "SQ"]
    plain = [keyword for keyword in plain if " or " not in dictionary_VR(keyword)]
    assert len(plain) > 90
    for keyword in plain:
        ours, theirs = header.get(keyword), dataset.get(keyword)
        assert ours == theirs, keyword
        assert str(ours) == str(theirs) or isinstance(ours, list), keyword


def test_the_place_of_the_pixels_is_found(tmp_path: Path) -> None:
    (path,) = scanner.write(tmp_path, 1)
    header = dicom_header.read(path)
    assert header is not None
    stored = path.read_bytes()[header.pixels_at : header.pixels_at + header.pixels]
    assert stored == dcmread(path).PixelData


def test_a_long_header_is_read_as_far_as_needed(tmp_path: Path) -> None:
    (path,) = scanner.write(tmp_path, 1, pixels=np.zeros((512, 512), np.int16))
    dataset = dcmread(path)
    block = dataset.private_block(0x0029, "LONG", create=True)
    block.add_new(1, "OB", bytes(5 * dicom_header.FIRST_READ))
    dataset.save_as(path)
    assert _agree(path)


@pytest.mark.parametrize("coding", ["implicit", "big endian", "deflated", "no prefix", "kanji", "unknown"])
def test_what_is_odd_is_left_to_pydicom(tmp_path: Path, coding: str) -> None:
    path = _odd(tmp_path, coding)
    assert dicom_header.read(path) is None
    _agree(path)


def _odd(folder: Path, coding: str) -> Path:
    if coding == "big endian":
        return PYDICOM_DATA / "test_files" / "MR_small_bigendian.dcm"
    (path,) = scanner.write(folder, 1)
    dataset = dcmread(path)
    if coding == "kanji":
        dataset.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    elif coding in ("implicit", "deflated"):
        syntaxes = {"implicit": ImplicitVRLittleEndian, "deflated": DeflatedExplicitVRLittleEndian}
        dataset.file_meta.TransferSyntaxUID = syntaxes[coding]
    dataset.save_as(path, enforce_file_format=True)
    data = path.read_bytes()
    if coding == "no prefix":
        path.write_bytes(data[132:])
    elif coding == "unknown":
        path.write_bytes(data.replace(b"\x18\x00\x15\x00CS", b"\x18\x00\x15\x00ZZ"))
    return path


def test_a_deflated_file_is_inflated_no_further_than_its_header(tmp_path: Path) -> None:
    (path,) = scanner.write(tmp_path, 1, pixels=np.zeros((4096, 4096), np.int16))
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    assert path.stat().st_size < 1_000_000
    content = dicom_reader.look(path)
    assert (content.frames[0].rows, content.modality) == (4096, "CT")


def _bases() -> list[bytes]:
    stream = io.BytesIO()
    dataset = dcmread(PYDICOM_DATA / "test_files" / "CT_small.dcm")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.StudyDescription = "Tête et cou"
    dataset.save_as(stream)
    found = [(PYDICOM_DATA / "test_files" / name).read_bytes() for name in BASES]
    return [*found, scanner.one_file(), stream.getvalue()]


@pytest.fixture(scope="module")
def bases() -> list[bytes]:
    return _bases()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated") / "file"


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_headers_look_the_same_on_both_roads(data: st.DataObject, place: Path, bases: list[bytes]) -> None:
    changed = bytearray(data.draw(st.sampled_from(bases)))
    end = min(len(changed), 8000)
    for at, value in data.draw(st.lists(st.tuples(st.integers(128, end - 1), st.integers(0, 255)), max_size=4)):
        changed[at] = value
    if data.draw(st.booleans()):
        changed = changed[: data.draw(st.integers(1, end))]
    place.write_bytes(changed)
    _agree(place)
