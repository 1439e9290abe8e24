"""Invented patients of the de-identification self-test: names in several scripts, and what else identifies them.

Nobody of these names is known to exist. Every text is long and odd enough not to be found in a file by chance. It
knows people, not files.
"""

from __future__ import annotations

import unicodedata
import zlib
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Person:
    """One invented patient.

    Attributes:
        key: short name of the record, which stands in no file.
        charset: Specific Character Set (0008,0005) of the person's files.
        name: Patient's Name in DICOM's form, all three groups where the script has them (PS3.5 6.2.1).
        facts: texts by the name that templates of ``header`` use.
    """

    key: str
    charset: tuple[str, ...]
    name: str
    facts: dict[str, str]

    @property
    def words(self) -> dict[str, str]:
        """What a template may name: the facts, and the name in other spellings."""
        facts = self.facts
        return facts | {
            "plain": facts.get("family_ascii", facts["family"]),
            "plain_given": facts.get("given_ascii", facts["given"]),
            "native": facts.get("name10", facts["family"]),
            "family_upper": facts["family"].upper(),
            "given_upper": facts["given"].upper(),
            "uid": self.uid("study"),
        }

    def uid(self, *parts: object) -> str:
        """A UID of the person under 2.999, the arc of examples (ITU-T X.660); the date in it is a trap as well."""
        number = zlib.crc32("/".join(map(str, (self.key, *parts))).encode())
        return f"2.999.840.{len(self.key)}.{self.facts['study']}.{number}"

    @property
    def texts(self) -> frozenset[str]:
        """Every single text that identifies the person or the examination."""
        return frozenset(text for name, text in self.facts.items() if name not in SPOKEN_ONLY)


SPOKEN_ONLY = frozenset({"sex", "age"})
"""Facts that say something about a person and identify nobody."""

SHORTEST_WORD = 4
"""Shorter parts of a name are found by chance."""


class _Record(NamedTuple):
    """What makes a person: script and name, sex and age, days of birth and examination."""

    key: str
    charset: tuple[str, ...]
    name: str
    sex: str
    age: str
    birth: date
    study: date


_RECORDS = (
    _Record(
        key="latin",
        charset=("ISO_IR 100",),
        name="Grünfeldová^Änneliese^Zdravka^Dr.",
        sex="F",
        age="072Y",
        birth=date(1947, 3, 12),
        study=date(2019, 11, 27),
    ),
    _Record(
        key="cyrillic",
        charset=("ISO_IR 144",),
        name="Ведерниковский^Никодимий",
        sex="M",
        age="058Y",
        birth=date(1961, 10, 5),
        study=date(2020, 2, 29),
    ),
    _Record(
        key="japanese",
        charset=("", "ISO 2022 IR 87"),
        name="Kurosawahara^Hanayukiko=黒沢原田^花雪小路=くろさわはら^はなゆきこ",
        sex="F",
        age="034Y",
        birth=date(1987, 7, 21),
        study=date(2021, 12, 30),
    ),
    _Record(
        key="arabic",
        charset=("ISO_IR 192",),
        name="Qabbanizadeh^Munirahtul=قبانيزاده^منيرةالهدى",
        sex="F",
        age="091Y",
        birth=date(1927, 1, 17),
        study=date(2018, 6, 14),
    ),
)


def people() -> tuple[Person, ...]:
    """The patients, always the same ones."""
    return tuple(map(_person, _RECORDS))


def _person(record: _Record) -> Person:
    number = 4711 + 97 * len(record.name) + record.birth.day
    groups = [group.split("^") for group in record.name.split("=")]
    facts = {"sex": record.sex, "age": record.age, "family": groups[0][0], "given": groups[0][1]}
    facts |= {
        f"name{row}{column}": part
        for row, group in enumerate(groups)
        for column, part in enumerate(group)
        if len(part) >= SHORTEST_WORD or row
    }
    facts |= {"family_ascii": _without_accents(facts["family"]), "given_ascii": _without_accents(facts["given"])}
    facts |= _dates("birth", record.birth) | _dates("study", record.study) | _numbers(number) | _places(number)
    return Person(record.key, record.charset, record.name, {name: text for name, text in facts.items() if text})


def _without_accents(text: str) -> str:
    """The name as a keyboard without its accents writes it; "" where that is nothing new or leaves nothing."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain if len(plain) >= SHORTEST_WORD else ""


def _dates(name: str, day: date) -> dict[str, str]:
    """A date as DICOM writes it and as people do."""
    return {
        name: f"{day:%Y%m%d}",
        f"{name}_iso": f"{day:%Y-%m-%d}",
        f"{name}_dots": f"{day:%d.%m.%Y}",
        f"{name}_us": f"{day:%m/%d/%Y}",
        f"{name}_long": f"{day.day} {MONTHS[day.month - 1]} {day.year}",
        f"{name}_short": f"{day:%d}-{MONTHS[day.month - 1][:3].upper()}-{day.year}",
    }


MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""Month names in English whatever the machine's language is."""


def _numbers(number: int) -> dict[str, str]:
    return {
        "id": f"MRN-{number}-0093",
        "other_id": f"KV{number * 7919 % 10**8:08d}X",
        "accession": f"ACC{number * 31 % 10**6:06d}Q",
        "order": f"ORD-{number}-55",
        "phone": f"+49 421 555{number % 10000:04d}",
        "mail": f"p{number}@quendolin.example",
        "serial": f"SN{number}-7755-K",
        "login": f"rtech{number}",
    }


def _places(number: int) -> dict[str, str]:
    return {
        "address": f"Fliederstieg {number}",
        "town": "Wymmehaven",
        "institution": "Klinikum Sankt Quendolin",
        "short_institution": "Quendolin",
        "department": f"Radiologie Haus {number}",
        "station": f"QUEN{number}CT",
        "ae": f"PACS{number}ARC",
        "doctor": "Habakukson",
        "doctor_given": "Ottokarius",
        "operator": "Zwetschgenbaum",
        "relative": "Theobaldine",
        "stranger": "Wollenschlaegerin",
    }
