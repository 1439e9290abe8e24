"""dcm2niix as judge of what is read: same values, spacing and places, for all real files that it converts.

Places are compared in the patient's space, as dcm2niix turns rows around. What cannot be compared is listed with its
reason; a file that is neither equal nor explained fails.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from app.domain.errors import Failed
from app.domain.recipe import Plane
from app.domain.study import Series
from app.imaging import nifti_writer, reader, series, slices, volume, walk
from app.imaging.picture import AXES
from tests.helpers.conversions import (
    LPS_TO_RAS,
    Conversion,
    convert,
    flips,
    grid_difference,
    native_voxels,
    on_our_grid,
)
from tests.helpers.pages import ct_page
from tests.helpers.real_data import real_data

pytestmark = [pytest.mark.judge, pytest.mark.real]

EVEN = ("ct_abdomen_C3L-00189", "mr_t1w_studyforrest_excerpt")
UNEVEN = ("mr_brain_fse_pd_oblique", "ct_head_ge_tilt_variable_spacing")
"""No single matrix fits these: steps of 6.93 to 7.07 mm, and of 1.08 to 7.00 mm with a tilt."""
AWKWARD = ("dicom2nifti/gantrytilting/001", "dicom2nifti/slicecount/001", "dicom2nifti/sliceincrement/001")


def _series(source: Path) -> list[Series]:
    studies = series.group(map(reader.look, walk.files([source])), b"secret")
    return [one for study in studies for one in study.series]


def _sizes(one: Series) -> tuple[int, int, int]:
    return one.instances[0].columns, one.instances[0].rows, len(one.instances)


def _compare_values(found: Conversion, one: Series, time: int = 0) -> None:
    turned = flips(grid_difference(found, one), _sizes(one))
    np.testing.assert_allclose(on_our_grid(found, turned, time), native_voxels(one), rtol=0, atol=found.unit)


@pytest.mark.parametrize("name", EVEN)
def test_an_even_series_has_the_same_values_spacing_and_affine(tmp_path: Path, name: str) -> None:
    source = real_data(f"dicom_series/{name}")
    (one,), (found,) = _series(source), convert(source, tmp_path / "out")
    grid = grid_difference(found, one)
    turned = flips(grid, _sizes(one))
    np.testing.assert_allclose(found.affine, LPS_TO_RAS @ volume.affine(one) @ turned, atol=1e-3)
    rows, columns, between = one.spacing_mm
    np.testing.assert_allclose(found.spacing, (columns, rows, between), atol=1e-3)
    _compare_values(found, one)


@pytest.mark.parametrize("name", UNEVEN)
def test_an_uneven_series_differs_by_the_distance_that_dcm2niix_takes_from_its_first_step(
    tmp_path: Path, name: str
) -> None:
    source = real_data(f"dicom_series/{name}")
    (one,) = _series(source)
    plain = [found for found in convert(source, tmp_path / "out") if not found.is_resampled]
    (found,) = plain
    turned = flips(grid_difference(found, one), _sizes(one))
    ours = LPS_TO_RAS @ volume.affine(one) @ turned
    np.testing.assert_allclose(found.affine[:3, [0, 1, 3]], ours[:3, [0, 1, 3]], atol=1e-3)
    lengths = np.linalg.norm(found.affine[:3, 2]), np.linalg.norm(ours[:3, 2])
    np.testing.assert_allclose(found.affine[:3, 2] / lengths[0], ours[:3, 2] / lengths[1], atol=1e-3)
    first, second = (instance.position_mm or 0.0 for instance in one.instances[:2])
    assert lengths[0] == pytest.approx(abs(second - first), abs=1e-3)
    np.testing.assert_allclose(found.spacing[:2], (one.spacing_mm[1], one.spacing_mm[0]), atol=1e-3)
    _compare_values(found, one)


@pytest.mark.parametrize("name", UNEVEN)
def test_our_affine_of_an_uneven_series_lies_nearer_to_what_the_headers_say(tmp_path: Path, name: str) -> None:
    source = real_data(f"dicom_series/{name}")
    (one,) = _series(source)
    (found,) = [found for found in convert(source, tmp_path / "out") if not found.is_resampled]
    turned = flips(grid_difference(found, one), _sizes(one))
    theirs = np.linalg.inv(LPS_TO_RAS) @ found.affine @ np.linalg.inv(turned)
    ours_mm, theirs_mm = _farthest_off(volume.affine(one), one), _farthest_off(theirs, one)
    assert ours_mm < theirs_mm / 1.5, (ours_mm, theirs_mm)


def _farthest_off(affine: NDArray[np.float64], one: Series) -> float:
    """The largest distance (mm) of a slice's first pixel from where its header has it."""
    headers = [pydicom.dcmread(instance.path, stop_before_pixels=True) for instance in one.instances]
    places = np.array([header.ImagePositionPatient for header in headers], np.float64)
    numbers = np.arange(len(headers))
    at = affine[:3, 3] + numbers[:, None] * affine[:3, 2]
    return float(np.linalg.norm(at - places, axis=1).max())


