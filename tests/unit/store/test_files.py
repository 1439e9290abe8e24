"""Files behind the library, and that what hangs on slices follows them when a study is put together anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.cohort import Cohort, Item
from app.domain.errors import BadUsage
from app.domain.recipe import Plane, Recipe, Window
from app.domain.study import Instance, Series, SourceKind, Study
from app.store.cohorts import Cohorts
from app.store.files import FileRow, Files
from app.store.library import Library
from app.store.project import Project


@pytest.fixture
def files(project: Project) -> Files:
    return Files(project)


def row(path: str, study: str = "st", **facts: object) -> FileRow:
    held = {"path": path, "sha256": "", "patient_id": "DOE^JANE", "description": "Kopf", **facts}
    return FileRow(path, study, "hash-of-jane", True, "", f"uid-{path}", 10, 20, held)


def series(key: str, *paths: str, apart: str = "") -> Series:
    slices = tuple(Instance(path, 0, float(n), f"uid-{path}", "", 8, 8) for n, path in enumerate(paths))
    head: dict[str, str] = {"BodyPartExamined": "HEAD"}
    return Series(
        key, SourceKind.DICOM, "CT", key, "/d", (1, 1, 1), (), "HU", 12, slices, ("Gap.",), head, "frame", apart
    )


def study(*members: Series) -> Study:
    return Study("st", "hash-of-jane", True, "Head", "2020-01-02", members)


def test_files_come_back_as_they_were_but_for_the_patient(files: Files, project: Project) -> None:
    inside = str(project.root / "sources" / "a.dcm")
    files.put([row("/d/1"), row(inside)])
    first, second = files.of_study("st")
    assert first == replace(
        row("/d/1"), facts={**(row("/d/1").facts or {}), "patient_id": "", "sop_instance_uid": "uid-/d/1"}
    )
    assert second.path == inside
    assert second.facts is not None
    assert second.facts["path"] == inside
    assert files.known() == {"/d/1": (10, 20, False), inside: (10, 20, False)}
    assert files.uids() == {"uid-/d/1": "/d/1", f"uid-{inside}": inside}
    project.close()
    assert b"DOE^JANE" not in project.database.read_bytes()


def test_checking_a_file_checks_its_slices_and_makes_no_study_stale(files: Files, library: Library) -> None:
    files.put([row("/d/1"), row("/d/2")])
    assert files.stale() == {"st"}
    library.replace_study(study(series("se", "/d/1", "/d/2")))
    assert files.stale() == set()
    files.checked({"/d/2": "sha"})
    assert files.stale() == set()
    assert [one.path for one in files.unchecked()] == ["/d/1"]
    assert files.hashes() == {"sha": "/d/2"}
    assert [i.sha256 for i in library.series("se").instances] == ["", "sha"]
    assert files.of_study("st")[1].facts["sha256"] == "sha"  # type: ignore[index]
    assert [(one.images, one.unchecked) for one in library.lines()] == [(2, 1)]


def test_a_file_taken_out_leaves_with_its_slices_once_its_study_is_sorted(files: Files, library: Library) -> None:
    files.put([row("/d/1"), row("/d/2"), row("/d/3")])
    library.replace_study(study(series("se", "/d/1", "/d/2", "/d/3")))
    assert files.remove(["/d/2", "/nowhere"]) == {"st"}
    assert set(files.known()) == {"/d/1", "/d/3"}
    assert [one.path for one in files.of_study("st")] == ["/d/1", "/d/3"]
    assert len(library.series("se").instances) == 3, "no hole before the study is put together again"
    library.replace_study(study(series("se", "/d/1", "/d/3")))
    assert [i.path for i in library.series("se").instances] == ["/d/1", "/d/3"]
    assert files.stale() == set()
    files.put([row("/d/2")])
    assert [one.path for one in files.unchecked()] == ["/d/1", "/d/3", "/d/2"]


def test_a_file_put_again_has_to_be_checked_again_and_unsettles_both_studies(files: Files, library: Library) -> None:
    files.put([row("/d/1")])
    library.replace_study(study(series("se", "/d/1")))
    files.checked({"/d/1": "sha"})
    files.put([replace(row("/d/1", "other"), size=11)])
    assert files.stale() == {"st", "other"}
    assert files.known() == {"/d/1": (11, 20, False)}


def test_removing_a_study_forgets_its_files(files: Files, library: Library) -> None:
    files.put([row("/d/1"), row("/d/2"), row("/e/1", "other")])
    library.replace_study(study(series("se", "/d/1", "/d/2")))
    files.remove(["/d/2"])
    library.remove_study("st")
    assert set(files.known()) == {"/e/1"}
    assert files.stale() == {"other"}


def cohort(plane: Plane, *items: tuple[str, int]) -> Cohort:
    recipe = Recipe(plane, Window("manual", 40, 400), 64, 1.5)
    return Cohort("c", recipe, tuple(Item(key, n, f"label{n}", "train", "p", "") for key, n in items), True)


def test_labels_tags_and_cohorts_follow_their_slices(files: Files, library: Library, project: Project) -> None:
    library.replace_study(study(series("se", "/d/1", "/d/3"), series("old", "/e/1", "/e/2")))
    library.set_label("se", 1, "third")
    library.set_label("old", None, "whole")
    library.set_tags(["old", "se"], add=[" nice "])
    Cohorts(project).save(cohort(Plane.NATIVE, ("se", 0), ("se", 1), ("old", 0), ("old", 1)))
    library.replace_study(study(series("se", "/d/1", "/d/2", "/d/3"), series("new", "/e/2")))
    assert library.labels() == {("se", 2): "third", ("new", None): "whole"}
    assert {one.key: one.tags for one in library.lines()} == {"se": ("nice",), "new": ("nice",)}
    after = Cohorts(project).load("c")
    assert [(item.series, item.index) for item in after.items] == [("se", 0), ("se", 2), ("new", 0)]
    assert after.notices == ("1 image left the library, and the cohort with it.",)


def test_cuts_through_a_volume_stay_cuts_through_the_one_that_took_its_place(
    library: Library, project: Project
) -> None:
    library.replace_study(study(series("old", "/e/1", "/e/2")))
    Cohorts(project).save(cohort(Plane.CORONAL, ("old", 40)))
    library.replace_study(study(series("new", "/e/1", "/e/2", "/e/3")))
    assert [(item.series, item.index) for item in Cohorts(project).load("c").items] == [("new", 40)]


def test_slices_that_cannot_be_looked_at_again_stay(library: Library) -> None:
    library.replace_study(study(series("se", "/away/1", "/d/2"), series("gone", "/away/2", "/d/9")))
    library.replace_study(study(series("se", "/d/2", "/d/3")), keep=["/away/1", "/away/2"])
    found = {one.key: [i.path for i in one.instances] for one in library.studies()[0].series}
    assert found == {"se": ["/away/1", "/d/2", "/d/3"], "gone": ["/away/2"]}


def test_lines_say_what_series_say(library: Library) -> None:
    library.replace_study(study(series("se", "/d/1", "/d/2"), series("scout", "/d/3", apart="localiser")))
    library.set_label("se", 0, "b")
    library.set_label("se", 1, "a")
    scout, line = library.lines()
    assert (scout.key, scout.apart, scout.images) == ("scout", "localiser", 1)
    assert (line.study, line.patient, line.study_label, line.date) == ("st", "hash-of-jane", "Head", "2020-01-02")
    assert (line.images, line.unchecked, line.rows, line.columns) == (2, 2, 8, 8)
    assert (line.body_part, line.warnings, line.labels) == ("HEAD", ("Gap.",), ("a", "b"))
    assert library.series("scout").apart == "localiser"
    assert library.series("se").frame_of_reference == "frame"


def test_tags(library: Library) -> None:
    library.replace_study(study(series("a", "/d/1"), series("b", "/d/2")))
    library.set_tags(["a", "b"], add=["Überprüft", "x"])
    library.set_tags(["b"], remove=["x"], add=["y"])
    assert library.tags() == {"x": 1, "y": 1, "Überprüft": 2}
    with pytest.raises(BadUsage, match="cannot be a tag"):
        library.set_tags(["a"], add=[" "])
