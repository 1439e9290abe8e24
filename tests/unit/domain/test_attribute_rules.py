"""What may become an attribute: never what tells one patient from another."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.domain.attribute_rules import Image, judged
from app.domain.condition import Value


def images(count: int, per_patient: int = 1, learnt: int | None = None) -> dict[int, Image]:
    learnt = count if learnt is None else learnt
    return {number: Image(f"p{number // per_patient}", number < learnt) for number in range(count)}


def read(name: str, texts: Sequence[str], per_patient: int = 1) -> tuple[dict[int, Value], str]:
    return judged(name, dict(enumerate(texts)), images(len(texts), per_patient))


def test_numbers_are_a_number_and_the_rest_categories() -> None:
    assert read("volume", ["1", "2,5", "3.5", "?"]) == ({0: 1.0, 1: 2.5, 2: 3.5}, "")
    assert read("sex", ["F", "M", " F ", "M", "", "unknown"]) == ({0: "F", 1: "M", 2: "F", 3: "M"}, "")


def test_none_and_a_dash_beside_a_plus_are_values() -> None:
    assert set(read("contrast", ["none", "early", "none", "early"])[0].values()) == {"none", "early"}
    assert set(read("marker", ["+", "-", "+", "-"])[0].values()) == {"+", "-"}
    assert read("site", ["a", "b", "a", "b", "-"])[0].keys() == {0, 1, 2, 3}


def test_ages_as_dicom_writes_them_are_years_and_end_at_ninety() -> None:
    values, _ = read("PatientAge", ["045Y", "006M", "097Y"])
    assert values == {0: 45.0, 1: 0.5, 2: 90.0}
    assert read("dosage", ["97", "98"])[0] == {0: 97.0, 1: 98.0}


@pytest.mark.parametrize(
    "name",
    ["PatientID", "patient_id", "MRN", "Name", "Patient name", "date of birth", "DOB", "Geburtsdatum", "StudyDate"],
)
def test_a_name_of_a_column_that_stands_for_a_person(name: str) -> None:
    assert "tells one person from another" in read(name, ["a", "a", "b", "b"])[1]


@pytest.mark.parametrize("name", ["patient sex", "PatientAge", "Sequence name", "width", "candidate", "idiopathic"])
def test_harmless_names_of_columns(name: str) -> None:
    assert read(name, ["a", "a", "b", "b"])[1] == ""


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["1954-03-12", "1960-01-31", "1971-12-01"], "holds dates"),
        (["12.03.1954", "31.01.60", "?"], "holds dates"),
        (["19540312", "19600131", "19711201"], "holds dates"),
        (["Doe^Jane", "Roe^Richard", "Doe^Jane", "Roe^Richard"], "names of persons"),
        (["Doe, Jane", "Roe, Richard"] * 4, "names of persons"),
        (["0042", "0043", "0044"], "one patient from another"),
        (["100417", "100982", "101554"], "one patient from another"),
        ([str(n) for n in range(1, 10)], "one patient from another"),
        (["anna", "bert", "carla", "dora"], "no two of its values are shared"),
        ([f"kind {n % 13}" for n in range(26)], "13 different texts"),
        (["", "?", "NA"], "no image has a value"),
        (["F", "F", "F"], "the same for all training images"),
        (["F", "F", "M"], "no two of its values are shared"),
        (["3", "3"], "the same for all training images"),
    ],
)
def test_columns_that_are_none(texts: list[str], why: str) -> None:
    values, said = read("column", texts)
    assert values == {}
    assert why in said


def test_names_repeated_over_the_slices_of_a_patient_are_still_one_patients() -> None:
    texts = [name for name in ("anna", "bert", "carla") for _ in range(5)]
    assert "no two of its values are shared" in read("who", texts, per_patient=5)[1]
    numbers = [text for text in ("20417", "20982", "31554") for _ in range(5)]
    assert "one patient from another" in read("who", numbers, per_patient=5)[1]


def test_a_category_of_a_single_patient_is_left_open() -> None:
    assert read("site", ["a", "a", "b", "b", "rare"]) == ({0: "a", 1: "a", 2: "b", 3: "b"}, "")


def test_only_training_images_decide() -> None:
    texts = dict(enumerate(["a", "a", "b", "b", "c", "c"]))
    values, _ = judged("site", texts, images(6, learnt=4))
    assert set(values.values()) == {"a", "b"}
    assert "same for all" in judged("n", dict(enumerate(["3", "3", "9"])), images(3, learnt=2))[1]


def test_large_measures_are_no_identifiers() -> None:
    assert read("volume", ["15234.5", "80211.0", "9.0"])[1] == ""
    assert read("count", ["20000", "20000", "30000", "30000"])[1] == ""
