"""An export as a whole: what leaves, what stays, and that nothing else does."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import zipfile
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from PIL import Image

from app import compose
from app.domain.errors import BadUsage, Failed, Refused, Stopped
from app.domain.export import ExportRequest, Format, Include
from app.jobs.messages import Phase
from app.store import audits as audit_store
from app.store.project import Project
from app.worker.channel import RecordingChannel
from app.worker.export import export
from app.worker.export_inspect import NONE_FOUND, Inspector
from tests.helpers.planted import PLANTED
from tests.helpers.projects import make_ground, throw_out

BOTH = (Include.SYNTHETIC, Include.REAL)


def request(ground, out, formats=(Format.PNG,), include=(Include.SYNTHETIC,)) -> ExportRequest:
    return ExportRequest(str(out), ground.samples, "trial", tuple(formats), tuple(include))


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_written_into_the_pictures():
    """Noise of 32 by 32 pixels holds no text; looking for it is the matter of other tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Inspector, "text_of", lambda _self, _pixels, _known, _regions: (NONE_FOUND, None))
        yield


@pytest.fixture(scope="module")
def everything(audited, tmp_path_factory):
    """All formats, synthetic and real, written once; for reading only."""
    out = tmp_path_factory.mktemp("exports") / "out"
    ground_project = Project.open(audited.root)
    try:
        result = export(ground_project, request(audited, out, Format, BOTH), RecordingChannel())
    finally:
        ground_project.close()
    return out, result


def test_class_folders_hold_the_pictures_without_the_copies(everything):
    out, result = everything
    for form, ending in (("png", "*/*.png"), ("tiff", "*/*.tif"), ("nifti", "*/*.nii.gz")):
        root = out / "synthetic" / form / "train"
        found = Counter(path.relative_to(root).parts[0] for path in root.glob(ending))
        assert found == {"clear": 6, "nodule": 8}
    assert result["per_class"] == {"clear": 6, "nodule": 8}
    assert result["left_out"] == 2
    manifest = json.loads((out / "manifest.json").read_text())
    assert [one["number"] for one in manifest["content"]["left_out"]] == [0, 1]


def test_the_table_finds_every_picture_and_tells_its_seed(everything):
    out, _ = everything
    root = out / "synthetic" / "png" / "train"
    with (root / "metadata.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file_name"] for row in rows} == {p.relative_to(root).as_posix() for p in root.glob("*/*.png")}
    assert {row["synthetic"] for row in rows} == {"true"}
    assert {int(row["seed"]) for row in rows} == set(range(102, 116))
    assert all(row["file_name"].startswith(row["label"]) for row in rows)


