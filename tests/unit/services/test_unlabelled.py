"""Images without a label join the training, and never that of somebody who is held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.cohort import Cohort
from app.services.cohorts import Cohorts
from app.services.export_rules import real_items
from app.store.library import Library
from app.store.project import Project
from tests.helpers.libraries import put
from tests.unit.services.test_cohorts import RECIPE, patients, study, write


@pytest.fixture
def cohorts(project: Project, library: Library) -> Cohorts:
    put(library, [*patients(10, "/data/glioma"), *patients(10, "/data/healthy"), *patients(6, "/data/more")])
    return Cohorts(project, library)


def labels(folder: Path, *more: str) -> str:
    """The first slice of every patient of two folders has a label; six patients have none at all."""
    rows = [f"{name}{n}-0.dcm,{name},," for name in ("glioma", "healthy") for n in range(10)]
    return write(folder / "t.csv", "file,label,split,patient", *rows, *more)


def unlabelled_patients(cohort: Cohort) -> set[str]:
    return {item.patient for item in cohort.items if not item.label}


def held_out(cohort: Cohort) -> set[str]:
    return {item.patient for item in cohort.items if item.split != "train"}


def test_they_are_left_out_unless_asked_for(cohorts: Cohorts, tmp_path: Path) -> None:
    cohort = cohorts.draft("c", RECIPE, label_by=labels(tmp_path))
    assert (len(cohort.items), cohort.unlabelled) == (20, 0)
    assert "32 images have no label and are left out." in cohort.notices


def test_they_join_the_training_by_patient(cohorts: Cohorts, tmp_path: Path) -> None:
    without = cohorts.draft("c", RECIPE, label_by=labels(tmp_path))
    cohort = cohorts.make("c", RECIPE, label_by=labels(tmp_path), unlabelled=True)
    assert cohort.labelled == without.items
    assert (cohort.classes, cohort.counts()) == (without.classes, without.counts())
    assert {item.split for item in cohort.items if not item.label} == {"train"}
    assert held_out(cohort)
    assert unlabelled_patients(cohort).isdisjoint(held_out(cohort))
    left = len(held_out(cohort))  # the second slice of each
    assert cohort.unlabelled == 32 - left
    assert f"{32 - left} images without a label are learnt from as well." in cohort.notices
    assert any(notice.startswith(f"{left} images without a label are left out") for notice in cohort.notices)
    assert f"{32 - left} images without a label teach" in cohorts.verdict(cohort)
    assert len(real_items(cohort, ["train"])) == sum(n["train"] for n in cohort.counts().values())
    assert cohorts.load("c") == cohort


def test_the_verdict_counts_patients_with_a_label(cohorts: Cohorts, tmp_path: Path) -> None:
    rows = [f"glioma{n % 2}-{n // 2}.dcm,x" for n in range(4)]
    many = [study(f"z{n}", "/data/z", 30) for n in range(2)]
    put(cohorts._library, many)
    rows += [f"/data/z/z{n}-{k}.dcm,x" for n in range(2) for k in range(30)]
    table = write(tmp_path / "t.csv", "file,label", *rows)
    cohort = cohorts.draft("c", RECIPE, label_by=table, split="100/0/0", unlabelled=True)
    assert cohort.patients()["train"] == 28
    assert "come from 4 patients" in cohorts.verdict(cohort)


def test_a_folder_that_says_so_gives_no_label(cohorts: Cohorts, project: Project, library: Library) -> None:
    put(library, [study(f"u{n}", "/data/Un-labelled", 3) for n in range(4)])
    cohort = Cohorts(project, library).draft("c", RECIPE, unlabelled=True)
    assert cohort.classes == ("glioma", "healthy", "more")
    assert cohort.unlabelled == 12


def test_rows_of_other_splits_and_their_patients_join_nothing(cohorts: Cohorts, tmp_path: Path) -> None:
    table = labels(tmp_path, "more0-0.dcm,x,guard,", "more1-0.dcm,,exclude,")
    cohort = cohorts.draft("c", RECIPE, label_by=table, unlabelled=True)
    assert not {"more0", "more1"} & unlabelled_patients(cohort)
    assert {"more2", "more3", "more4", "more5"} <= unlabelled_patients(cohort)


def test_a_table_of_splits_speaks_for_them_too(cohorts: Cohorts, tmp_path: Path) -> None:
    rows = [f"{name}{n}-0.dcm,{'test' if n < 2 else 'train'}" for name in ("glioma", "healthy") for n in range(10)]
    splits = write(tmp_path / "s.csv", "file,split", *rows, "more0-0.dcm,val", "more1-1.dcm,guard", "more2-0.dcm,train")
    cohort = cohorts.draft("c", RECIPE, label_by=labels(tmp_path), split=splits, unlabelled=True)
    joined = unlabelled_patients(cohort)
    assert not {"more0", "more1", "glioma0", "glioma1", "healthy0", "healthy1"} & joined
    assert {"more2", "more3", "glioma2"} <= joined


def test_a_patient_that_a_table_names_is_held_out_under_both_names(
    project: Project, library: Library, tmp_path: Path
) -> None:
    """The sources name no patient, so every file is one; the table says that three belong together."""
    put(library, [study(f"f{n}{k}", "/d", known=False) for n in range(8) for k in range(3)])
    rows = [f"f{n}{k}-0.dcm,{'' if k else 'x'},{n}" for n in range(8) for k in range(3)]
    table = write(tmp_path / "t.csv", "file,label,patient", *rows)
    cohort = Cohorts(project, library).draft("c", RECIPE, label_by=table, split="50/25/25", unlabelled=True)
    assert held_out(cohort)
    assert unlabelled_patients(cohort)
    assert unlabelled_patients(cohort).isdisjoint(held_out(cohort))
    assert cohort.unlabelled == 2 * (8 - len(held_out(cohort)))


def test_names_are_followed_from_image_to_image(project: Project, library: Library, tmp_path: Path) -> None:
    """The table calls the first image of a source P; the second, which it does not name, is P's as well."""
    put(library, [study(f"one{n}", "/d", 1) for n in range(8)] + [study(f"two{n}", "/d", 2) for n in range(8)])
    rows = [line for n in range(8) for line in (f"one{n}-0.dcm,x,{n}", f"two{n}-0.dcm,,{n}")]
    table = write(tmp_path / "t.csv", "file,label,patient", *rows)
    cohort = Cohorts(project, library).draft("c", RECIPE, label_by=table, split="50/25/25", unlabelled=True)
    kept = {item.source[len("/d/one") : len("/d/one") + 1] for item in cohort.items if item.split != "train"}
    joined = {item.source[len("/d/two") : len("/d/two") + 1] for item in cohort.items if not item.label}
    assert kept
    assert joined.isdisjoint(kept)
    assert cohort.unlabelled == 2 * (8 - len(kept))


def test_another_modality_stays_out(cohorts: Cohorts, project: Project, library: Library, tmp_path: Path) -> None:
    (one,) = patients(1, "/data/mr")
    put(library, [replace(one, series=(replace(one.series[0], modality="MR"),))])
    cohort = Cohorts(project, library).draft("c", RECIPE, label_by=labels(tmp_path), unlabelled=True)
    assert "2 images without a label are left out, because of another modality." in cohort.notices
