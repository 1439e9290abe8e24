"""Real scanners' files, read in place."""

import csv
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import Failed, Refused
from app.domain.recipe import Plane
from app.domain.study import Series
from app.imaging import dicom_reader, reader, series, slices, walk
from tests.helpers.real_data import real_data

pytestmark = pytest.mark.real


def _series(path: Path) -> list[Series]:
    return [one for study in series.group(map(reader.read, walk.files([path])), b"secret") for one in study.series]


def test_a_tilted_uneven_head_says_so_and_keeps_its_native_plane() -> None:
    (one,) = _series(real_data("dicom_series/ct_head_ge_tilt_variable_spacing"))
    assert len(one.instances) == 28
    assert any("tilted gantry (18.5°)" in warning for warning in one.warnings)
    assert any("varies from 1.08 to 7.00 mm" in warning for warning in one.warnings)
    with pytest.raises(Refused):
        slices.slice_count(one, Plane.CORONAL)


def test_a_time_series_is_no_volume() -> None:
    found = _series(real_data("dicom_series/mr_fmri_ge_4d"))
    assert [len(one.instances) for one in found] == [15] * 10
    assert all(one.warnings == () for one in found)


@pytest.mark.parametrize(
    ("name", "count", "between"),
    [
        ("ct_abdomen_C3L-00189", 35, 5.0),
        ("mr_brain_fse_pd_oblique", 20, 6.97),
        ("mr_t1w_studyforrest_excerpt", 64, 0.667),
    ],
)
def test_even_series_are_volumes(name: str, count: int, between: float) -> None:
    (one,) = _series(real_data(f"dicom_series/{name}"))
    assert len(one.instances) == slices.slice_count(one, Plane.AXIAL) == count
    assert one.warnings == ()
    assert one.spacing_mm[2] == pytest.approx(between, abs=0.01)
    middle = slices.load_slice(one, slices.slice_count(one, Plane.SAGITTAL) // 2, Plane.SAGITTAL)
    assert middle.pixels.shape[0] == count
    assert middle.pixels.std() > 10


def test_ct_is_in_hounsfield_units() -> None:
    (one,) = _series(real_data("dicom_series/ct_abdomen_C3L-00189"))
    pixels = slices.load_slice(one, len(one.instances) // 2).pixels
    assert one.unit == "HU"
    values, counts = np.unique(np.round(pixels[(pixels > 0) & (pixels < 150)] / 10) * 10, return_counts=True)
    assert 30 <= values[counts.argmax()] <= 120  # enhanced soft tissue


def test_all_48_orientations_are_one_head() -> None:
    paths = sorted(real_data("nifti/orientations").glob("*.nii.gz"))
    assert len(paths) == 48
    expected = None
    for path in paths:
        (one,) = _series(path)
        cuts = [slices.load_slice(one, 33, Plane.AXIAL), slices.load_slice(one, 20, Plane.SAGITTAL)]
        expected = expected or cuts
        for cut, reference in zip(cuts, expected, strict=True):
            np.testing.assert_array_equal(cut.pixels, reference.pixels)
            assert cut.spacing_mm == pytest.approx(reference.spacing_mm, rel=1e-4)


def test_lossless_codings_of_one_image_are_equal() -> None:
    folder = real_data("dicom_robustness/cornerstoneWADOImageLoader")
    reference = dicom_reader.load(folder / "CTImage.dcm", 0).pixels
    tissue = (reference > -200) & (reference < 1000)
    lossless = (
        "1.2.dcm",
        "1.2.1.dcm",
        "1.2.2.dcm",
        "1.99.dcm",
        "1.2.5.dcm",
        "4.57.dcm",
        "4.70.dcm",
        "4.80.dcm",
        "4.90.dcm",
    )
    twelve_bit = ("4.51.dcm", "4.53.dcm", "4.55.dcm", "4.81.dcm", "4.91.dcm")
    compared = 0
    for path in folder.iterdir():
        if path.name.endswith(lossless):
            np.testing.assert_array_equal(dicom_reader.load(path, 0).pixels, reference)
        elif path.name.endswith(twelve_bit):
            assert np.abs(dicom_reader.load(path, 0).pixels - reference)[tissue].mean() < 5
        else:
            continue
        compared += 1
    assert compared == 14


def test_every_awkward_file_ends_as_picture_or_with_a_sentence() -> None:
    folder = real_data("dicom_robustness")
    with (folder / "manifest.csv").open() as table:
        rows = list(csv.DictReader(table))
    outcomes = {row["file"]: _outcome(folder / row["file"]) for row in rows}
    assert sum(outcome == "picture" for outcome in outcomes.values()) >= 112
    for row in rows:
        outcome = outcomes[row["file"]]
        if row["pixels_pydicom_3.0.2_pylibjpeg"] == "ok":
            assert outcome in ("picture", "kept-object", "not-a-picture"), row["file"]


def _outcome(path: Path) -> str:
    """ "picture", or the code of the sentence that says why not."""
    try:
        content = reader.read(path)
    except Failed as failed:
        return failed.code if str(failed).endswith(".") else "no sentence"
    image = dicom_reader.load(path, 0)
    assert image.pixels.shape == (content.frames[0].rows, content.frames[0].columns)
    assert np.isfinite(image.pixels).all()
    assert image.default_window[0] < image.default_window[1]
    return "picture"
