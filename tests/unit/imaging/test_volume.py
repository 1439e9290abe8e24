"""Volumes: where a pixel of a cut lies in the patient, what it takes in memory, how long it is kept."""

import threading
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest

from app.domain.errors import Failed, Refused
from app.domain.recipe import Plane
from app.domain.study import Series
from app.imaging import geometry, native, reader, series, slices, volume
from app.imaging.kept_volumes import Kept
from tests.helpers.dicom_factory import write_series
from tests.helpers.nifti_factory import write_turned

VOXELS = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
CODES = ["".join(c) for axes in permutations(("LR", "PA", "SI")) for c in product(*axes)]
CUT = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
OBLIQUE = tuple(np.round(np.array([[0.9397, 0.3420, 0.0], [-0.3214, 0.8830, -0.3420]]).ravel(), 6).tolist())


def _series(paths: list[Path]) -> Series:
    (study,) = series.group(map(reader.look, paths), b"secret")
    (one,) = study.series
    return one


@pytest.mark.parametrize("code", CODES)
def test_every_pixel_of_every_cut_lies_where_the_file_says(tmp_path: Path, code: str) -> None:
    path = write_turned(tmp_path / "a.nii", VOXELS, code)
    one = volume.load(_series([path]))
    stored = nib.load(path)
    to_voxel = np.linalg.inv(stored.affine)
    for plane in (*CUT, Plane.NATIVE):
        index = one.count(plane) // 2
        cut = one.cut(plane, index)
        for row, column in product(range(cut.pixels.shape[0]), range(cut.pixels.shape[1])):
            x, y, z = one.point(plane, index, row, column)
            i, j, k, _ = np.rint(to_voxel @ (-x, -y, z, 1.0)).astype(int)
            assert cut.pixels[row, column] == stored.dataobj[i, j, k] == one.value(plane, index, row, column)
            found = one.locate(plane, (x, y, z))
            assert found == pytest.approx((index, row, column), abs=1e-6)


def test_a_point_between_pixels_is_found_in_another_plane(tmp_path: Path) -> None:
    one = volume.load(_series([write_turned(tmp_path / "a.nii", VOXELS, "RAS")]))
    place = one.point(Plane.AXIAL, 3, 2.25, 1.5)
    index, row, column = one.locate(Plane.CORONAL, place)
    assert place == pytest.approx(one.point(Plane.CORONAL, index, row, column), abs=1.5 / 2 + 1e-6)
    assert column == pytest.approx(1.5)
    outside = one.locate(Plane.AXIAL, (0.0, 0.0, 900.0))
    assert outside[0] > one.count(Plane.AXIAL)


def test_an_oblique_stack_is_cut_along_its_own_axes(tmp_path: Path) -> None:
    stored = [np.arange(24 * 32).reshape(24, 32) + 100 * n for n in range(5)]
    paths = write_series(tmp_path, orientation=OBLIQUE, pixels=stored, intercept=0.0, positions=[0, 3, 6, 9, 12])
    one = _series(paths)
    whole = volume.load(one)
    np.testing.assert_array_equal(whole.cut(Plane.AXIAL, 2).pixels, stored[2])
    assert slices.edge_letters(one, Plane.AXIAL) == ("RA", "LP", "AHL", "PFR")
    for number in (0, 4):
        corner = native.frame(one, number).position
        assert whole.point(Plane.NATIVE, number, 0, 0) == pytest.approx(corner, abs=1e-4)
    along, down = np.array(OBLIQUE[:3]), np.array(OBLIQUE[3:])
    step = np.array(whole.point(Plane.AXIAL, 2, 3, 4)) - whole.point(Plane.AXIAL, 2, 0, 0)
    assert step == pytest.approx(4 * 1.5 * along + 3 * 1.0 * down, abs=1e-3)


@pytest.mark.parametrize(
    ("plane", "letters"),
    [
        (Plane.AXIAL, ("R", "L", "A", "P")),
        (Plane.CORONAL, ("R", "L", "H", "F")),
        (Plane.SAGITTAL, ("A", "P", "H", "F")),
        (Plane.NATIVE, ("R", "L", "H", "F")),
    ],
)
def test_the_edges_of_a_cut_are_named_after_the_patient(tmp_path: Path, plane: Plane, letters: tuple[str, ...]) -> None:
    one = _series(write_series(tmp_path, orientation=(1, 0, 0, 0, 0, -1)))
    assert slices.edge_letters(one, plane) == letters
    assert slices.edge_letters(replace(one, orientation=()), Plane.NATIVE) == ("", "", "", "")


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        ((1, 0, 0), "L"),
        ((-2, 0, 0), "R"),
        ((0, -1, 0), "A"),
        ((0, 0.5, 0), "P"),
        ((0, 0, 1), "H"),
        ((0, 0.3, -0.9), "FP"),
        ((0.1, -0.1, 0.99), "H"),
        ((0, 0, 0), ""),
    ],
)
def test_a_direction_is_named_by_its_main_parts(direction: tuple[float, ...], letters: str) -> None:
    assert geometry.letters(direction) == letters