def test_the_manifest_proves_every_file(everything):
    out, result = everything
    files = json.loads((out / "manifest.json").read_text())["files"]
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {one["path"] for one in files} == there - {"manifest.json"}
    assert result["files"] == len(there)
    for one in files:
        content = (out / one["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one["bytes"], one["sha256"])


def test_all_formats_show_the_same_physical_values(everything, audited):
    out, _ = everything
    generated = np.load(audited.root / "samples" / audited.samples / "images.npy")
    expected = (generated[2, 0].astype(float) + 1) / 2 * 1000 - 100
    with Image.open(out / "synthetic/png/train/clear/000001.png") as image:
        assert image.text["Seed"] == "102"
        np.testing.assert_allclose(np.asarray(image) / 65535 * 1000 - 100, expected, atol=0.02)
    dataset = pydicom.dcmread(out / "synthetic/dicom/train/PT000001/ST000001/SE000001/IM000001")
    assert dataset.SyntheticData == "YES"
    values = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    np.testing.assert_allclose(values, expected, atol=0.02)
    volume = np.asarray(nib.load(out / "synthetic/nifti/train/clear/000001.nii.gz").dataobj)
    np.testing.assert_allclose(volume[:, :, 0].T, expected, atol=0.51)


def test_real_images_of_every_split_leave_apart(everything, audited):
    out, result = everything
    items = audited.cohort.items
    assert result["real_per_class"] == dict(Counter(item.label for item in items))
    for split, folder in (("train", "train"), ("val", "validation"), ("test", "test")):
        with (out / f"real/png/{folder}/metadata.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        wanted = [item for item in items if item.split == split]
        assert {row["split"] for row in rows} == {folder}
        assert len(rows) == len(wanted)
        assert len({row["patient"] for row in rows}) == len({item.patient for item in wanted})
    assert not (out / "synthetic/png/test").exists()


def test_dicom_sources_leave_as_themselves(everything, audited):
    out, _ = everything
    left = [pydicom.dcmread(path) for path in sorted((out / "real/dicom").rglob("IM*"))]
    assert len(left) == len(audited.cohort.items)
    sources = sorted(pydicom.dcmread(item.source).pixel_array.tobytes() for item in audited.cohort.items)
    assert sorted(dataset.pixel_array.tobytes() for dataset in left) == sources
    assert {str(dataset.PatientName) for dataset in left} == {f"PATIENT-{n:03d}" for n in range(1, 41)}
    assert {dataset.PatientIdentityRemoved for dataset in left} == {"YES"}
    assert {dataset.KVP for dataset in left} == {120}


def test_only_the_parts_that_were_asked_for_leave(ground_project, ground, tmp_path):
    asked = replace(request(ground, tmp_path / "out", include=(Include.REAL,)), splits=("test",), samples=None)
    result = export(ground_project, asked, RecordingChannel())
    wanted = Counter(item.label for item in ground.cohort.items if item.split == "test")
    assert result["real_per_class"] == dict(wanted)
    assert [path.name for path in (tmp_path / "out/real/png").iterdir() if path.is_dir()] == ["test"]


def test_no_identity_leaves_in_any_file(everything, audited):
    out, _ = everything
    sources = {str(path) for item in audited.cohort.items for path in (item.source, Path(item.source).parent)}
    forbidden = [text.upper().encode() for text in (*PLANTED, *sources, str(audited.root), "p0.dcm")]
    for path in (path for path in out.rglob("*") if path.is_file()):
        content = path.read_bytes()
        content = (gzip.decompress(content) if path.suffix == ".gz" else content).upper()
        assert [text for text in forbidden if text in content] == [], path
        assert not any(text in str(path.relative_to(out)).upper().encode() for text in forbidden)


def test_the_same_pictures_make_the_same_files_again(everything, audited, ground, ground_project, tmp_path):
    out, _ = everything
    export(ground_project, request(ground, tmp_path / "again", Format, BOTH), RecordingChannel())
    first, second = (
        {one["path"]: one["sha256"] for one in json.loads((folder / "manifest.json").read_text())["files"]}
        for folder in (out, tmp_path / "again")
    )
    assert first == second


def test_a_finished_audit_is_used_and_not_made_again(ground_project, ground, tmp_path):
    channel = RecordingChannel()
    export(ground_project, request(ground, tmp_path / "out"), channel)
    phases = [message.name for message in channel.messages if isinstance(message, Phase)]
    assert phases == ["Reading the sources' headers", "Writing images", "Checking what was written"]


def test_a_model_that_copies_is_refused_without_being_asked_for_an_audit(tmp_path):
    ground = make_ground(tmp_path, copies=8)
    ground_project = Project.open(ground.root)
    try:
        with pytest.raises(Refused) as refusal:
            export(ground_project, request(ground, tmp_path / "out"), RecordingChannel())
        assert len(list(ground_project.audits.iterdir())) == 1
        assert not ground_project.exports_log.exists()
    finally:
        ground_project.close()
    assert refusal.value.code == "copies-found"
    assert "Of 16 images drawn, 8 look like copies" in str(refusal.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "project"]


def test_a_picture_that_came_back_after_the_audit_is_audited_first(ground_project, ground, tmp_path, monkeypatch):
    samples = audit_store.load_samples(ground_project, ground.samples)
    throw_out(ground_project, samples, {5})
    asked: list[str] = []

    def refuse(_project, samples_id, _channel):
        asked.append(samples_id)
        raise Refused("copies-unknown", samples=samples_id)

    monkeypatch.setattr("app.worker.export_content.audit", refuse)
    with pytest.raises(Refused):
        export(ground_project, request(ground, tmp_path / "out"), RecordingChannel())
    assert asked == [ground.samples]


def test_nothing_is_overwritten(ground_project, ground, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("precious")
    with pytest.raises(Refused) as refusal:
        export(ground_project, request(ground, out), RecordingChannel())
    assert refusal.value.code == "folder-not-empty"
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_an_empty_folder_and_missing_parents_are_taken(ground_project, ground, tmp_path):
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "empty", tmp_path / "new" / "deep" / "out"):
        export(ground_project, request(ground, out), RecordingChannel())
        assert (out / "manifest.json").exists()
        assert sorted(path.name for path in out.parent.iterdir() if path.name.startswith(".")) == []


def test_an_unwritable_place_is_one_sentence_and_leaves_nothing(ground_project, ground, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Failed) as failure:
        export(ground_project, request(ground, tmp_path / "file" / "out"), RecordingChannel())
    assert failure.value.code == "unwritable"
    assert str(tmp_path / "file" / "out") in str(failure.value)
    assert not ground_project.exports_log.exists()


def test_a_patient_in_a_class_name_is_cut_out_everywhere(ground_project, ground, tmp_path):
    for path in ground_project.root.rglob("*.json"):
        path.write_text(path.read_text().replace("nodule", "nodule of Ottilie"))
    out = tmp_path / "out"
    result = export(ground_project, request(ground, out, Format), RecordingChannel())
    assert result["per_class"] == {"clear": 6, "nodule of": 8}
    assert (out / "synthetic" / "png" / "train" / "nodule of").is_dir()
    assert not [path for path in out.rglob("*") if path.is_file() and b"ottilie" in path.read_bytes().lower()]


@pytest.mark.parametrize("wrong", [{"profile": "basic"}, {"options": ("none-of-it",)}, {"splits": ("guard",)}])
def test_what_is_not_known_is_not_taken_for_something_known(ground_project, ground, tmp_path, wrong):
    with pytest.raises(BadUsage):
        export(ground_project, replace(request(ground, tmp_path / "out"), **wrong), RecordingChannel())


def test_the_archive_holds_what_the_folder_would(ground_project, ground, tmp_path):
    export(ground_project, request(ground, tmp_path / "plain"), RecordingChannel())
    export(ground_project, replace(request(ground, tmp_path / "packed"), zipped=True), RecordingChannel())
    assert sorted(path.name for path in (tmp_path / "packed").iterdir()) == ["export.zip", "manifest.json"]
    with zipfile.ZipFile(tmp_path / "packed" / "export.zip") as archive:
        images = {name: archive.read(name) for name in archive.namelist() if name.endswith(".png")}
    there = {p.relative_to(tmp_path / "plain").as_posix(): p.read_bytes() for p in tmp_path.glob("plain/**/*.png")}
    assert images == there


def test_signed_pictures_are_signed_and_still_what_they_were(ground_project, ground, tmp_path):
    export(ground_project, request(ground, tmp_path / "plain"), RecordingChannel())
    export(ground_project, replace(request(ground, tmp_path / "signed"), signed=True), RecordingChannel())
    for path in tmp_path.glob("signed/**/*.png"):
        twin = tmp_path / "plain" / path.relative_to(tmp_path / "signed")
        assert b"caBX" in path.read_bytes()
        assert np.array_equal(np.asarray(Image.open(path)), np.asarray(Image.open(twin)))


@pytest.mark.parametrize("moment", ["Writing images", "Checking what was written"])
def test_stopping_at_any_time_leaves_nothing(ground_project, ground, tmp_path, moment):
    def stop(message):
        channel.stop_asked = channel.stop_asked or (isinstance(message, Phase) and message.name == moment)

    channel = RecordingChannel(stop)
    with pytest.raises(Stopped):
        export(ground_project, request(ground, tmp_path / "a" / "out"), channel)
    assert not (tmp_path / "a").exists()
    assert not ground_project.exports_log.exists()


def test_a_file_that_lost_its_mark_is_caught_before_it_leaves(ground_project, ground, tmp_path, monkeypatch):
    from app.imaging import dicom_writer

    def unmarked(path, page):
        dataset = dicom_writer.build(page)
        dataset.SyntheticData = "NO"
        dataset.save_as(path)

    monkeypatch.setitem(__import__("app.worker.export_write", fromlist=["x"])._WRITERS, Format.DICOM, unmarked)
    with pytest.raises(Failed) as failure:
        export(ground_project, request(ground, tmp_path / "out", [Format.DICOM]), RecordingChannel())
    assert failure.value.code == "export-not-verified"
    assert not (tmp_path / "out").exists()


def test_an_identity_in_a_finished_file_is_caught_before_it_leaves(ground_project, ground, tmp_path, monkeypatch):
    from app.imaging import dicom_writer

    def leaking(path, page):
        dataset = dicom_writer.build(page)
        dataset.ImageComments = "seen by Dr. Habakuk, MRN-7734001-4"
        dataset.save_as(path)

    monkeypatch.setitem(__import__("app.worker.export_write", fromlist=["x"])._WRITERS, Format.DICOM, leaking)
    with pytest.raises(Failed) as failure:
        export(ground_project, request(ground, tmp_path / "out", [Format.DICOM]), RecordingChannel())
    assert failure.value.code == "identity-in-export"
    assert not (tmp_path / "out").exists()


def test_the_log_is_a_chain(ground_project, ground, tmp_path):
    for name in ("one", "two"):
        export(ground_project, request(ground, tmp_path / name), RecordingChannel())
    lines = ground_project.exports_log.read_bytes().splitlines()
    first, second = (json.loads(line) for line in lines)
    assert first["previous"] == ""
    assert second["previous"] == hashlib.sha256(lines[0]).hexdigest()
    manifest = (tmp_path / "two" / "manifest.json").read_bytes()
    assert second["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()


def test_the_service_plans_what_the_worker_process_then_writes(ground, tmp_path):
    services = compose.open_project(ground.root)
    try:
        asked = request(ground, tmp_path / "out", [Format.PNG, Format.NIFTI])
        plan = services.exports.plan(asked)
        outcome = services.exports.start(asked).wait(120)
        assert outcome is not None
        assert outcome.state == "done", outcome
        assert plan.files <= outcome.result["files"] <= plan.files + 40  # and cards, tables and lists
        assert plan.per_class == outcome.result["per_class"]
        assert plan.real_per_class == outcome.result["real_per_class"]
        assert len(plan.left_out) == 1
        written = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
        assert written <= plan.bytes
        (record,) = services.exports.records()
        assert record.out == asked.out
        assert asdict(record)["files"] == outcome.result["files"]
        assert services.exports.verify_log().holds
        with pytest.raises(Refused):
            services.exports.plan(asked)
    finally:
        services.close(0)
