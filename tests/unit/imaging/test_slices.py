from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.errors import Failed, Refused
from app.domain.recipe import Plane
from app.domain.study import Series
from app.imaging import reader, series, slices
from tests.helpers.dicom_factory import write_series
from tests.helpers.nifti_factory import write_turned, write_volume

VOXELS = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
"""Axes towards right, front and head."""
CODES = ["".join(c) for axes in permutations(("LR", "PA", "SI")) for c in product(*axes)]


def _series(paths: list[Path]) -> Series:
    return series.group(map(reader.read, paths), b"secret")[0].series[0]


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Series]:
    folder = tmp_path_factory.mktemp("turned")
    return {code: _series([write_turned(folder / f"{code}.nii", VOXELS, code)]) for code in CODES}


@pytest.mark.parametrize("code", CODES)
def test_every_storage_order_gives_the_same_planes(turned: dict[str, Series], code: str) -> None:
    one = turned[code]
    axial = slices.load_slice(one, 2, Plane.AXIAL)
    np.testing.assert_array_equal(axial.pixels, VOXELS[::-1, ::-1, 2].T)  # right on the left, front up
    assert axial.spacing_mm == pytest.approx((1.5, 1.0))
    coronal = slices.load_slice(one, 1, Plane.CORONAL)
    np.testing.assert_array_equal(coronal.pixels, VOXELS[::-1, 1, ::-1].T)  # right on the left, head up
    sagittal = slices.load_slice(one, 3, Plane.SAGITTAL)
    np.testing.assert_array_equal(sagittal.pixels, VOXELS[3, ::-1, ::-1].T)  # front on the left, head up
    counts = [slices.slice_count(one, plane) for plane in (Plane.SAGITTAL, Plane.CORONAL, Plane.AXIAL)]
    assert counts == [5, 6, 7]


@pytest.mark.parametrize("code", CODES)
def test_native_slices_follow_the_third_axis_and_stand_upright(turned: dict[str, Series], code: str) -> None:
    one = turned[code]
    plane = {"L": Plane.SAGITTAL, "R": Plane.SAGITTAL, "P": Plane.CORONAL, "A": Plane.CORONAL}.get(code[2], Plane.AXIAL)
    count = slices.slice_count(one)
    index = 1 if code[2] in "RAS" else count - 2
    np.testing.assert_array_equal(slices.load_slice(one, 1).pixels, slices.load_slice(one, index, plane).pixels)


def test_a_dicom_stack_is_cut_as_its_geometry_says(tmp_path: Path) -> None:
    volume = np.arange(4 * 5 * 6).reshape(4, 5, 6)  # head, back, left
    one = _series(write_series(tmp_path, positions=[0, 2, 4, 6], pixels=list(volume), intercept=0.0))
    axial = slices.load_slice(one, 1, Plane.AXIAL)
    np.testing.assert_array_equal(axial.pixels, volume[1])
    coronal = slices.load_slice(one, 0, Plane.CORONAL)
    np.testing.assert_array_equal(coronal.pixels, volume[::-1, -1, :])  # from the back; head up
    assert coronal.spacing_mm == pytest.approx((2.0, 1.5))
    sagittal = slices.load_slice(one, 0, Plane.SAGITTAL)
    np.testing.assert_array_equal(sagittal.pixels, volume[::-1, :, -1])  # from the left
    assert sagittal.spacing_mm == pytest.approx((2.0, 1.0))


@pytest.mark.parametrize(
    "changes",
    [
        {"positions": [0, 5, 11, 15]},
        {"positions": [0, 5, 15, 20]},
        {"tilt_degrees": 10.0},
        {"with_positions": False},
        {"positions": [0]},
    ],
)
def test_an_irregular_stack_has_its_native_plane_only(tmp_path: Path, changes: dict[str, Any]) -> None:
    one = _series(write_series(tmp_path, **changes))
    assert slices.load_slice(one, 0).pixels.shape == (24, 32)
    with pytest.raises(Refused) as refused:
        slices.slice_count(one, Plane.CORONAL)
    assert refused.value.code == "plane-unavailable"
    assert "coronal" in str(refused.value)
    with pytest.raises(Refused):
        slices.load_slice(one, 0, Plane.SAGITTAL)


def test_scaling_of_a_volume_is_applied(tmp_path: Path) -> None:
    one = _series([write_volume(tmp_path / "a.nii.gz", VOXELS, slope=0.5, inter=-10.0)])
    np.testing.assert_allclose(slices.load_slice(one, 2, Plane.AXIAL).pixels, VOXELS[::-1, ::-1, 2].T * 0.5 - 10)


def test_all_slices_of_a_volume_share_one_window(tmp_path: Path) -> None:
    one = _series([write_volume(tmp_path / "a.nii", VOXELS)])
    windows = {slices.load_slice(one, index).default_window for index in range(7)}
    assert len(windows) == 1
    low, high = windows.pop()
    assert VOXELS.min() <= low < high <= VOXELS.max()


def test_what_an_eight_bit_volume_means(tmp_path: Path) -> None:
    grey = np.arange(240, dtype=np.uint8).reshape(5, 6, 8)
    plain = _series([write_volume(tmp_path / "a.nii", grey)])
    scaled = _series([write_volume(tmp_path / "b.nii", grey, slope=0.01, inter=0.0)])
    assert (plain.bits, plain.unit) == (8, "stored")
    assert scaled.unit == "rescaled"
    assert slices.load_slice(scaled, 0).default_window[1] < 3


def test_a_bids_subject_is_the_patient(tmp_path: Path) -> None:
    names = ("sub-01/anat/sub-01_T1w.nii.gz", "sub-01/anat/sub-01_T2w.nii.gz", "sub-02/anat/sub-02_T1w.nii.gz", "x.nii")
    paths = [write_volume(tmp_path / name, VOXELS + n) for n, name in enumerate(names)]
    studies = series.group(map(reader.read, paths), b"secret")
    first, second, other, nobody = studies
    assert first.patient == second.patient != other.patient
    assert first.patient_known
    assert not nobody.patient_known


def test_time_points_are_series_of_their_own(tmp_path: Path) -> None:
    both = np.stack([VOXELS, VOXELS + 1000], axis=3)
    found = series.group([reader.read(write_volume(tmp_path / "4d.nii", both, spacing=(1, 1, 1)))], b"s")[0].series
    assert [len(one.instances) for one in found] == [7, 7]
    first, second = (slices.load_slice(one, 3).pixels for one in found)
    np.testing.assert_array_equal(second, first + 1000)


def test_voxels_that_are_no_numbers_are_set_aside(tmp_path: Path) -> None:
    with pytest.raises(Failed) as failed:
        reader.read(write_volume(tmp_path / "x.nii", np.zeros((3, 3, 3), np.complex64)))
    assert failed.value.code == "nifti-voxels"


def test_a_truncated_volume_is_damaged(tmp_path: Path) -> None:
    path = write_volume(tmp_path / "x.nii.gz", np.random.default_rng(0).integers(0, 999, (20, 20, 20)).astype("i2"))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(Failed) as failed:
        reader.read(path)
    assert failed.value.code == "damaged-file"


def test_a_source_that_is_gone_is_named(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    one = _series(paths)
    paths[2].unlink()
    with pytest.raises(Failed) as failed:
        slices.load_slice(one, 2)
    assert failed.value.code == "source-missing"
    assert str(paths[2]) in str(failed.value)
    with pytest.raises(IndexError):
        slices.load_slice(one, 5)
    with pytest.raises(IndexError):
        slices.load_slice(one, -1)
