"""Heads are recognised and lose their face, not their brain; what is not certain is never called checked."""

from __future__ import annotations

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from app.deid import faces, faces_preview
from app.deid.faces import FaceReport, Kind
from app.deid.faces_grid import resampled
from app.imaging import native, reader, series, volume, walk
from app.imaging.volume import Volume
from tests.helpers import head_phantom
from tests.helpers.head_phantom import Head, Scan
from tests.helpers.real_data import real_data

SKIN = {"CT": -300.0, "T1": 60.0, "T2": 60.0, "FLAIR": 60.0}
LOST_AT_MOST = 0.01
WAYS = {
    "ct": Scan(),
    "ct, tilted gantry": Scan(tilt=18.0, spacing=(4.0, 2.0, 2.0)),
    "ct, chin down": Scan(nod=20.0),
    "t1, sagittal, head turned": Scan("T1", spacing=(2.0, 2.0, 2.0), plane="sagittal", turn=10.0, lean=6.0),
    "t2, coronal": Scan("T2", spacing=(4.0, 2.0, 2.0), plane="coronal"),
    "flair, thick axial slices": Scan("FLAIR", spacing=(6.0, 1.5, 1.5)),
}


def modality(how: Scan) -> str:
    return "CT" if how.contrast == "CT" else "MR"


def found(head: Head, how: Scan, body_part: str = "") -> FaceReport:
    return faces.examine(head.values, head.affine, modality=modality(how), body_part=body_part)


def as_volume(head: Head, how: Scan) -> Volume:
    return Volume(head.values, 1.0, 0.0, head.affine, "HU" if how.contrast == "CT" else "", (0.0, 1.0), "1")


def skin(values: NDArray[np.float32], affine: NDArray[np.float64], limit: float) -> NDArray[np.float32]:
    return faces_preview.skin_depth(resampled(values, affine, 2.0), limit, "front")


def relief(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """What stands out of the surface around it."""
    filled = np.nan_to_num(depth, nan=float(np.nanmax(depth)))
    return filled - np.median(filled, axis=1, keepdims=True)


@pytest.mark.parametrize("way", WAYS)
def test_a_head_loses_its_face_and_keeps_its_brain(way: str) -> None:
    how = WAYS[way]
    head = head_phantom.scan(list(WAYS).index(way), how)
    report = found(head, how)
    assert report.kind is Kind.HEAD, report.why
    assert report.mask is not None
    assert (head.brain & report.mask).sum() < LOST_AT_MOST * head.brain.sum()
    defaced = faces.deface(as_volume(head, how), report).voxels
    x, y, z = head.own
    face = (np.abs(x) < 40) & (y < -86) & (z < -24) & (z > -118)
    assert ((head.values > SKIN[how.contrast]) & face).sum() > 100, "the phantom has no face"
    assert not ((defaced > SKIN[how.contrast]) & face).any()
    kept = ~report.mask
    assert np.array_equal(defaced[kept], head.values[kept])
    ears = (np.abs(x) > 80) & (np.abs(y) < 25) & (z < -10) & (z > -70)
    assert ((defaced > SKIN[how.contrast]) & ears).sum() <= 0.1 * ((head.values > SKIN[how.contrast]) & ears).sum()


def test_nothing_of_the_relief_is_left_to_render_and_the_air_before_it_is_even() -> None:
    how = Scan("T1", noise=3.0)
    head = head_phantom.scan(11, how)
    report = found(head, how)
    after = faces.deface(as_volume(head, how), report).voxels
    assert report.mask is not None
    assert len(np.unique(after[report.mask])) == 1
    assert 0 <= report.background < SKIN["T1"]
    before_depth, after_depth = (skin(values, head.affine, SKIN["T1"]) for values in (head.values, after))
    rows = slice(*(int((z - how.low[2]) / 2) for z in (-85.0, -25.0)))
    middle = slice(*(int((x - how.low[0]) / 2) for x in (-40.0, 40.0)))
    was, left = (relief(depth[rows, middle]).ravel() for depth in (before_depth, after_depth))
    assert was.std() > 4
    assert abs(np.corrcoef(was, left)[0, 1]) < 0.4
    assert float(np.nanmin(after_depth[rows, middle]) - np.nanmin(before_depth[rows, middle])) > 25


def test_the_head_at_the_end_of_a_body_is_found_table_and_all() -> None:
    how = Scan(body=True, table=True, low=(-220, -150, -520.0), high=(220, 160, 100.0), spacing=(5.0, 4.0, 4.0))
    head = head_phantom.scan(5, how)
    report = found(head, how)
    assert report.kind is Kind.HEAD, report.why
    assert report.mask is not None
    assert (head.brain & report.mask).sum() < 2 * LOST_AT_MOST * head.brain.sum()
    assert not report.mask[head.own[2] < -260].any()


def test_the_same_volume_gives_the_same_mask() -> None:
    how = Scan("T2", spacing=(5.0, 3.0, 3.0))
    head = head_phantom.scan(3, how)
    first, second = found(head, how), found(head, how)
    assert first.mask is not None
    assert second.mask is not None
    assert np.array_equal(first.mask, second.mask)


def test_defacing_again_takes_no_brain() -> None:
    how = Scan("T1", spacing=(4.0, 2.0, 2.0))
    head = head_phantom.scan(4, how)
    once = faces.deface(as_volume(head, how), found(head, how)).voxels
    again = faces.examine(once, head.affine, modality="MR")
    assert again.kind is not Kind.NO_HEAD
    if again.mask is not None:
        assert (head.brain & again.mask).sum() < LOST_AT_MOST * head.brain.sum()


def test_a_head_that_faces_against_its_geometry_is_not_called_checked() -> None:
    how = Scan(turn=180.0, spacing=(4.0, 2.0, 2.0))
    assert found(head_phantom.scan(0, how), how).kind is Kind.UNSURE


def test_a_ball_is_no_head() -> None:
    z, y, x = np.indices((60, 70, 70)) * 3.0 - 100
    ball = np.where(x**2 + y**2 + z**2 < 85**2, 40.0, -1000.0).astype(np.float32)
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    assert faces.examine(ball, affine, modality="CT").kind is Kind.UNSURE
    assert faces.examine(ball + 1000, affine, modality="MR", body_part="HEAD").kind is Kind.UNSURE
    assert faces.examine(ball + 1000, affine, modality="MR", body_part="Knee").kind is Kind.NO_HEAD


@pytest.mark.parametrize(
    ("normal", "slices", "kind"),
    [("axial", 3, Kind.NO_HEAD), ("coronal", 3, Kind.NO_HEAD), ("sagittal", 1, Kind.UNSURE)],
)
def test_a_few_slices_show_no_face_unless_they_show_its_profile(normal: str, slices: int, kind: Kind) -> None:
    columns, rows = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}[normal]
    affine = np.zeros((4, 4))
    affine[columns, 0] = affine[rows, 1] = affine[3, 3] = 1.0
    affine[3 - columns - rows, 2] = 5.0
    report = faces.examine(np.zeros((slices, 64, 64), np.float32), affine, modality="MR", body_part="KNEE")
    assert report.kind is kind


