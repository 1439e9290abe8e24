"""NIfTI in all its forms: versions, pairs, scaling, units, time, colour, and where the voxels lie."""

import gzip
import struct
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from app.domain.errors import Failed
from app.imaging import nifti_reader, reader
from tests.helpers.nifti_factory import write_turned, write_volume

VOXELS = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)


def _shown(path: Path) -> list[Any]:
    content = reader.look(path)
    reader.check(content)
    return [nifti_reader.load(path, frame.index).pixels for frame in content.frames]


def _refused(path: Path) -> Failed:
    with pytest.raises(Failed) as failed:
        reader.check(reader.look(path))
    assert str(failed.value).endswith(".")
    return failed.value


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_both_versions_packed_or_not(tmp_path: Path, kind: Any, name: str) -> None:
    nibabel.save(kind(VOXELS, np.diag([2, 3, 4, 1.0])), tmp_path / name)
    content = reader.look(tmp_path / name)
    assert (len(content.frames), content.frames[0].spacing_mm) == (7, (3.0, 2.0))
    for k, shown in enumerate(_shown(tmp_path / name)):
        np.testing.assert_array_equal(shown, VOXELS[::-1, ::-1, k].T)


def test_a_name_without_ending_is_no_hindrance(tmp_path: Path) -> None:
    write_volume(tmp_path / "x.nii.gz", VOXELS).rename(tmp_path / "IM0001")
    assert len(_shown(tmp_path / "IM0001")) == 7


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Pair, nibabel.Nifti2Pair])
def test_a_pair_is_one_volume(tmp_path: Path, kind: Any, packed: bool) -> None:
    header, voxels = tmp_path / "head.hdr", tmp_path / "head.img"
    nibabel.save(kind(VOXELS, np.diag([-1.0, -1.0, 1.0, 1.0])), voxels)
    if packed:
        for path in (header, voxels):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        header, voxels = Path(f"{header}.gz"), Path(f"{voxels}.gz")
    np.testing.assert_array_equal(_shown(header)[2], VOXELS[..., 2].T)
    first = reader.check(reader.look(header)).sha256
    assert _refused(voxels).code == "part-of-volume"
    data = bytearray(gzip.decompress(voxels.read_bytes()) if packed else voxels.read_bytes())
    data[0] ^= 1
    voxels.write_bytes(gzip.compress(data) if packed else data)
    assert reader.check(reader.look(header)).sha256 != first  # the voxels are part of what the hash stands for
    voxels.unlink()
    assert _refused(header).code == "volume-data-missing"


@pytest.mark.parametrize(
    ("slope", "inter", "expected", "unit"),
    [
        (2.0, -5.0, VOXELS[..., 1] * 2.0 - 5, "rescaled"),
        (0.0, 7.0, VOXELS[..., 1], "stored"),
        (float("nan"), 0.0, VOXELS[..., 1], "stored"),
        (1.0, 0.0, VOXELS[..., 1], "stored"),
    ],
)
def test_scaling_of_nothing_is_none(tmp_path: Path, slope: float, inter: float, expected: Any, unit: str) -> None:
    path = write_volume(tmp_path / "x.nii", VOXELS)
    data = bytearray(path.read_bytes())
    data[112:120] = struct.pack("<ff", slope, inter)
    path.write_bytes(data)
    np.testing.assert_allclose(_shown(path)[1], expected[::-1, ::-1].T)
    assert reader.look(path).unit == unit


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1.0), ("meter", 1000.0), ("micron", 0.001)])
def test_units_become_millimetres(tmp_path: Path, unit: str, factor: float) -> None:
    image = nibabel.Nifti1Image(VOXELS, np.diag([2, 3, 4, 1.0]))
    image.header.set_xyzt_units(xyz=unit, t="sec")
    nibabel.save(image, tmp_path / "x.nii")
    first, second = reader.look(tmp_path / "x.nii").frames[:2]
    assert first.spacing_mm == pytest.approx((3 * factor, 2 * factor))
    assert first.position is not None
    assert second.position is not None
    assert second.position[2] - first.position[2] == pytest.approx(4 * factor)


@pytest.mark.parametrize(
    ("shape", "frames", "name"),
    [
        ((5, 6), 1, ""),
        ((5, 6, 7), 7, ""),
        ((5, 6, 7, 1, 1), 7, ""),
        ((5, 6, 7, 3), 21, "time point"),
        ((5, 6, 7, 3, 1), 21, "time point"),
        ((5, 6, 7, 1, 3), 21, "component"),
    ],
)
def test_further_axes_repeat_the_slices(tmp_path: Path, shape: tuple[int, ...], frames: int, name: str) -> None:
    voxels = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(shape)
    image = nibabel.Nifti1Image(voxels, np.diag([-1, -1, 1, 1.0]))
    image.header.set_xyzt_units(xyz="mm", t="sec")
    if len(shape) > 3:
        image.header["pixdim"][4] = 2.5
    nibabel.save(image, tmp_path / "x.nii")
    content = reader.look(tmp_path / "x.nii")
    assert len(content.frames) == frames
    assert [moment for moment, _ in content.frames[-1].moments] == ([name] if name else [])
    flat = voxels.reshape(5, 6, -1)
    if frames > 1:
        order = flat.reshape(5, 6, 7, -1)
        np.testing.assert_array_equal(_shown(tmp_path / "x.nii")[-1], order[..., 6, -1].T)
    if name == "time point":
        assert content.tags["FrameTime"] == "2500"


