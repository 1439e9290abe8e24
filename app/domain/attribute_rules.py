"""Which columns of a table may become attributes, and how their texts are read.

An attribute is told to a model and asked of it, so it must never carry an identity: names, numbers of patients and
dates are refused, and a category is left open where only one patient has it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.condition import Value

MOST_CATEGORIES = 12
OLDEST = 90.0
"""Ages above are told as this one: very old people are few enough to be recognised (45 CFR 164.514(b)(2)(i)(C))."""

UNKNOWN = frozenset({"", "?", "na", "n/a", "nan", "null", "unknown"})
"""What people write where they do not know; not "none", which may mean that no contrast agent was given. A dash is one
too, unless it stands beside a plus."""

_TELLING = frozenset(
    (
        *("id", "ids", "uid", "guid", "mrn", "pid", "ssn", "accession", "insurance"),
        *("surname", "forename", "firstname", "lastname", "vorname", "nachname"),
        *("birth", "born", "dob", "birthday", "birthdate", "date", "datum", "geburtsdatum", "geburtstag"),
        *("address", "adresse", "phone", "telephone", "telefon", "email"),
    )
)
"""Words in the name of a column that stand for a person."""
_TELLING_ALONE = frozenset(
    ("name", "names", "fullname", "patient", "patients", "patientname", "patientnumber", "person", "subject", "case")
)
"""Names of columns that stand for a person; as parts of longer names the words are harmless ("patient sex")."""
_DATE = re.compile(r"(1[89]|20)\d\d[-./]?[01]\d[-./]?[0-3]\d([T ].*)?|[0-3]?\d[-./][0-3]?\d[-./](\d{2}|\d{4})")
_AGE = re.compile(r"(\d{1,3})([DWMY])", re.IGNORECASE)
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_PERSON = re.compile(r"[^\W\d_]+\^.*|[A-ZÀ-Þ][^\W\d_]+, ?[A-ZÀ-Þ][^\W\d_]+")
_LONG = 10_000.0
_FEW = 8
"""Patients below which a row of whole numbers proves nothing."""


@dataclass(frozen=True, slots=True)
class Image:
    """What the rules must know of an image: whom it shows, and whether it is learnt from."""

    patient: str
    learnt: bool


def judged(name: str, texts: Mapping[int, str], images: Mapping[int, Image]) -> tuple[dict[int, Value], str]:
    """Read one column.

    Args:
        name: of the column.
        texts: by image number; images without a value may be missing.
        images: all images that ``texts`` may speak of.

    Returns:
        The values by image number, and "" or why the column is none: the rest of the sentence “Column x …”.
    """
    unknown = UNKNOWN if "+" in map(str.strip, texts.values()) else UNKNOWN | {"-"}
    known = {n: t.strip() for n, t in texts.items() if n in images and t.strip().casefold() not in unknown}
    if _stands_for_a_person(name):
        return {}, "is left out: its name says that it tells one person from another"
    if not known:
        return {}, "is left out: no image has a value"
    if _mostly(known, _DATE):
        return {}, "is left out: it holds dates"
    if _mostly(known, _PERSON):
        return {}, "is left out: it looks like names of persons"
    numbers = {number: _number(text) for number, text in known.items()}
    if all(value is not None for value in numbers.values()):
        return _numbers(name, {n: v for n, v in numbers.items() if v is not None}, known, images)
    return _categories(known, images)


def _numbers(
    name: str, values: dict[int, float], texts: Mapping[int, str], images: Mapping[int, Image]
) -> tuple[dict[int, Value], str]:
    if _counts_patients(values, texts, images):
        return {}, "is left out: its numbers tell one patient from another"
    if "age" in _words(name):
        values = {number: min(value, OLDEST) for number, value in values.items()}
    if len({value for number, value in values.items() if images[number].learnt}) < 2:
        return {}, "is left out: it is the same for all training images"
    return dict(values), ""


def _categories(texts: Mapping[int, str], images: Mapping[int, Image]) -> tuple[dict[int, Value], str]:
    patients: dict[str, set[str]] = defaultdict(set)
    for number, text in texts.items():
        if images[number].learnt:
            patients[text].add(images[number].patient)
    if len(patients) > MOST_CATEGORIES:
        return {}, f"is left out: it has {len(patients)} different texts, and {MOST_CATEGORIES} are the most"
    if len(patients) < 2:
        return {}, "is left out: it is the same for all training images"
    shared = {text for text, who in patients.items() if len(who) > 1}
    if len(shared) < 2:
        return {}, "is left out: no two of its values are shared by several patients"
    return {number: text for number, text in texts.items() if text in shared}, ""


def _counts_patients(values: Mapping[int, float], texts: Mapping[int, str], images: Mapping[int, Image]) -> bool:
    """Whether numbers look like those of patients: padded with zeros, long and all different, or running on."""
    if any(re.fullmatch(r"0\d+", text) for text in texts.values()):
        return True
    if any(value != int(value) for value in values.values()):
        return False
    patients = {images[number].patient for number in values}
    distinct = set(values.values())
    if len(distinct) < 0.8 * len(patients):
        return False
    long = sum(abs(value) >= _LONG for value in distinct) > len(distinct) / 2
    runs_on = len(distinct) >= _FEW and max(distinct) - min(distinct) + 1 == len(distinct) == len(patients)
    return long or runs_on


def _stands_for_a_person(name: str) -> bool:
    words = _words(name)
    return not _TELLING.isdisjoint(words) or "".join(words) in _TELLING_ALONE


def _words(name: str) -> list[str]:
    """ "PatientID" and "patient_id" alike: patient, id."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+", apart.casefold())


def _mostly(texts: Mapping[int, str], pattern: re.Pattern[str]) -> bool:
    distinct = set(texts.values())
    return 2 * sum(pattern.fullmatch(text) is not None for text in distinct) > len(distinct)


def _number(text: str) -> float | None:
    """A number, with a point or a comma; an age as DICOM writes it ("045Y") in years."""
    if age := _AGE.fullmatch(text):
        return int(age[1]) * _YEARS[age[2].upper()]
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
