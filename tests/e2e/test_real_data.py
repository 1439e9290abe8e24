"""The road on real images beside the project: JPEG slices with labels, DICOM series, NIfTI volumes.

Small subsets, and a training of 20 steps: what is tested is that real files go in and class folders with the asked
number of images come out, not what they look like.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.helpers.command import understudy
from tests.helpers.real_data import real_data

pytestmark = pytest.mark.real

PER_SPLIT = {"train": 12, "val": 4, "test": 4, "guard": 1}
"""Images taken of each class; those of the guard must be left out of the cohort."""


def subset(table: Path) -> list[dict[str, str]]:
    """The first rows of every class and split, with absolute paths."""
    taken: Counter[tuple[str, str]] = Counter()
    rows = []
    for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines()):
        key = row["label"], row["split"]
        if taken[key] < PER_SPLIT[row["split"]]:
            taken[key] += 1
            rows.append({"file": str(table.parent / row["file"]), "label": row["label"], "split": row["split"]})
    return rows


def write_table(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def walk(project: Path, cohort: str, out: Path, *, formats: str) -> dict[str, Counter[str]]:
    """Train, generate three of each class and export; for every format, files in each class."""
    run = understudy("train", project, "--cohort", cohort, "--steps", "20").done()["run"]
    samples = understudy("generate", project, "--run", run, "--per-class", "3").done()["samples"]
    understudy("export", project, "--samples", samples, "--out", out, "--format", formats).done()
    folders: dict[str, Counter[str]] = defaultdict(Counter)
    for table in out.glob("synthetic/*/train/metadata.csv"):
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert all((table.parent / row["file_name"]).is_file() for row in rows)
        folders[table.parts[-3]].update(row["label"] for row in rows)
    return folders


def test_labelled_jpegs_with_the_split_of_their_table(tmp_path: Path) -> None:
    rows = subset(real_data("brain_tumor_mri/split.csv"))
    table = write_table(tmp_path / "table.csv", rows)
    project = tmp_path / "project"
    understudy("new", project).done()
    found = understudy("import", project, *(row["file"] for row in rows)).done()
    assert found["imported"] == len(rows) == 63
    how = ("--label-by", f"csv:{table}", "--split", f"csv:{table}", "--size", "32")
    cohort = understudy("cohort", project, "tumours", *how).done()
    assert cohort["classes"] == {
        name: {"train": 12, "val": 4, "test": 4} for name in ("glioma", "meningioma", "pituitary")
    }
    exported = walk(project, "tumours", tmp_path / "out", formats="png")
    assert exported["png"] == {"glioma": 3, "meningioma": 3, "pituitary": 3}


def test_dicom_series_labelled_by_an_attribute(tmp_path: Path) -> None:
    """Not by their folders: one is named after its patient, and such a class may not leave."""
    abdomen, brain = (real_data(f"dicom_series/{name}") for name in ("ct_abdomen_C3L-00189", "mr_brain_fse_pd_oblique"))
    project = tmp_path / "project"
    understudy("new", project).done()
    found = understudy("import", project, abdomen, brain).done()
    assert (found["imported"], found["quarantined"]) == (55, [])
    cohort = understudy("cohort", project, "slices", "--label-by", "tag:Modality", "--size", "32").done()
    assert {name: sum(splits.values()) for name, splits in cohort["classes"].items()} == {"CT": 35, "MR": 20}
    exported = walk(project, "slices", tmp_path / "out", formats="png,dicom")
    assert exported["png"] == exported["dicom"] == {"CT": 3, "MR": 3}


def test_nifti_volumes_labelled_by_table(tmp_path: Path) -> None:
    volumes = {"vessels": real_data("nifti/CT_AVM.nii.gz"), "brain": real_data("nifti/MR_Gd.nii.gz")}
    table = write_table(tmp_path / "t.csv", [{"file": str(path), "label": name} for name, path in volumes.items()])
    project = tmp_path / "project"
    understudy("new", project).done()
    assert understudy("import", project, *volumes.values()).done()["imported"] == 2
    how = ("--label-by", f"csv:{table}", "--plane", "axial", "--size", "32", "--keep-faces")
    cohort = understudy("cohort", project, "volumes", *how).done()
    assert set(cohort["classes"]) == set(volumes)
    exported = walk(project, "volumes", tmp_path / "out", formats="nifti")
    assert exported["nifti"] == {"vessels": 3, "brain": 3}