def test_two_repeating_axes_are_refused(tmp_path: Path) -> None:
    failed = _refused(write_volume(tmp_path / "x.nii", np.zeros((2, 2, 2, 3, 4), np.uint8), spacing=(1, 1, 1)))
    assert failed.code == "nifti-shape"
    assert "2 × 2 × 2 × 3 × 4" in str(failed)


def test_colour_becomes_grey_and_complex_is_refused(tmp_path: Path) -> None:
    colour = np.zeros((4, 5, 6), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    colour["R"], colour["B"] = 100, 50
    path = write_volume(tmp_path / "rgb.nii", colour)
    np.testing.assert_allclose(_shown(path)[0], 29.9 + 5.7, rtol=1e-5)
    assert reader.look(path).bits == 8
    assert _refused(write_volume(tmp_path / "c.nii", np.zeros((4, 5, 6), np.complex64))).code == "nifti-voxels"


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_number_in_either_byte_order(tmp_path: Path, kind: str, order: str) -> None:
    voxels = np.arange(120).reshape(4, 5, 6).astype(kind)
    header = nibabel.Nifti1Header(endianness=order)
    header.set_data_dtype(voxels.dtype)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([-1.0, -1, 1, 1]), header), tmp_path / "x.nii")
    np.testing.assert_array_equal(_shown(tmp_path / "x.nii")[3], voxels[..., 3].T)


def test_the_sform_counts_before_the_qform(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(VOXELS, np.diag([-1.0, -1, 1, 1]))
    image.set_qform(np.diag([9.0, 9, 9, 1]), 1)
    image.set_sform(np.diag([-2.0, -3, 4, 1]), 1)
    nibabel.save(image, tmp_path / "s.nii")
    assert reader.look(tmp_path / "s.nii").frames[0].spacing_mm == pytest.approx((3.0, 2.0))
    image.set_sform(np.diag([-2.0, -3, 4, 1]), 0)
    image.set_qform(np.diag([-5.0, -6, 7, 1]), 1)
    nibabel.save(image, tmp_path / "q.nii")
    assert reader.look(tmp_path / "q.nii").frames[0].spacing_mm == pytest.approx((6.0, 5.0))


def test_a_skewed_sform_gives_way_to_the_qform(tmp_path: Path) -> None:
    skewed = np.diag([-2.0, -3, 4, 1])
    skewed[0, 1] = 1.0
    image = nibabel.Nifti1Image(VOXELS, skewed)
    image.set_qform(np.diag([-5.0, -6, 7, 1]), 1)
    image.set_sform(skewed, 1)
    nibabel.save(image, tmp_path / "x.nii")
    frame = reader.look(tmp_path / "x.nii").frames[0]
    assert frame.spacing_mm == pytest.approx((6.0, 5.0))
    assert frame.orientation == pytest.approx((1, 0, 0, 0, 1, 0))


def test_all_turns_lie_at_the_same_place(tmp_path: Path) -> None:
    """Every voxel of every stored order has the position that it has in the plain one."""
    voxels = np.zeros((5, 6, 7), np.int16)
    voxels[1, 2, 3] = 100
    for codes in ("RAS", "LPS", "SRA", "PIL", "AIR"):
        content = reader.look(write_turned(tmp_path / f"{codes}.nii", voxels, codes))
        (found,) = [
            (frame, np.argwhere(pixels == 100)[0])
            for frame, pixels in zip(content.frames, _shown(content.path), strict=True)
            if pixels.max() == 100
        ]
        frame, (row, column) = found
        assert frame.position is not None
        assert frame.spacing_mm is not None
        along, down = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
        place = frame.position + column * frame.spacing_mm[1] * along + row * frame.spacing_mm[0] * down
        np.testing.assert_allclose(place, (-1 * 1.0, -2 * 1.5, 3 * 2.0), atol=1e-4)


def test_a_header_that_promises_too_much_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = write_volume(tmp_path / "x.nii", VOXELS)
    data = bytearray(path.read_bytes())
    data[42:48] = struct.pack("<hhh", 30_000, 30_000, 30_000)
    for name, content in (("x.nii", bytes(data)), ("y.nii.gz", gzip.compress(bytes(data)))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Failed) as failed:
            reader.look(tmp_path / name)
        assert failed.value.code == "damaged-file"
        assert "shorter" in str(failed.value)