@pytest.mark.parametrize("name", UNEVEN)
def test_our_affine_ends_where_the_last_slice_lies(name: str) -> None:
    (one,) = _series(real_data(f"dicom_series/{name}"))
    last = pydicom.dcmread(one.instances[-1].path, stop_before_pixels=True)
    end = volume.affine(one) @ (0, 0, len(one.instances) - 1, 1)
    np.testing.assert_allclose(end[:3], [float(v) for v in last.ImagePositionPatient], atol=1e-3)


def test_time_points_are_the_same_volumes_in_the_same_order(tmp_path: Path) -> None:
    source = real_data("dicom_series/mr_fmri_ge_4d")
    points, (found,) = _series(source), convert(source, tmp_path / "out")
    assert found.voxels is not None
    assert found.voxels.shape[3] == len(points) == 10
    for time, one in enumerate(points):
        turned = flips(grid_difference(found, one), _sizes(one))
        np.testing.assert_allclose(found.affine, LPS_TO_RAS @ volume.affine(one) @ turned, atol=1e-3)
        np.testing.assert_allclose(found.spacing, np.take(one.spacing_mm, (1, 0, 2)), atol=1e-3)
        _compare_values(found, one, time)


@pytest.mark.parametrize("name", AWKWARD)
def test_short_and_crooked_series_have_the_same_values_and_planes(tmp_path: Path, name: str) -> None:
    source = real_data(f"dicom_robustness/{name}")
    (one,) = _series(source)
    (found,) = [found for found in convert(source, tmp_path / "out") if not found.is_resampled]
    ours = LPS_TO_RAS @ volume.affine(one) @ flips(grid_difference(found, one), _sizes(one))
    np.testing.assert_allclose(found.affine[:3, [0, 1, 3]], ours[:3, [0, 1, 3]], atol=1e-3)
    assert one.warnings
    _compare_values(found, one)


@pytest.mark.parametrize("name", EVEN)
def test_a_conversion_read_back_shows_the_same_planes(tmp_path: Path, name: str) -> None:
    """RAS to LPS: the NIfTI file that dcm2niix made and the DICOM series behind it are one volume."""
    source = real_data(f"dicom_series/{name}")
    (one,), (found,) = _series(source), convert(source, tmp_path / "out")
    (back,) = _series(found.path)
    for plane in (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL):
        middle = slices.slice_count(one, plane) // 2
        ours, theirs = slices.load_slice(one, middle, plane), slices.load_slice(back, middle, plane)
        np.testing.assert_allclose(theirs.pixels, ours.pixels, rtol=0, atol=found.unit)
        assert theirs.spacing_mm == pytest.approx(ours.spacing_mm, abs=1e-3)
        assert slices.edge_letters(back, plane) == slices.edge_letters(one, plane)
    here, there = volume.load(one), volume.load(back)
    middle = slices.slice_count(one, Plane.AXIAL) // 2
    assert there.point(Plane.AXIAL, middle, 5, 9) == pytest.approx(here.point(Plane.AXIAL, middle, 5, 9), abs=2e-3)


@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL])
def test_what_we_write_comes_back_in_its_place(tmp_path: Path, plane: Plane) -> None:
    """LPS to RAS: our own NIfTI file, through nibabel's RAS, is where it was meant to be, and upright."""
    page = ct_page(plane=plane)
    path = tmp_path / "a.nii.gz"
    nifti_writer.write(path, page)
    (one,) = _series(path)
    matrix = volume.affine(one)
    row_mm, column_mm = page.picture.spacing_mm or (0.0, 0.0)
    np.testing.assert_allclose(matrix[:3, 0], np.multiply(AXES[plane][0], column_mm), atol=1e-3)
    np.testing.assert_allclose(matrix[:3, 1], np.multiply(AXES[plane][1], row_mm), atol=1e-3)
    rows, columns = page.picture.pixels.shape
    middle = matrix @ ((columns - 1) / 2, (rows - 1) / 2, 0, 1)
    across = np.cross(*AXES[plane])
    np.testing.assert_allclose(middle[:3], across * page.picture.offset_mm, atol=1e-3)
    low, high = page.picture.window
    expected = np.clip(page.picture.pixels, low, high)
    np.testing.assert_allclose(slices.load_slice(one, 0).pixels, expected, atol=0.5)


