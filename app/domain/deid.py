"""What de-identification is asked to do, and what has been checked: words for the options of PS3.15 annex E.

It must not know files, data sets or tables; ``app.deid`` carries these words out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import BadUsage


class Profile(StrEnum):
    """How much of a header stays."""

    MAXIMUM = "maximum"
    """The Basic Profile and nothing retained: no date, no description, nothing that nobody listed."""
    RESEARCH = "research"
    """As public archives publish: dates shifted, sex and age band kept, descriptions cleaned."""


class Option(StrEnum):
    """The options of PS3.15 E.3, named as in ``resources/deid/ps3_15_e1.json``."""

    CLEAN_PIXELS = "clean-pixels"
    CLEAN_FACES = "clean-faces"
    CLEAN_GRAPHICS = "clean-graphics"
    """Graphics are cleaned by removing them: no program reads what somebody drew."""
    CLEAN_STRUCTURED_CONTENT = "clean-structured-content"
    CLEAN_DESCRIPTORS = "clean-descriptors"
    FULL_DATES = "full-dates"
    MODIFIED_DATES = "modified-dates"
    PATIENT_CHARACTERISTICS = "patient-characteristics"
    DEVICE = "device"
    UIDS = "uids"
    SAFE_PRIVATE = "safe-private"
    INSTITUTION = "institution"

    @property
    def code(self) -> tuple[str, str]:
        """Code value (scheme DCM) and meaning of CID 7050."""
        return CODES[self]


BASIC_CODE = ("113100", "Basic Application Confidentiality Profile")

CODES: dict[Option, tuple[str, str]] = {
    Option.CLEAN_PIXELS: ("113101", "Clean Pixel Data Option"),
    Option.CLEAN_FACES: ("113102", "Clean Recognizable Visual Features Option"),
    Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option"),
    Option.CLEAN_STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option"),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.FULL_DATES: ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    Option.MODIFIED_DATES: ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    Option.PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.DEVICE: ("113109", "Retain Device Identity Option"),
    Option.UIDS: ("113110", "Retain UIDs Option"),
    Option.SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.INSTITUTION: ("113112", "Retain Institution Identity Option"),
}

_OF_CHECK = frozenset({Option.CLEAN_PIXELS, Option.CLEAN_FACES})
"""Options that nobody can switch on: they are stated where the pixels were checked (``PixelCheck``)."""

_OF_PROFILE: dict[Profile, frozenset[Option]] = {
    Profile.MAXIMUM: frozenset(),
    Profile.RESEARCH: frozenset({Option.MODIFIED_DATES, Option.PATIENT_CHARACTERISTICS, Option.CLEAN_DESCRIPTORS}),
}


@dataclass(frozen=True, slots=True)
class Protection:
    """A profile with its options.

    Attributes:
        profile: decides what happens to what the options leave open.
        options: those switched on, the profile's own included.
    """

    profile: Profile
    options: frozenset[Option]

    @classmethod
    def of(cls, profile: Profile, extra: Iterable[Option] = ()) -> Protection:
        """A profile with further options switched on.

        ``FULL_DATES`` takes the place of the dates that ``RESEARCH`` shifts.

        Raises:
            BadUsage: ``deid-options``: dates both kept and shifted, or an option that only a check can give.
        """
        asked = frozenset(extra)
        given = asked & _OF_CHECK
        if given:
            raise BadUsage(
                "deid-options", text=f"{min(given)} follows from checking the pixels and cannot be asked for"
            )
        if {Option.FULL_DATES, Option.MODIFIED_DATES} <= asked:
            raise BadUsage("deid-options", text="dates can be kept or shifted, not both")
        own = _OF_PROFILE[profile] - ({Option.MODIFIED_DATES} if Option.FULL_DATES in asked else set())
        return cls(profile, own | asked)


TEXT_CHECKS = ("not-checked", "none-found", "redacted")
FACE_CHECKS = ("not-checked", "no-head", "defaced")


@dataclass(frozen=True, slots=True)
class PixelCheck:
    """What is known of a data set's pixels.

    Attributes:
        text: burned-in text: ``not-checked``, ``none-found`` or ``redacted``.
        faces: recognizable faces: ``not-checked``, ``no-head`` or ``defaced``.
    """

    text: str = "not-checked"
    faces: str = "not-checked"

    def __post_init__(self) -> None:
        if self.text not in TEXT_CHECKS or self.faces not in FACE_CHECKS:
            raise ValueError("an unknown result of a check")

    @property
    def complete(self) -> bool:
        """Whether both were checked."""
        return "not-checked" not in (self.text, self.faces)

    @property
    def options(self) -> frozenset[Option]:
        """The options that the checks have carried out."""
        text = {Option.CLEAN_PIXELS} if self.text != "not-checked" else set()
        faces = {Option.CLEAN_FACES} if self.faces != "not-checked" else set()
        return frozenset(text | faces)


RULES: dict[str, str] = {
    "removed": "removed, as the Basic Profile asks",
    "emptied": "emptied, as the Basic Profile asks",
    "replaced": "replaced by a dummy, as the Basic Profile asks",
    "pseudonym": "replaced by the new patient name",
    "uid": "identifier replaced by a keyed one",
    "date": "date or time shifted by the patient's secret offset",
    "age": "age given as a band of years",
    "text-cleaned": "text kept without the names, numbers and dates in it",
    "text-removed": "text removed, as something in it could still tell who is shown",
    "technical": "technical value removed, as it holds an identity or is not on the list of terms",
    "unreadable": "value removed, as it does not fit its kind",
    "private": "private attribute removed",
    "private-kept": "private attribute kept, as it is on the standard's safe list",
    "graphics": "overlay or curve removed",
    "unlisted": "attribute removed, as nothing lists it for this kind of image",
    "preamble": "preamble emptied",
    "excess": "bytes behind the last pixel removed",
    "meta": "file header rebuilt without the source's titles and names",
}
"""What each rule that is counted in ``Cleaned.fired`` did, for the dry run."""
