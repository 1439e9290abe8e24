"""Real images on their way out: what is seen in their pixels decides what leaves, in every format alike."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw
from pydicom.uid import ExplicitVRBigEndian, RLELossless

from app.deid import faces
from app.domain.errors import Failed, Refused
from app.domain.export import ExportRequest, Format, Include
from app.imaging import dicom_parse, redaction
from app.store.project import Project
from app.worker import export_inspect
from app.worker.channel import RecordingChannel
from app.worker.export import export
from app.worker.export_check import check
from app.worker.export_inspect import NONE_FOUND, NOT_CHECKED, REDACTED, Inspector
from tests.helpers.planted import planted_ct
from tests.helpers.projects import Ground

FORMATS = (Format.PNG, Format.DICOM)
BOX = (slice(4, 10), slice(6, 20))


def request(out: Path, **more) -> ExportRequest:
    return ExportRequest(str(out), None, "trial", FORMATS, (Include.REAL,), splits=("val",), **more)


def chosen(ground: Ground):
    return [item for item in ground.cohort.items if item.split == "val"]


def brightest(pixels) -> float:
    """Tells the slices of the ground apart."""
    return float(np.sort(pixels, axis=None)[-5:].sum())


@pytest.fixture
def one_has_text(ground: Ground, monkeypatch: pytest.MonkeyPatch):
    """One image seems to hold text, another cannot be checked; gives their sources."""
    with_text, odd = (item.source for item in chosen(ground)[:2])
    marks = {brightest(pydicom.dcmread(source).pixel_array - 100.0): source for source in (with_text, odd)}

    def text_of(_self, image, _known, _regions):
        source = marks.get(brightest(image.pixels))
        if source == with_text:
            mask = np.zeros(image.pixels.shape, dtype=np.bool_)
            mask[BOX] = True
            return REDACTED, mask
        return (NOT_CHECKED if source == odd else NONE_FOUND), None

    monkeypatch.setattr(Inspector, "text_of", text_of)
    return with_text, odd


def originals(out: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted((out / "real/dicom").rglob("IM*"))]


def test_maximum_blacks_text_out_everywhere_and_keeps_back_what_was_not_checked(
    ground: Ground, ground_project: Project, one_has_text, tmp_path: Path
) -> None:
    with_text, odd = one_has_text
    result = export(ground_project, request(tmp_path / "out"), RecordingChannel())
    every = chosen(ground)
    assert sum(result["real_per_class"].values()) == len(every) - 1
    assert result["left_out"] == 1
    left = {dataset.pixel_array.tobytes() for dataset in originals(tmp_path / "out")}
    source = pydicom.dcmread(with_text).pixel_array
    covered = source.copy()
    covered[BOX] = source.min()
    assert covered.tobytes() in left
    assert not left & {source.tobytes(), pydicom.dcmread(odd).pixel_array.tobytes()}
    pictures = [np.asarray(Image.open(path)) for path in (tmp_path / "out").rglob("real/**/*.png")]
    assert len(pictures) == len(every) - 1
    assert sum(bool((pixels[BOX] == pixels[BOX].min()).all()) for pixels in pictures) == 1
    told = json.loads((tmp_path / "out" / "manifest.json").read_text())["deidentification"]
    assert told["text"] == {"none-found": len(every) - 2, "redacted": 1}
    assert list(told["left_out"]) == [export_inspect.STAYS["text"]]


def test_research_lets_it_leave_and_tells_the_truth(
    ground: Ground, ground_project: Project, one_has_text, tmp_path: Path
) -> None:
    asked = request(tmp_path / "out", profile="research", reason="Agreed with the data protection officer.")
    export(ground_project, asked, RecordingChannel())
    assert json.loads(ground_project.exports_log.read_text())["overrides"] == [asked.reason]
    left = originals(tmp_path / "out")
    assert Counter(one.PatientIdentityRemoved for one in left) == {"YES": len(chosen(ground)) - 1, "NO": 1}
    odd = pydicom.dcmread(one_has_text[1]).pixel_array
    (unchecked,) = [one for one in left if one.PatientIdentityRemoved == "NO"]
    assert np.array_equal(unchecked.pixel_array, odd)
    assert any("NOT checked for burned-in text" in line for line in unchecked.DeidentificationMethod)
    said = Counter(Image.open(path).text["BurnedInText"] for path in (tmp_path / "out").rglob("real/**/*.png"))
    assert said == {"none-found": len(chosen(ground)) - 2, "redacted": 1, "not-checked": 1}


def test_nothing_leaves_where_nothing_could_be_checked(
    ground_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Inspector, "text_of", lambda _self, _image, _known, _regions: (NOT_CHECKED, None))
    with pytest.raises(Refused) as refusal:
        export(ground_project, request(tmp_path / "out"), RecordingChannel())
    assert refusal.value.code == "nothing-was-checked"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ground"]


def test_a_picture_is_looked_at_once(
    ground: Ground, ground_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looks: list[int] = []

    def count(_self, image, _known, _regions):
        looks.append(1)
        mask = np.zeros(image.pixels.shape, dtype=np.bool_)
        mask[BOX] = True
        return REDACTED, mask

    monkeypatch.setattr(Inspector, "text_of", count)
    export(ground_project, request(tmp_path / "one"), RecordingChannel())
    export(ground_project, request(tmp_path / "two"), RecordingChannel())
    assert len(looks) == len(chosen(ground))
    first, second = ((tmp_path / name / "manifest.json").read_bytes() for name in ("one", "two"))
    assert first == second


def test_another_project_gives_no_identifier_in_common(
    ground: Ground, ground_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Inspector, "text_of", lambda _self, _image, _known, _regions: (NONE_FOUND, None))
    export(ground_project, request(tmp_path / "one", profile="research"), RecordingChannel())
    ground_project._secret = b"another project altogether, at least thirty-two bytes"
    export(ground_project, request(tmp_path / "two", profile="research"), RecordingChannel())
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID", "StudyDate")
    one, two = ({str(d[k].value) for d in originals(tmp_path / n) for k in keywords if k in d} for n in ("one", "two"))
    assert one
    assert not one & two


def test_the_real_finder_finds_a_name_and_covers_it(ground: Ground, ground_project: Project, tmp_path: Path) -> None:
    item = next(item for item in ground.cohort.items if item.split == "val")
    series = export_inspect_series(ground_project, item.series)
    picture = Image.new("L", (160, 96), 20)
    ImageDraw.Draw(picture).text((8, 30), "ZEBROWSKI", fill=250, font_size=22)
    path = planted_ct(tmp_path / "written.dcm", pixels=np.asarray(picture, dtype=np.int16), number=77)
    instance = replace(series.instances[0], path=str(path), sha256="", rows=96, columns=160)
    written = replace(series, instances=(instance,))
    inspector = Inspector(export_inspect.Memory(ground_project), lambda: None)
    seen = inspector.inspect(written, [0], {"Zebrowski"})
    assert seen.check([0]).text == REDACTED
    assert seen.hidden[0][34:48, 12:100].mean() > 0.9
    assert seen.hidden[0].mean() < 0.5


def test_what_lies_around_the_regions_of_an_ultrasound_picture_goes(
    ground: Ground, ground_project: Project, tmp_path: Path
) -> None:
    path = planted_ct(tmp_path / "sweep.dcm", pixels=np.full((96, 160), 90, dtype=np.int16), number=78)
    dataset = pydicom.dcmread(path)
    region, without_edges = pydicom.Dataset(), pydicom.Dataset()
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 20, 30
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 139, 89
    dataset.SequenceOfUltrasoundRegions = [region, without_edges]
    dataset.save_as(path)
    series = export_inspect_series(ground_project, ground.cohort.items[0].series)
    instance = replace(series.instances[0], path=str(path), sha256="", rows=96, columns=160)
    sweep = replace(series, modality="US", instances=(instance,))
    seen = Inspector(export_inspect.Memory(ground_project), lambda: None).inspect(sweep, [0], set())
    assert seen.check([0]).text == REDACTED
    outside = np.ones((96, 160), dtype=np.bool_)
    outside[30:90, 20:140] = False
    np.testing.assert_array_equal(seen.hidden[0], outside)


def export_inspect_series(project: Project, key: str):
    from app.store.library import Library

    return Library(project).series(key)


@pytest.mark.parametrize("syntax", [None, RLELossless, ExplicitVRBigEndian])
def test_redaction_rewrites_nothing_but_what_is_hidden(tmp_path: Path, syntax) -> None:
    path = planted_ct(tmp_path / "a.dcm")
    dataset = dicom_parse.whole(path)
    if syntax == RLELossless:
        dataset.compress(RLELossless)
        dataset.save_as(path)
    elif syntax is not None:
        stored = dataset.pixel_array
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = stored.astype(">i2").tobytes()
        plain = pydicom.Dataset({e.tag: e for e in dataset if e.tag.group < 0x6000 or e.tag.group == 0x7FE0})
        plain.file_meta = dataset.file_meta
        plain.save_as(path, little_endian=False, implicit_vr=False, enforce_file_format=True)
    before = dicom_parse.whole(path)
    was, digest = before.pixel_array.copy(), redaction.digest(before)
    mask = np.zeros((16, 16), dtype=np.bool_)
    mask[2:5, 3:9] = True
    redaction.redact(before, {0: mask})
    assert redaction.digest(before) != digest
    before.save_as(tmp_path / "b.dcm", enforce_file_format=True)
    after = pydicom.dcmread(tmp_path / "b.dcm").pixel_array
    assert (after[mask] == was.min()).all()
    assert np.array_equal(after[~mask], was[~mask])


def test_the_dry_run_says_what_the_export_then_does(
    ground: Ground, ground_project: Project, one_has_text, tmp_path: Path
) -> None:
    asked = replace(request(tmp_path / "out"), samples=ground.samples, include=(Include.REAL, Include.SYNTHETIC))
    report = check(ground_project, asked, RecordingChannel(), every_pixel=True)
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["ground"]
    every = chosen(ground)
    assert (report.originals, report.pixels_checked, report.with_text) == (len(every), len(every), 1)
    assert report.left_out[export_inspect.STAYS["text"]] == 1
    assert report.fired["pseudonym"] >= len(every)
    for name in (report.html, report.pdf):
        assert (ground_project.root / name).stat().st_size > 2_000
    page = (ground_project.root / report.html).read_text()
    assert report.plan_sha256 in page
    assert "Name" in page
    result = export(ground_project, asked, RecordingChannel())
    assert result["plan_sha256"] == report.plan_sha256
    told = json.loads((tmp_path / "out" / "manifest.json").read_text())["deidentification"]
    assert told["fired"]["pseudonym"] < report.fired["pseudonym"]  # one image stayed
    assert json.loads(ground_project.exports_log.read_text())["plan_sha256"] == report.plan_sha256


def test_a_dry_run_of_a_sample_says_so(
    ground: Ground, ground_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Inspector, "text_of", lambda _self, _image, _known, _regions: (NONE_FOUND, None))
    report = check(
        ground_project, replace(request(tmp_path / "out"), splits=("train", "val", "test")), RecordingChannel()
    )
    assert report.pixels_checked < report.pixels_total == len(ground.cohort.items)
    assert any("looked at for text" in notice for notice in report.notices)


def test_a_face_goes_from_the_file_and_from_the_picture(
    ground: Ground, ground_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def head(voxels, _affine, **_facts):
        mask = np.zeros(voxels.shape, dtype=np.bool_)
        mask[(slice(None), *BOX)] = True
        return faces.FaceReport(faces.Kind.HEAD, mask, "A head was found.")

    monkeypatch.setattr(faces, "examine", head)
    monkeypatch.setattr(Inspector, "text_of", lambda _self, _image, _known, _regions: (NONE_FOUND, None))
    export(ground_project, request(tmp_path / "out"), RecordingChannel())
    left = originals(tmp_path / "out")
    assert len(left) == len(chosen(ground))
    assert all((one.pixel_array[BOX] == one.pixel_array.min()).all() for one in left)
    assert {one.PatientIdentityRemoved for one in left} == {"YES"}
    for path in (tmp_path / "out").rglob("real/**/*.png"):
        pixels = np.asarray(Image.open(path))
        assert (pixels[BOX] == pixels.min()).all()


def test_a_head_that_nobody_is_sure_of_stays(
    ground_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unsure = faces.FaceReport(faces.Kind.UNSURE, why="Its geometry cannot be right.")
    monkeypatch.setattr(faces, "examine", lambda *_arrays, **_facts: unsure)
    monkeypatch.setattr(Inspector, "text_of", lambda _self, _image, _known, _regions: (NONE_FOUND, None))
    with pytest.raises(Refused) as refusal:
        export(ground_project, request(tmp_path / "out"), RecordingChannel())
    assert refusal.value.code == "nothing-was-checked"


def other_pixels(dataset: pydicom.Dataset) -> None:
    dataset.PixelData = bytes(len(dataset.PixelData))


def a_name(dataset: pydicom.Dataset) -> None:
    dataset.ImageComments = "this is Ottilie Zebrowski"


@pytest.mark.parametrize(("spoil", "code"), [(other_pixels, "export-not-verified"), (a_name, "identity-in-export")])
def test_a_file_that_is_not_what_was_cleaned_is_caught_before_it_leaves(
    ground_project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spoil, code
) -> None:
    def write(_self, cleaned, path):
        spoil(cleaned.dataset)
        cleaned.dataset.save_as(path, enforce_file_format=True)

    monkeypatch.setattr(Inspector, "text_of", lambda _self, _image, _known, _regions: (NONE_FOUND, None))
    monkeypatch.setattr("app.deid.header.Deidentifier.write", write)
    with pytest.raises(Failed) as failure:
        export(ground_project, replace(request(tmp_path / "out"), splits=("train",)), RecordingChannel())
    assert failure.value.code == code
    assert not (tmp_path / "out").exists()
