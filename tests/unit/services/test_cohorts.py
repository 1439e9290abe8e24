"""Cohorts from a library: labels four ways, splits by patient, and what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import BadUsage, Refused
from app.domain.recipe import Plane, Recipe
from app.domain.study import Instance, Series, SourceKind, Study
from app.services.cohorts import Cohorts
from app.store.library import Library
from app.store.project import Project
from tests.helpers.libraries import put

RECIPE = Recipe(size=32)


def study(patient: str, folder: str, slices: int = 1, *, known: bool = True, **tags: str) -> Study:
    key = f"{patient}-{Path(folder).name}"
    instances = tuple(
        Instance(f"{folder}/{patient}-{n}.dcm", 0, float(n), f"1.{key}.{n}", f"{key}{n}", 64, 64) for n in range(slices)
    )
    series = Series(
        key=f"se-{key}",
        kind=SourceKind.DICOM,
        modality="CT",
        description=f"Series {patient}",
        folder=folder,
        spacing_mm=(1.0, 1.0, 1.0),
        orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        unit="HU",
        bits=12,
        instances=instances,
        tags={"Modality": "CT", **tags},
    )
    return Study(f"st-{key}", patient, known, "A study", "", (series,))


def patients(count: int, folder: str, slices: int = 2, **options: object) -> list[Study]:
    name = Path(folder).name
    return [study(f"{name}{n}", folder, slices, **options) for n in range(count)]  # type: ignore[arg-type]


@pytest.fixture
def cohorts(project: Project, library: Library) -> Cohorts:
    put(library, [*patients(10, "/data/glioma"), *patients(10, "/data/healthy")])
    return Cohorts(project, library)


def test_folders_give_the_classes_and_patients_the_splits(cohorts: Cohorts) -> None:
    cohort = cohorts.make("first", RECIPE)
    assert cohort.classes == ("glioma", "healthy")
    assert all(sum(n.values()) == 20 and 12 <= n["train"] <= 16 for n in cohort.counts().values())
    assert all(n > 0 for splits in cohort.counts().values() for n in splits.values())
    for patient in {item.patient for item in cohort.items}:
        assert len({item.split for item in cohort.items if item.patient == patient}) == 1
    assert cohort.patients_known
    assert cohort.notices == ()
    assert cohorts.load("first") == cohort


def test_a_draft_is_not_kept(cohorts: Cohorts) -> None:
    cohorts.draft("first", RECIPE)
    assert cohorts.names() == []


def test_the_seed_changes_who_is_held_out_and_nothing_else(cohorts: Cohorts) -> None:
    first, again, other = (cohorts.draft("c", RECIPE, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.counts() == other.counts()
    assert first.items != other.items


def test_only_what_lies_below_a_folder_or_in_a_series(cohorts: Cohorts) -> None:
    assert cohorts.draft("c", RECIPE, under=[Path("/data/glioma")]).classes == ("glioma",)
    assert len(cohorts.draft("c", RECIPE, series=["se-glioma3-glioma"]).items) == 2
    with pytest.raises(Refused, match="No images of the library were chosen"):
        cohorts.draft("c", RECIPE, under=[Path("/data/gli")])


def test_one_folder_a_patient_below_one_folder_a_class(project: Project, library: Library) -> None:
    put(library, [study(f"{name}{n}", f"/d/{name}/p{n}", 3) for name in ("cyst", "nodule") for n in range(6)])
    cohort = Cohorts(project, library).draft("c", RECIPE)
    assert cohort.classes == ("cyst", "nodule")
    assert "one level above" in cohort.notices[0]


def test_series_of_one_patient_each_are_classes_of_their_own(project: Project, library: Library) -> None:
    put(library, [study(name, f"/d/{name}", 5) for name in ("abdomen", "head", "knee")])
    cohort = Cohorts(project, library).draft("c", RECIPE)
    assert cohort.counts() == {name: {"train": 5, "val": 0, "test": 0} for name in ("abdomen", "head", "knee")}
    assert "Class “head” has one patient: none is held out." in cohort.notices


def test_a_tag_gives_the_classes(project: Project, library: Library) -> None:
    put(library, [*patients(4, "/a", BodyPartExamined="HEAD"), *patients(4, "/b", BodyPartExamined="KNEE")])
    put(library, patients(1, "/c"))
    cohort = Cohorts(project, library).draft("c", RECIPE, label_by="tag:BodyPartExamined")
    assert cohort.classes == ("HEAD", "KNEE")
    assert "2 images have no label and are left out." in cohort.notices
    with pytest.raises(BadUsage, match="BodyPartExamined, Modality"):
        Cohorts(project, library).draft("c", RECIPE, label_by="tag:Nothing")


def test_labels_by_hand_of_a_series_and_of_single_slices(cohorts: Cohorts, library: Library) -> None:
    with pytest.raises(Refused, match="None of the 40"):
        cohorts.draft("c", RECIPE, label_by="hand")
    library.set_label("se-glioma0-glioma", None, "tumour")
    library.set_label("se-glioma0-glioma", 1, "edge")
    found = cohorts.draft("c", RECIPE, label_by="hand")
    assert [(item.index, item.label) for item in found.items] == [(0, "tumour"), (1, "edge")]


def test_patients_that_nobody_named_are_told(project: Project, library: Library) -> None:
    put(library, patients(8, "/data/x", known=False))
    cohort = Cohorts(project, library).draft("c", RECIPE)
    assert not cohort.patients_known
    assert any("name no patient" in notice for notice in cohort.notices)


def test_series_without_the_plane_are_left_out_and_told(project: Project, library: Library) -> None:
    put(library, [study("whole", "/d/whole", 9), study("single", "/d/single", 1), study("other", "/e/other", 1)])
    cohort = Cohorts(project, library).draft("c", Recipe(Plane.CORONAL), under=[Path("/d")])
    assert {item.series for item in cohort.items} == {"se-whole-whole"}
    assert cohort.notices[0] == "1 series cannot be cut in this plane and are left out, first Series single."


def write(path: Path, *lines: str, encoding: str = "utf-8") -> str:
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return f"csv:{path}"


ONE, TWO = "/data/glioma/glioma0-0.dcm", "/data/glioma/glioma0-1.dcm"


@pytest.mark.parametrize(
    "lines",
    [
        ["file,label", f"{ONE},a", f"{TWO},b"],
        ["File;Label", f"{ONE};a", f"{TWO};b"],
        ["file\tlabel\textra", f"{ONE}\ta\t", f"{TWO}\tb\t1"],
        ["label,file", "a,glioma/glioma0-0.dcm", "b,glioma0-1.dcm"],
        ["file,label", f'"{ONE}" , a', f"{TWO},b"],
        ["file,label", "data\\glioma\\glioma0-0.dcm,a", "glioma0-1.dcm,b"],
    ],
)
def test_a_table_gives_the_labels(cohorts: Cohorts, tmp_path: Path, lines: Sequence[str]) -> None:
    table = write(tmp_path / "t.csv", *lines)
    cohort = cohorts.draft("c", RECIPE, label_by=table)
    assert {item.source: item.label for item in cohort.items} == {ONE: "a", TWO: "b"}


def test_a_table_may_name_folders_series_and_patients(cohorts: Cohorts, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "file,label,patient", "/data/glioma,a,same", "/data/healthy,b,same")
    cohort = cohorts.draft("c", RECIPE, label_by=table)
    assert sum(cohort.patients().values()) == 1
    assert "same" not in {item.patient for item in cohort.items}
    by_series = write(tmp_path / "s.csv", "series,label", "se-glioma1-glioma,a", "Series healthy2,b")
    assert len(cohorts.draft("c", RECIPE, label_by=by_series).items) == 4


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_tables_as_spreadsheets_write_them(cohorts: Cohorts, tmp_path: Path, encoding: str) -> None:
    table = write(tmp_path / "t.csv", "file;label", f"{ONE};Läsion", encoding=encoding)
    assert cohorts.draft("c", RECIPE, label_by=table).classes == ("Läsion",)


def test_a_table_gives_the_splits_and_other_values_are_left_out(cohorts: Cohorts, tmp_path: Path) -> None:
    lines = ["file,label,split", f"{ONE},a,Training", f"{TWO},a,guard", "glioma1-0.dcm,a,val", "gone.dcm,a,guard"]
    table = write(tmp_path / "t.csv", *lines)
    cohort = cohorts.draft("c", RECIPE, label_by=table, split=table)
    assert [(item.source, item.split) for item in cohort.items] == [
        (ONE, "train"),
        ("/data/glioma/glioma1-0.dcm", "val"),
    ]
    by_folder = cohorts.draft("c", RECIPE, split=table)
    assert len(by_folder.items) == 2
    assert by_folder.notices[0].startswith("38 labelled images")


def test_a_patient_on_both_sides_of_a_table_is_told(cohorts: Cohorts, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "file,split", f"{ONE},train", f"{TWO},test")
    assert any("1 patient is in more than one split" in n for n in cohorts.draft("c", RECIPE, split=table).notices)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["file,label", f"{ONE},a", "nowhere.dcm,b", "never.dcm,b"], "label-unknown-image"),
        (["file,label", f"{ONE},a", f"{ONE},b"], "label-conflict"),
        (["file,class", f"{ONE},a"], "table-column"),
        (["name,label", f"{ONE},a"], "table-column"),
        (["file,label"], "table-empty"),
        ([""], "table-empty"),
    ],
)
def test_a_faulty_table_is_refused_and_nothing_changes(
    cohorts: Cohorts, tmp_path: Path, lines: Sequence[str], code: str
) -> None:
    kept = cohorts.make("c", RECIPE)
    with pytest.raises((Refused, BadUsage)) as error:
        cohorts.make("c", RECIPE, label_by=write(tmp_path / "t.csv", *lines))
    assert error.value.code == code
    assert cohorts.load("c") == kept


def test_the_sentence_names_the_first_unknown_image(cohorts: Cohorts, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "file,label", f"{ONE},a", "nowhere.dcm,b", "never.dcm,b")
    with pytest.raises(Refused, match=r"names 2 images.*first nowhere.dcm \(line 3\)"):
        cohorts.make("c", RECIPE, label_by=table)


def test_an_end_of_a_path_that_fits_several_images(project: Project, library: Library, tmp_path: Path) -> None:
    put(library, [study("p", "/a/x"), study("p", "/b/x2")])
    table = write(tmp_path / "t.csv", "file,label", "p-0.dcm,a")
    with pytest.raises(Refused, match="fits 2 images"):
        Cohorts(project, library).draft("c", RECIPE, label_by=table)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"label_by": "magic"}, "bad-label-by"),
        ({"label_by": "csv:/nowhere.csv"}, "path-missing"),
        ({"split": "half"}, "bad-split"),
        ({"name": " "}, "bad-name"),
    ],
)
def test_requests_that_make_no_sense(cohorts: Cohorts, options: dict[str, str], code: str) -> None:
    with pytest.raises(BadUsage) as error:
        cohorts.draft(options.pop("name", "c"), RECIPE, **options)  # type: ignore[arg-type]
    assert error.value.code == code


def test_the_verdict_grows_with_the_images(project: Project, library: Library) -> None:
    cohorts = Cohorts(project, library)
    said = []
    for slices in (1, 4, 15, 80):
        put(library, [study(f"p{n}", f"/n{slices}/x{slices}", slices) for n in range(15)])
        said.append(cohorts.verdict(cohorts.draft("c", RECIPE, under=[Path(f"/n{slices}")])).partition(": ")[2])
    assert len(set(said)) == 4
    assert "too few" in said[0]
    assert "varied augmentation" in said[3]


def unchecked(one: Study, *numbers: int) -> Study:
    """The study with slices whose pixels nobody has decoded yet."""
    (series,) = one.series
    slices = tuple(replace(s, sha256="") if n in numbers else s for n, s in enumerate(series.instances))
    return replace(one, series=(replace(series, instances=slices),))


def apart(one: Study, why: str) -> Study:
    return replace(one, series=(replace(one.series[0], apart=why),))


def test_what_is_unchecked_or_set_apart_stays_out_and_is_named(library: Library, project: Project) -> None:
    put(library, [*patients(6, "/data/a"), *patients(6, "/data/b"), unchecked(study("new", "/data/a", 3), 1)])
    put(library, [apart(study("scout", "/data/b"), "localiser"), apart(study("dose", "/data/b"), "dose report")])
    made = Cohorts(project, library).make("trial", RECIPE)
    assert [i.index for i in made.items if i.series == "se-new-a"] == [0, 2]
    assert not {i.series for i in made.items} & {"se-scout-b", "se-dose-b"}
    assert "2 series hold no images to learn from and are left out: 1 dose report, 1 localiser." in made.notices
    assert any(notice.startswith("1 image is left out, because") for notice in made.notices)


def test_a_volume_with_an_unchecked_slice_stays_out_of_other_planes_as_a_whole(
    library: Library, project: Project
) -> None:
    put(library, [*patients(3, "/data/a", 4), *patients(3, "/data/b", 4), unchecked(study("new", "/data/a", 4), 1)])
    made = Cohorts(project, library).make("trial", Recipe(plane=Plane.CORONAL, size=32))
    assert "se-new-a" not in {i.series for i in made.items}
    assert any(notice.startswith("64 images are left out") for notice in made.notices)


def test_a_table_may_name_what_stays_out(library: Library, project: Project, tmp_path: Path) -> None:
    put(library, [*patients(4, "/data/a", 1), unchecked(study("new", "/data/a"), 0)])
    names = [f"/data/a/a{n}-0.dcm,x" for n in range(4)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *names, "/data/a/new-0.dcm,x"]))
    made = Cohorts(project, library).make("trial", RECIPE, label_by=f"csv:{tmp_path / 'labels.csv'}")
    assert len(made.items) == 4


def test_choosing_only_what_stays_out_is_refused(library: Library, project: Project) -> None:
    put(library, [apart(study("scout", "/data/b"), "localiser")])
    with pytest.raises(Refused, match="1 localiser"):
        Cohorts(project, library).make("trial", RECIPE, series=["se-scout-b"])
