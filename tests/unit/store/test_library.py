"""What the library keeps, and that adding twice changes nothing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.cohort import Cohort, Item
from app.domain.errors import BadUsage
from app.domain.recipe import Plane, Recipe, Window
from app.domain.study import Instance, Quarantined, Series, SourceKind, Study
from app.store.cohorts import Cohorts
from app.store.files import Files
from app.store.library import Library
from app.store.project import Project
from tests.helpers.libraries import put


def instance(number: int, position: float | None = None) -> Instance:
    return Instance(f"/data/{number}.dcm", 0, position, f"1.2.{number}", f"sha{number}", 64, 48)


def study(*instances: Instance, key: str = "st") -> Study:
    series = Series(
        key=f"{key}-se",
        kind=SourceKind.DICOM,
        modality="CT",
        description="Abdomen",
        folder="/data",
        spacing_mm=(0.5, 0.5, None),
        orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        unit="HU",
        bits=12,
        instances=instances,
        warnings=("A gap.",),
        tags={"BodyPartExamined": "ABDOMEN"},
    )
    return Study(key, "patient-hash", True, "Abdomen", "2020-01-02", (series,))


def test_sources_inside_a_project_move_with_it(project: Project, tmp_path: Path) -> None:
    inside = project.root / "sample" / "1.dcm"
    one = study(replace(instance(1), path=str(inside)), instance(2))
    one = replace(one, series=(replace(one.series[0], folder=str(inside.parent)),))
    put(Library(project), [one])
    assert Library(project).studies() == [one]
    project.close()
    moved = project.root.rename(tmp_path / "elsewhere")
    again = Project.open(moved)
    found = Library(again).series("st-se")
    again.close()
    assert found.folder == str(moved / "sample")
    assert [slice_.path for slice_ in found.instances] == [str(moved / "sample" / "1.dcm"), "/data/2.dcm"]


def test_a_study_comes_back_as_it_was(library: Library) -> None:
    added = study(instance(1, 0.0), instance(2, 5.0))
    put(library, [added])
    assert library.studies() == [added]
    assert library.series("st-se") == added.series[0]


def test_a_study_again_changes_nothing(library: Library) -> None:
    put(library, [study(instance(1, 0.0))])
    put(library, [study(instance(1, 0.0))])
    assert library.studies() == [study(instance(1, 0.0))]


def test_kept_slices_join_their_series_in_order(library: Library) -> None:
    put(library, [study(instance(1, 0.0), instance(3, 10.0))])
    library.replace_study(study(instance(2, 5.0)), keep=["/data/1.dcm", "/data/3.dcm"])
    assert [i.position_mm for i in library.series("st-se").instances] == [0.0, 5.0, 10.0]


def test_a_kept_slice_that_came_again_is_there_once(library: Library) -> None:
    put(library, [study(instance(1, 0.0))])
    library.replace_study(study(replace(instance(1, 0.0), path="/backup/1.dcm")), keep=["/data/1.dcm"])
    assert len(library.series("st-se").instances) == 1


def test_counts(library: Library) -> None:
    put(library, [study(instance(1), instance(2))])
    assert library.counts() == {"studies": 1, "series": 1, "instances": 2, "quarantined": 0, "patients": 1}


def test_removing_a_study_takes_its_series_and_labels_along(library: Library, project: Project) -> None:
    put(library, [study(instance(1)), study(instance(9), key="other")])
    library.set_label("st-se", None, "tumour")
    library.remove_study("st")
    assert [s.key for s in library.studies()] == ["other"]
    assert library.labels() == {}
    assert set(Files(project).hashes()) == {"sha9"}
    with pytest.raises(BadUsage, match="no series st-se"):
        library.series("st-se")


def test_labels_by_hand(library: Library) -> None:
    put(library, [study(instance(1), instance(2))])
    library.set_label("st-se", None, "healthy")
    library.set_label("st-se", 1, " tumour ")
    assert library.labels() == {("st-se", None): "healthy", ("st-se", 1): "tumour"}
    library.set_label("st-se", 1, "")
    assert library.labels() == {("st-se", None): "healthy"}


def test_inputs_set_aside(library: Library) -> None:
    library.set_aside([Quarantined("/a", "damaged-file", "old"), Quarantined("/b", "no-pixels", "none")])
    library.set_aside([Quarantined("/a", "damaged-file", "new")])
    assert [(q.path, q.reason) for q in library.quarantined()] == [("/a", "new"), ("/b", "none")]
    library.dismiss("/a")
    assert [q.path for q in library.quarantined()] == ["/b"]


def test_another_process_adds_while_this_one_reads(library: Library, project: Project) -> None:
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from pathlib import Path; from app.store.project import Project; from app.store.library import Library\n"
        "from app.domain.study import Study\n"
        f"library = Library(Project.open(Path({str(project.root)!r})))\n"
        "for n in range(20): library.replace_study(Study(f'k{n}', 'p', True, 'l', '', ()))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        while child.poll() is None:
            library.studies()
            library.set_aside([Quarantined("/a", "x", "y")])
    assert child.returncode == 0
    assert len(library.studies()) == 20


def test_a_cohort_comes_back_as_it_was(project: Project) -> None:
    recipe = Recipe(Plane.CORONAL, Window("manual", 40, 400), 64, 1.5)
    cohort = Cohort("first", recipe, (Item("se", 3, "a", "train", "p", "/data/1.dcm"),), False, ("A remark.",))
    cohorts = Cohorts(project)
    cohorts.save(cohort)
    assert cohorts.load("first") == cohort
    cohorts.save(replace(cohort, items=()))
    assert cohorts.load("first").items == ()
    assert cohorts.names() == ["first"]
    cohorts.delete("first")
    with pytest.raises(BadUsage, match="none"):
        cohorts.load("first")
