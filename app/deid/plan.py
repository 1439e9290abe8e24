"""What happens to every attribute of one kind of image under one protection: the tables, resolved once into look-ups.

What has no entry in a plan is removed. It must not know values or data sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto
from functools import cache

from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_dict, tag_for_keyword

from app.deid import tables
from app.deid.elements import PIXELS, SIZES, vr_of
from app.deid.rules import AllowList, Rule
from app.domain.deid import Option, Profile, Protection

DATES = frozenset({"DA", "TM", "DT"})
FREE_TEXTS = frozenset({"LO", "SH", "ST", "LT", "UT", "UC"})
"""Value representations in which a person wrote."""

PATIENT = frozenset({0x00100010, 0x00100020})
"""Patient's Name and Patient ID."""
_CODINGS = ("SOPClassUID", "SyntaxUID", "CodingSchemeUID", "ContextUID", "MappingResourceUID")


class Do(IntEnum):
    """What is done to one attribute."""

    KEEP = auto()
    """The bytes stay; numbers, pixels and tables only."""
    NUMBER = auto()
    """A number in characters stays."""
    BYTES = auto()
    """Bytes stay unless a text of the study is among them."""
    CODE = auto()
    """A technical text stays unless it holds an identity."""
    TEXT = auto()
    """A free text is cleaned."""
    UID = auto()
    """Identifiers are replaced, those of the standard stay."""
    KEEP_UID = auto()
    DATE = auto()
    """A date or time is shifted; checked only, where the offset is nothing."""
    AGE = auto()
    RECURSE = auto()
    """The items of a sequence are gone through."""
    PATIENT = auto()
    """The new name of the patient takes its place."""
    EMPTY = auto()
    DUMMY = auto()
    REMOVE = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with an attribute.

    Attributes:
        do: the action.
        otherwise: what to do where the value does not permit it: by the attribute's type.
        vr: representation of the dictionary.
        vrs: representations that the file may state for it.
        partner: for a date, the tag of its time; 0 where there is none.
        terms: the values that it may have, where these are listed.
        longest: bytes that binary numbers may have; 0 where the standard sets no limit.
    """

    do: Do
    otherwise: Do
    vr: str
    vrs: frozenset[str | None] = frozenset()
    partner: int = 0
    terms: Rule | None = None
    longest: int = 0


Plan = dict[int, Step]

_OTHERWISE = {"1": Do.DUMMY, "1C": Do.DUMMY, "2": Do.EMPTY, "2C": Do.EMPTY, "3": Do.REMOVE}
_LETTERS = {"X": Do.REMOVE, "Z": Do.EMPTY, "D": Do.DUMMY, "U": Do.UID, "U*": Do.RECURSE}
_PREFERRED = {
    Do.DUMMY: ("U*", "D", "U", "Z", "X"),
    Do.EMPTY: ("Z", "D", "U*", "U", "X"),
    Do.REMOVE: ("X", "Z", "U", "D"),
}
"""Which letter of a combined action fits a type: X is for type 3, Z for type 2, D and U for type 1 (PS3.15, E.3.1)."""


@cache
def plan_of(sop_class: str, protection: Protection) -> Plan | None:
    """The plan for the top level of an image class; ``None`` for a class that the tables do not know."""
    listed = tables.attributes(sop_class)
    return None if listed is None else _plan(listed, protection)


@cache
def cautious_plan(protection: Protection) -> Plan:
    """The plan for an image of an unknown class: every attribute as strict as any class has it."""
    return _plan(tables.any_image(), protection)


@cache
def plan_of_items(sequence: int, protection: Protection) -> Plan:
    """The plan for items of a sequence."""
    return _plan(tables.items(sequence), protection)


def _plan(listed: dict[int, str], protection: Protection) -> Plan:
    return {tag: _step(tag, kind, protection) for tag, kind in listed.items()}


@cache
def _step(tag: int, kind: str, protection: Protection) -> Step:
    vr = vr_of(tag)
    otherwise = _OTHERWISE[kind]
    do = Do.PATIENT if tag in PATIENT else _from_row(tag, vr, otherwise, protection)
    if do is None:
        do = _unlisted_in_e1(tag, vr, otherwise, protection)
    terms = _terms().get(tag) if protection.profile is Profile.MAXIMUM else None
    longest = _longest(tag, vr)
    if do is Do.KEEP and not longest and tag not in PIXELS:
        do = Do.BYTES
    return Step(do, otherwise, vr, _permitted(tag), _partners().get(tag, 0), terms, longest)


def _from_row(tag: int, vr: str, otherwise: Do, protection: Protection) -> Do | None:
    """What table E.1-1 says under the options that are on; ``None`` where it does not name the attribute."""
    row = tables.rows().get(tag)
    if row is None:
        return None
    letters = {row.columns.get(option) for option in protection.options}
    retained = _kept(vr) if "K" in letters else _cleaned(tag, vr, protection) if "C" in letters else None
    if retained is not None:
        return retained
    offered = row.basic.split("/")
    if "U*" in offered and protection.profile is Profile.RESEARCH:
        return Do.RECURSE
    return _LETTERS[next(letter for letter in _PREFERRED[otherwise] if letter in offered)]


def _kept(vr: str) -> Do | None:
    """K: as it is, but checked to be what it claims."""
    if vr in FREE_TEXTS or vr in ("CS", "AE", "UR"):
        return Do.CODE
    if vr in DATES:
        return Do.DATE
    return {"SQ": Do.RECURSE, "UI": Do.KEEP_UID, "AS": Do.AGE, "DS": Do.NUMBER, "IS": Do.NUMBER, "PN": None}.get(
        vr, Do.KEEP
    )


def _cleaned(tag: int, vr: str, protection: Protection) -> Do | None:
    """C: by what its representation can be cleaned of; ``None`` where nothing can."""
    if vr in DATES or tag == tag_for_keyword("TimezoneOffsetFromUTC"):
        dated = {Option.MODIFIED_DATES, Option.FULL_DATES} & protection.options
        return (Do.DATE if vr in DATES else Do.CODE) if dated else None
    if vr in FREE_TEXTS or vr == "CS":
        return Do.TEXT
    return Do.RECURSE if vr == "SQ" else None


def _unlisted_in_e1(tag: int, vr: str, otherwise: Do, protection: Protection) -> Do:
    """Attributes of the image class that table E.1-1 does not name; ``otherwise`` for what is not let out."""
    maximum = protection.profile is Profile.MAXIMUM
    if tag in tables.reviewed("references") and maximum:
        return Do.RECURSE if Option.UIDS in protection.options else Do.REMOVE
    if vr in FREE_TEXTS:
        cleaned = Do.TEXT if Option.CLEAN_DESCRIPTORS in protection.options else otherwise
        return Do.CODE if tag in tables.reviewed("texts") else cleaned
    if vr in DATES:
        return Do.DATE if {Option.MODIFIED_DATES, Option.FULL_DATES} & protection.options else otherwise
    if vr == "OB" and tag not in PIXELS:
        return Do.REMOVE if maximum and otherwise is Do.REMOVE else Do.BYTES
    if vr == "UI":
        return Do.KEEP_UID if tag in _codings() else Do.UID
    known = {"SQ": Do.RECURSE, "CS": Do.CODE, "DS": Do.NUMBER, "IS": Do.NUMBER}
    return known.get(vr, otherwise if vr in ("PN", "AE", "AS", "UR", "UN", "") else Do.KEEP)


def _permitted(tag: int) -> frozenset[str | None]:
    """Representations that a file may state: those of the dictionary; none at all in implicit VR."""
    try:
        return frozenset({None, *dictionary_VR(tag).split(" or ")})
    except KeyError:
        return frozenset({None})


def _longest(tag: int, vr: str) -> int:
    """Bytes of as many numbers as the dictionary permits: more are a damaged length, or a hiding place."""
    count = dictionary_VM(tag).split("-")[-1] if vr in SIZES else ""
    return int(count) * SIZES[vr] if count.isdigit() and vr[0] != "O" else 0


@cache
def _terms() -> dict[int, Rule]:
    asked = tables.reviewed("terms")
    return {tag: rule for word, rule in AllowList.of("").rules.items() if (tag := tag_for_keyword(word)) in asked}


@cache
def _codings() -> frozenset[int]:
    return frozenset(tag for word, tag in keyword_dict.items() if word.endswith(_CODINGS))


@cache
def _partners() -> dict[int, int]:
    """The time that belongs to a date, by their names."""
    pairs = {tag: keyword_dict.get(word.replace("Date", "Time"), 0) for word, tag in keyword_dict.items()}
    return {
        tag: time for tag, time in pairs.items() if time and time != tag and (vr_of(tag), vr_of(time)) == ("DA", "TM")
    }