@pytest.mark.parametrize(
    ("code", "part", "kind"),
    [("DX", "", Kind.NO_HEAD), ("PT", "", Kind.UNSURE), ("PT", "PROSTATE", Kind.NO_HEAD), ("OT", "HEAD", Kind.UNSURE)],
)
def test_other_modalities(code: str, part: str, kind: Kind) -> None:
    report = faces.examine(np.zeros((40, 8, 8), np.float32), np.eye(4), modality=code, body_part=part)
    assert report.kind is kind


@pytest.mark.parametrize("broken", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.diag([1e6, 1e6, 1e6, 1.0])])
def test_a_geometry_that_cannot_be_is_unsure(broken: NDArray[np.float64]) -> None:
    assert faces.examine(np.ones((9, 9, 9), np.float32), broken, modality="CT").kind is Kind.UNSURE


def test_air_alone_is_unsure() -> None:
    assert faces.examine(np.full((30, 9, 9), -1000, np.float32), np.eye(4) * 4, modality="CT").kind is Kind.UNSURE


def test_an_unsure_report_defaces_nothing() -> None:
    one = as_volume(Head(np.zeros((2, 2, 2), np.float32), np.eye(4), np.zeros(1), np.zeros(1)), Scan())
    assert faces.deface(one, FaceReport(Kind.NO_HEAD)) is one
    with pytest.raises(ValueError, match="claimed"):
        faces.deface(one, FaceReport(Kind.UNSURE))


def test_stored_values_keep_their_type_and_get_air() -> None:
    mask = np.zeros((2, 2, 2), np.bool_)
    mask[0] = True
    stored = Volume(np.full((2, 2, 2), 900, np.int16), 1.0, -1024.0, np.eye(4), "HU", (0.0, 1.0), "1")
    changed = faces.deface(stored, FaceReport(Kind.HEAD, mask, "", -1000.0))
    assert changed.voxels.dtype == np.int16
    assert changed.voxels[0].max() == 24
    assert changed.voxels[1].min() == 900
    assert stored.voxels.min() == 900
    unsigned = replace(stored, voxels=np.full((2, 2, 2), 900, np.uint16), intercept=0.0)
    assert faces.deface(unsigned, FaceReport(Kind.HEAD, mask, "", -1000.0)).voxels[0].max() == 0


@pytest.mark.real
@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("ct_head_ge_tilt_variable_spacing", Kind.HEAD),
        ("mr_brain_fse_pd_oblique", Kind.HEAD),
        ("ct_abdomen_C3L-00189", Kind.NO_HEAD),
    ],
)
def test_real_series(folder: str, kind: Kind) -> None:
    records = map(reader.read, walk.files([real_data(f"dicom_series/{folder}")]))
    (one,) = [one for study in series.group(records, b"secret") for one in study.series]
    voxels = np.stack([native.load(one, number).pixels for number in range(len(one.instances))])
    affine = volume.affine(one)
    report = faces.examine(voxels, affine, modality=one.modality)
    assert report.kind is kind, report.why
    if report.mask is None:
        return
    limit = -300.0 if one.modality == "CT" else 0.12 * float(np.percentile(voxels, 97))
    depths = [skin(values, affine, limit) for values in (voxels, np.where(report.mask, report.background, voxels))]
    foremost = [float(np.nanmin(depth)) for depth in depths]
    assert foremost[1] > foremost[0] + 5, "the nose still stands out"  # the forehead is foremost then
    assert 0.05 < report.mask.mean() < 0.4


@pytest.mark.real
@pytest.mark.parametrize("name", ["MR_Gd", "FLAIR"])
def test_a_brain_that_was_taken_out_before_has_no_face(name: str) -> None:
    image = nib.load(real_data(f"nifti/{name}.nii.gz"))
    voxels = np.asarray(image.dataobj, dtype=np.float32).transpose(2, 1, 0)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    assert faces.examine(voxels, affine, modality="MR").kind is Kind.NO_HEAD
