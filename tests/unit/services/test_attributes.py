"""What is known of images besides their class, from tables and headers, down to the stored cohort."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import BadUsage, Refused
from app.services.cohorts import Cohorts
from app.store.library import Library
from app.store.project import Project
from tests.unit.services.test_cohorts import RECIPE, study, write


@pytest.fixture
def cohorts(project: Project, library: Library) -> Cohorts:
    from tests.helpers.libraries import put

    for name in ("a", "b"):
        for number in range(8):
            sex, age = "FM"[number % 2], f"{40 + number:03d}Y"
            put(library, [study(f"{name}{number}", f"/d/{name}", 2, PatientSex=sex, PatientAge=age)])
    return Cohorts(project, library)


def table(folder: Path, *lines: str) -> str:
    return write(folder / "known.csv", *lines)


def test_columns_become_attributes_and_are_kept(cohorts: Cohorts, tmp_path: Path) -> None:
    rows = [
        f"{name}{n}-{k}.dcm;{'thin' if n % 2 else 'thick'};{n},5;Doe{n}"
        for name in "ab"
        for n in range(8)
        for k in (0, 1)
    ]
    source = table(tmp_path, "file;Kind;Size;Patient name", *rows)
    cohort = cohorts.make("c", RECIPE, attributes=[source])
    kind, size = cohort.attributes
    learnt = sum(item.split == "train" for item in cohort.items)
    assert (kind.name, kind.values, kind.known) == ("Kind", ("thick", "thin"), learnt)
    assert (size.name, size.values) == ("Size", ())
    inside = [item.attributes["Size"] for item in cohort.items if item.split == "train"]
    assert (size.low, size.high) == (min(inside), max(inside))
    assert (
        "Attribute “Patient name” is left out: its name says that it tells one person from another." in cohort.notices
    )
    assert not any("Doe" in str(value) for item in cohort.items for value in item.attributes.values())
    assert cohorts.load("c") == cohort


def test_rows_may_name_folders_and_unknown_stays_unknown(cohorts: Cohorts, tmp_path: Path) -> None:
    south = [f"b{n}-0.dcm,south" for n in range(7)]
    cohort = cohorts.draft("c", RECIPE, attributes=[table(tmp_path, "file,site", "/d/a,north", *south, "b7-0.dcm,")])
    assert {item.attributes.get("site") for item in cohort.items if item.label == "a"} == {"north"}
    assert [item.attributes.get("site") for item in cohort.items if item.label == "b"] == ["south", None] * 7 + [
        None
    ] * 2


def test_a_wide_table_gives_its_first_columns(cohorts: Cohorts, tmp_path: Path) -> None:
    names = [f"x{n}" for n in range(12)]
    cells = {name: ",".join([name] * 12) for name in ("a", "b")}
    rows = [f"/d/{name},{line}" for name, line in cells.items()]
    cohort = cohorts.draft("c", RECIPE, attributes=[table(tmp_path, f"file,{','.join(names)}", *rows)])
    assert [one.name for one in cohort.attributes] == sorted(names[:8])
    assert "Attribute “x8” is left out: 8 are the most." in cohort.notices


def test_headers_give_sex_and_age(cohorts: Cohorts) -> None:
    cohort = cohorts.draft("c", RECIPE, attributes=["dicom:PatientSex,PatientAge"])
    assert [one.name for one in cohort.attributes] == ["Age", "Sex"]
    assert cohort.attributes[1].values == ("F", "M")
    assert all(item.attributes["Age"] == 40.0 + int(item.series[4]) for item in cohort.items)


def test_a_header_that_says_nothing_is_told(cohorts: Cohorts) -> None:
    cohort = cohorts.draft("c", RECIPE, attributes=["dicom:PatientSex,Manufacturer"])
    assert [one.name for one in cohort.attributes] == ["Sex"]
    assert "Attribute “Manufacturer” is left out: no image has a value." in cohort.notices


def test_two_sources_and_the_first_counts(cohorts: Cohorts, tmp_path: Path) -> None:
    source = table(tmp_path, "file,Sex,site", "/d/a,x,north", "/d/b,y,south")
    cohort = cohorts.draft("c", RECIPE, attributes=["dicom:PatientSex", source])
    assert [(one.name, one.values) for one in cohort.attributes] == [("Sex", ("F", "M")), ("site", ("north", "south"))]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("dicom:PatientName", "bad-attributes"),
        ("dicom:", "bad-attributes"),
        ("excel:a", "bad-attributes"),
        ("csv:/nowhere.csv", "path-missing"),
        ("dicom:Manufacturer", "no-attributes"),
    ],
)
def test_sources_that_give_none(cohorts: Cohorts, source: str, code: str) -> None:
    with pytest.raises((BadUsage, Refused)) as error:
        cohorts.draft("c", RECIPE, attributes=[source])
    assert error.value.code == code


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["file,site", "/d/a,x", "a1-0.dcm,y"], "label-conflict"),
        (["file,site", "nowhere.dcm,x"], "label-unknown-image"),
        (["site,kind", "x,y"], "table-column"),
        (["file,PatientID", "/d/a,x", "/d/b,y"], "no-attributes"),
    ],
)
def test_a_faulty_table_is_refused(cohorts: Cohorts, tmp_path: Path, lines: list[str], code: str) -> None:
    with pytest.raises((BadUsage, Refused)) as error:
        cohorts.draft("c", RECIPE, attributes=[table(tmp_path, *lines)])
    assert error.value.code == code


def test_one_table_may_hold_labels_and_attributes(cohorts: Cohorts, tmp_path: Path) -> None:
    rows = [f"a{n}-0.dcm,x,{'dim' if n % 2 else 'bright'}" for n in range(8)]
    source = table(tmp_path, "file,label,light", *rows)
    cohort = cohorts.draft("c", RECIPE, label_by=source, attributes=[source])
    assert [one.name for one in cohort.attributes] == ["light"]