DIFFERENT = {
    "CTImage.dcm_JPEGProcess14TransferSyntax_1.2.840.10008.1.2.4.57.dcm": "dcm2niix decodes this JPEG wrongly: "
    "the uncompressed original beside it has our values",
    "JLSL_16_15_1_1F.dcm": "signed values of 15 bits, whose sign dcm2niix leaves out: equal but for 2^15",
}
"""Files of which dcm2niix says something else, and why; both reasons are checked below."""


def test_every_awkward_file_that_dcm2niix_converts_agrees_or_is_explained(
    tmp_path: Path,
) -> None:
    """With ``-s`` or ``-rP`` it prints the verdict on every file."""
    folder = real_data("dicom_robustness")
    paths = [path for path in walk.files([folder]) if path.suffix != ".csv"]
    verdicts = {path: _verdict(path, tmp_path / str(number)) for number, path in enumerate(paths)}
    for path, verdict in verdicts.items():
        print(f"  {path.relative_to(folder).as_posix():96} {verdict}")
    counts = Counter("equal" if verdict.startswith("equal") else "explained" for verdict in verdicts.values())
    assert counts["equal"] >= 65
    assert not [f"{path.name}: {verdict}" for path, verdict in verdicts.items() if verdict.startswith("DIFFERENT")]


def _verdict(path: Path, out: Path) -> str:
    """How our reading of one file compares to dcm2niix's."""
    found = [one for one in convert(path, out, "-s", "y") if "_ROI" not in one.path.stem]
    try:
        ours = _series(path)
        voxels = native_voxels(ours[0])
    except Failed as failed:
        return f"not compared: set aside here ({failed.code})"
    if not found or found[0].is_empty:
        return "not compared: dcm2niix converts nothing"
    if len(found) > 1 or len(ours) > 1:
        return f"DIFFERENT: {len(found)} conversions of {len(ours)} series"
    return _judged(path, found[0], ours[0], voxels)


def _judged(path: Path, found: Conversion, one: Series, voxels: np.ndarray) -> str:
    header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    if meaning := _other_meaning(header):
        return f"not compared: {meaning}"
    if found.voxels is None:
        return "DIFFERENT: dcm2niix wrote less than it promised"
    turned = np.diag([1.0, -1.0, 1.0, 1.0])
    places = "values only, the file has no places"
    if one.orientation:
        turned = flips(grid_difference(found, one), _sizes(one))
        ours = LPS_TO_RAS @ volume.affine(one) @ turned
        if not np.allclose(found.affine[:3, [0, 1, 3]], ours[:3, [0, 1, 3]], atol=1e-3):
            return "DIFFERENT: lies elsewhere"
        places = "values and places"
    theirs = on_our_grid(found, turned)
    if theirs.shape != voxels.shape:
        return f"DIFFERENT: {theirs.shape} voxels, ours {voxels.shape}"
    padding = header.get("PixelPaddingValue")
    if padding is not None:
        value = float(padding) * float(header.get("RescaleSlope", 1)) + float(header.get("RescaleIntercept", 0))
        darkened = (theirs == value) & (voxels != theirs)
        if (voxels[darkened] != voxels.min()).any():
            return "DIFFERENT: padding is neither what the file says nor background"
        theirs = np.where(darkened, voxels, theirs)
        places += ", bright padding as background" if darkened.any() else ""
    return _of_values(path, theirs - voxels, found.unit, places)


def _other_meaning(header: pydicom.Dataset) -> str:
    """Why dcm2niix's values mean something else than ours by design; "" where they mean the same."""
    photometric = str(header.get("PhotometricInterpretation", ""))
    if photometric == "PALETTE COLOR":
        return "dcm2niix leaves the numbers of colours, we show their brightness"
    if photometric == "MONOCHROME1":
        return "dcm2niix leaves dark and bright swapped, we turn them"
    if int(header.get("SamplesPerPixel") or 1) > 1:
        return "dcm2niix keeps colours, we show their brightness"
    return ""


def _of_values(path: Path, difference: np.ndarray, unit: float, places: str) -> str:
    most = float(np.abs(difference).max())
    if most <= unit * 1.001:
        return f"equal: {places}"
    if path.name == "JLSL_16_15_1_1F.dcm" and not (difference % 2**15).any():
        return f"not compared: {DIFFERENT[path.name]}"
    if path.name in DIFFERENT and not _differs_from_original(path):
        return f"not compared: {DIFFERENT[path.name]}"
    return f"DIFFERENT: by up to {most:g} (one stored unit is {unit:g})"


def _differs_from_original(path: Path) -> bool:
    original = path.with_name("CTImage.dcm")
    return not np.array_equal(native_voxels(_series(path)[0]), native_voxels(_series(original)[0]))