def test_a_volume_takes_what_its_files_take_and_cuts_are_no_copies_of_it(tmp_path: Path) -> None:
    one = _series(write_series(tmp_path))
    whole = volume.load(one)
    assert whole.voxels.itemsize == 2
    assert whole.voxels.shape == (5, 24, 32)
    for plane in (*CUT, Plane.NATIVE):
        for index in (0, whole.count(plane) - 1):
            np.testing.assert_array_equal(whole.cut(plane, index).pixels, slices.load_slice(one, index, plane).pixels)
    np.testing.assert_array_equal(whole.cut(Plane.NATIVE, 3).pixels, native.load(one, 3).pixels)
    with pytest.raises(IndexError):
        whole.cut(Plane.CORONAL, 24)
    with pytest.raises(IndexError):
        whole.cut(Plane.CORONAL, -1)


def test_values_with_a_slope_are_those_of_the_native_slice(tmp_path: Path) -> None:
    one = _series(write_series(tmp_path, slope=0.3712, intercept=-11.7, modality="MR"))
    whole = volume.load(one)
    np.testing.assert_array_equal(whole.cut(Plane.NATIVE, 2).pixels, native.load(one, 2).pixels)
    assert whole.value(Plane.NATIVE, 2, 5, 7) == pytest.approx(float(native.load(one, 2).pixels[5, 7]))


def test_loading_tells_how_far_it_is_and_takes_another_decoder(tmp_path: Path) -> None:
    one = _series(write_series(tmp_path, extra=(("PhotometricInterpretation", "MONOCHROME1"),)))
    heard: list[tuple[int, int]] = []
    asked: list[int] = []

    def decode(index: int) -> Any:
        asked.append(index)
        return native.load(one, index)

    whole = volume.load(one, slice_of=decode, on_slice=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (5, 5)
    assert sorted(asked) == [0, 1, 2, 3, 4]
    assert volume.load(one) is whole, "the last volumes are kept"


@pytest.mark.parametrize(
    "changes",
    [
        {"positions": [0, 5, 11, 15]},
        {"positions": [0, 5, 15, 20]},
        {"positions": [0, 5, 5, 10]},
        {"tilt_degrees": 10.0},
        {"with_positions": False},
    ],
)
def test_an_irregular_stack_is_no_volume(tmp_path: Path, changes: dict[str, Any]) -> None:
    one = _series(write_series(tmp_path, **changes))
    with pytest.raises(Refused) as refused:
        volume.load(one)
    assert refused.value.code == "plane-unavailable"


def test_slices_shifted_sideways_are_no_volume(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "a", positions=[0, 5, 10])

    moved = pydicom.dcmread(paths[1])
    moved.ImagePositionPatient = [6.0, 0.0, 5.0]
    moved.save_as(paths[1])
    one = _series(paths)
    assert "shifted sideways" in one.warnings[0]
    with pytest.raises(Refused):
        volume.slice_count(one, Plane.CORONAL)


def test_irregular_stacks_have_an_affine_as_far_as_one_fits(tmp_path: Path) -> None:
    tilted = volume.affine(_series(write_series(tmp_path / "a", tilt_degrees=10.0)))
    assert tilted[:3, 2] == pytest.approx((0.0, 5.0 * np.tan(np.radians(10)), 5.0), abs=1e-3)
    single = volume.affine(_series(write_series(tmp_path / "b", positions=[7.0])))
    np.testing.assert_allclose(single, [[1.5, 0, 0, 0], [0, 1, 0, 0], [0, 0, 5, 7], [0, 0, 0, 1]], atol=1e-6)
    movie = volume.affine(_series(write_series(tmp_path / "c", positions=[7.0, 7.0, 7.0])))
    np.testing.assert_allclose(movie, single, atol=1e-6)
    with pytest.raises(Refused):
        volume.affine(_series(write_series(tmp_path / "d", with_positions=False)))


def test_a_source_that_is_gone_is_named_by_its_affine(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    one = _series(paths)
    paths[-1].unlink()
    with pytest.raises(Failed) as failed:
        volume.affine(one)
    assert failed.value.code == "source-missing"


def test_volumes_are_kept_by_their_bytes_and_made_once(tmp_path: Path) -> None:
    usual = _series(write_series(tmp_path))
    kept: Kept[bytes] = Kept(len, room=25)
    names = [replace(usual, key=name) for name in "abc"]
    made: list[str] = []

    def make(one: Series) -> bytes:
        made.append(one.key)
        return one.key.encode() * 10

    for one in (names[0], names[1], names[0], names[2], names[0], names[1]):
        assert kept.get(one, lambda one=one: make(one)) == one.key.encode() * 10  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
    grown = replace(usual, key="a", instances=usual.instances[:-1])
    kept.get(grown, lambda: make(grown))
    assert made[-1] == "a", "a series that grew is stacked again"


def test_threads_that_ask_at_once_wait_for_one_volume_and_not_for_another(tmp_path: Path) -> None:
    usual = _series(write_series(tmp_path))
    kept: Kept[str] = Kept(len)
    begun, go_on = threading.Event(), threading.Event()
    made: list[str] = []

    def slow() -> str:
        begun.set()
        assert go_on.wait(10)
        made.append("slow")
        return "slow"

    threads = [threading.Thread(target=kept.get, args=(usual, slow)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    assert kept.get(replace(usual, key="other"), lambda: "other") == "other"
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert made == ["slow"]
