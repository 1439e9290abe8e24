"""The whole road on the command line, as a script walks it: real processes, real files, a training of 20 steps."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PIL import Image

from tests.helpers import dicom_factory
from tests.helpers.command import ROOT, Answer, environment, understudy

CLASSES = ("calm", "lively", "odd")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    dicom_factory.write_classes(folder, classes=CLASSES, patients=8, slices=2)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Path:
    """A project with the images and a cohort."""
    folder = tmp_path_factory.mktemp("road") / "project"
    understudy("new", folder).done()
    found = understudy("import", folder, images).done()
    assert (found["imported"], found["quarantined"]) == (48, [])
    understudy("cohort", folder, "first", "--size", "16", "--split", "50/25/25").done()
    return folder


@pytest.fixture(scope="module")
def run(project: Path) -> str:
    return str(understudy("train", project, "--cohort", "first", "--steps", "20").done()["run"])


@pytest.fixture(scope="module")
def samples(project: Path, run: str) -> str:
    return str(understudy("generate", project, "--run", run, "--per-class", "3").done()["samples"])


def test_attributes_and_images_without_a_label_on_the_command_line(project: Path, tmp_path: Path) -> None:
    series = [one["series"] for study in listing(project)["studies"] for one in study["series"]]
    assert len(series) == 24
    rows = [f"{key},{'thin' if n % 2 else 'thick'},{n % 5},Doe^{n}" for n, key in enumerate(series)]
    (tmp_path / "known.csv").write_text("\n".join(["series,slice,dose,patient name", *rows]))
    labels = [f"{key},{'ab'[n // 2 % 2]}" for n, key in enumerate(series[:20])]
    (tmp_path / "labels.csv").write_text("\n".join(["series,label", *labels]))
    known, by = f"csv:{tmp_path / 'known.csv'}", f"csv:{tmp_path / 'labels.csv'}"
    made = understudy(
        "cohort", project, "rich", "--size", "16", "--split", "60/20/20",
        "--label-by", by, "--unlabelled", "--attributes", known,
    ).done()  # fmt: skip
    assert (made["images"], made["unlabelled"]) == (40, 8)
    assert [one["name"] for one in made["attributes"]] == ["dose", "slice"]
    assert "Doe" not in json.dumps(made)
    run = understudy("train", project, "--cohort", "rich", "--family", "vae", "--steps", "3").done()["run"]
    asked = understudy("generate", project, "--run", run, "--per-class", "2", "--attribute", "Slice=thin").done()
    record = json.loads((project / "samples" / asked["samples"] / "samples.json").read_text())
    assert record["asked"] == {"slice": "thin"}
    assert {sample["attributes"]["slice"] for sample in record["samples"]} == {"thin"}
    wrong = understudy("generate", project, "--run", run, "--per-class", "2", "--attribute", "slice=wide")
    wrong.refused("bad-attribute-value", "thick, thin")


def listing(project: Path) -> dict[str, Any]:
    return understudy("studies", project).done()


def test_the_library_lists_what_was_imported(project: Path) -> None:
    studies = listing(project)["studies"]
    assert len(studies) == len(CLASSES) * 8
    assert {study["series"][0]["modality"] for study in studies} == {"CT"}
    assert all(study["series"][0]["images"] == 2 for study in studies)


def test_importing_again_changes_nothing(project: Path, images: Path) -> None:
    before = listing(project)
    again = understudy("import", project, images).done()
    assert (again["imported"], again["skipped"]) == (0, 48)
    assert listing(project) == before


def test_a_cohort_counts_classes_and_patients(project: Path) -> None:
    made = understudy("cohort", project, "counted", "--size", "16", "--split", "50/25/25").done()
    assert set(made["classes"]) == set(CLASSES)
    assert sum(made["patients"].values()) == len(CLASSES) * 8
    assert all(sum(splits.values()) == 16 and splits["train"] > splits["test"] for splits in made["classes"].values())
    assert made["verdict"]


def test_training_reports_its_steps_and_keeps_a_checkpoint(project: Path, run: str) -> None:
    record = json.loads((project / "runs" / run / "run.json").read_text())
    assert (record["cohort"], record["steps"], record["classes"]) == ("first", 20, list(CLASSES))
    assert list((project / "runs" / run / "checkpoints").glob("*.safetensors"))


def test_generate_gives_the_number_asked_for(project: Path, run: str) -> None:
    made = understudy("generate", project, "--run", run, "--class", "odd=2", "--class", "calm=1", "--seed", "7").done()
    assert made["counts"] == {"odd": 2, "calm": 1}


def test_the_audit_answers_three_questions_and_writes_a_page(project: Path, samples: str) -> None:
    made = understudy("audit", project, "--samples", samples).done()
    assert {verdict["metric"] for verdict in made["verdicts"]} == {"fidelity", "classes", "copies"}
    assert all(verdict["sentence"] for verdict in made["verdicts"])
    assert "<img" in Path(made["report"]).read_text(encoding="utf-8")


def test_the_export_holds_class_folders_marks_and_checksums(project: Path, samples: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = understudy("export", project, "--samples", samples, "--out", out, "--format", "png,dicom,nifti").done()
    assert made["per_class"] == dict.fromkeys(CLASSES, 3)
    pictures = sorted(out.rglob("*.png"))
    assert Counter(path.relative_to(out).parts[:4] for path in pictures) == {
        ("synthetic", "png", "train", name): 3 for name in CLASSES
    }
    with Image.open(pictures[0]) as picture:
        assert picture.size == (16, 16)
    dicoms = [pydicom.dcmread(path) for path in out.rglob("IM*")]
    assert len(dicoms) == 9
    assert {item.SyntheticData for item in dicoms} == {"YES"}
    assert_manifest_is_true(Path(made["manifest"]), out)


def assert_manifest_is_true(manifest: Path, out: Path) -> None:
    """Every file named has the checksum named, and every file but the manifest is named."""
    entries = {entry["path"]: entry["sha256"] for entry in json.loads(manifest.read_text())["files"]}
    there = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file() and path != manifest}
    assert set(entries) == set(there)
    assert all(hashlib.sha256(there[name].read_bytes()).hexdigest() == digest for name, digest in entries.items())


def test_a_dry_run_writes_nothing(project: Path, samples: str, tmp_path: Path) -> None:
    plan = understudy("export", project, "--samples", samples, "--out", tmp_path / "out", "--dry-run").done()
    assert plan["per_class"] == dict.fromkeys(CLASSES, 3)
    assert (plan["dry_run"], plan["fired"], plan["left_out"]) == (True, {}, [])
    assert (project / plan["pdf"]).is_file()
    assert list(tmp_path.iterdir()) == []


def test_real_images_leave_without_identity(project: Path, samples: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("--samples", samples, "--include", "real,synthetic", "--format", "dicom", "--out", out, "--splits", "test")
    understudy("export", project, *words).done()
    real = [pydicom.dcmread(path) for path in (out / "real" / "dicom" / "test").rglob("IM*")]
    train = understudy("cohort", project, "count-only", "--size", "16", "--split", "50/25/25").done()["classes"]
    assert len(real) == sum(splits["test"] for splits in train.values())
    assert {one.PatientIdentityRemoved for one in real} == {"YES"}
    assert not list((out / "synthetic" / "dicom").glob("test"))
    assert all("Test" not in str(one.get("PatientName", "")) for one in real)


def test_ctrl_c_keeps_the_training_and_resume_goes_on(project: Path) -> None:
    with long_training(project) as process:
        events = [json.loads(line) for line in interrupted_after_a_metric(process)]
        stopped = Answer(process.wait(120), events, "")
    assert (stopped.status, stopped.last["outcome"]) == (130, "stopped")
    step, run = stopped.last["step"], stopped.last["run"]
    assert list((project / "runs" / run / "checkpoints").glob("*.safetensors"))
    resumed = understudy("train", project, "--resume", run, "--steps", "5").done()
    assert (resumed["run"], resumed["step"]) == (run, step + 5)


def test_a_reader_that_goes_away_stops_the_work(project: Path) -> None:
    with long_training(project) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(120) == 130


def long_training(project: Path) -> subprocess.Popen[str]:
    words = ["train", str(project), "--cohort", "first", "--budget", "10m", "--json"]
    command = [sys.executable, "-m", "app", *words]
    return subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)


def interrupted_after_a_metric(process: subprocess.Popen[str]) -> list[str]:
    """The lines of a training that is interrupted as soon as it has reported a step."""
    lines: list[str] = []
    interrupted = False
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if not interrupted and json.loads(line)["event"] == "metric":
            os.kill(process.pid, signal.SIGINT)
            interrupted = True
    return lines


# ---- refusals: one clear sentence each, and the project as it was


def test_a_corrupt_file_and_a_text_file_named_dcm_are_set_aside(project: Path, images: Path, tmp_path: Path) -> None:
    before = listing(project)["studies"]
    good = next(images.rglob("*.dcm")).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(good[: len(good) // 2])
    (tmp_path / "letter.dcm").write_text("Dear colleague, thank you for referring this patient.")
    found = understudy("import", project, tmp_path)
    reasons = {Path(row["path"]).name: row["reason"] for row in found.last["quarantined"]}
    assert set(reasons) == {"cut.dcm", "letter.dcm"}
    assert all(reason.endswith(".") and "\n" not in reason for reason in reasons.values())
    assert listing(project)["studies"] == before


def test_an_empty_folder_is_said_to_be_empty(project: Path, tmp_path: Path) -> None:
    before = listing(project)
    understudy("import", project, tmp_path).refused("nothing-to-import", str(tmp_path))
    assert listing(project) == before


def test_a_path_that_is_not_there_is_named(project: Path, tmp_path: Path) -> None:
    understudy("import", project, tmp_path / "gone").refused("path-missing", "gone")


def test_an_output_that_cannot_be_written_is_named(project: Path, samples: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / "out"
    understudy("export", project, "--samples", samples, "--out", out).refused("unwritable", str(tmp_path / "file"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_output_that_holds_something_is_not_touched(project: Path, samples: str, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("irreplaceable")
    understudy("export", project, "--samples", samples, "--out", tmp_path).refused("folder-not-empty", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_label_table_with_an_unknown_image_is_refused(project: Path, images: Path, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label"])
        rows.writerow([next(images.rglob("*.dcm")), "calm"])
        rows.writerow(["elsewhere/unknown.dcm", "odd"])
    answer = understudy("cohort", project, "bad", "--label-by", f"csv:{table}")
    sentence = answer.refused("label-unknown-image", "elsewhere/unknown.dcm", "line 3")
    assert str(table) in sentence
    understudy("train", project, "--cohort", "bad", "--steps", "1").refused("unknown-cohort", "bad", "first")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("train", "--cohort", "none"), "unknown-cohort"),
        (("train", "--resume", "run-none"), "unknown-run"),
        (("generate", "--run", "run-none", "--per-class", "1"), "unknown-run"),
        (("audit", "--samples", "samples-none"), "unknown-samples"),
        (("export", "--samples", "samples-none", "--out", "out"), "unknown-samples"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(project: Path, words: tuple[str, ...], code: str) -> None:
    verb, *options = words
    understudy(verb, project, *options).refused(code)


def test_a_demo_on_an_empty_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = understudy("demo", "--from", tmp_path / "empty", "--out", tmp_path / "demo")
    answer.refused("nothing-to-import", str(tmp_path / "empty"))
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_demo_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("irreplaceable")
    understudy("demo", "--out", tmp_path).refused("folder-not-empty", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
