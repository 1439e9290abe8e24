"""How real images are protected, in the words of who has to answer for it; the standard's own words stand in the tips.

It must not know Qt or how a header is cleaned; which options go together is asked of ``app.domain.deid``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.deid import Option, Profile, Protection

PROFILES = {
    Profile.MAXIMUM: (
        "Maximum",
        "Nothing stays that somebody could be found by: no dates, no descriptions; what could not be checked stays "
        "here.",
    ),
    Profile.RESEARCH: (
        "Research",
        "Dates shifted by a secret number of days per patient, sex, an age band and cleaned descriptions stay; what "
        "could not be checked leaves too, and says so.",
    ),
}
"""Name and one sentence."""


@dataclass(frozen=True, slots=True)
class Switch:
    """An option that a person can turn on.

    Attributes:
        option: of the standard.
        title: in plain words.
        keeps: what the summary says of it.
    """

    option: Option
    title: str
    keeps: str

    @property
    def tip(self) -> str:
        """The standard's name and code."""
        code, meaning = self.option.code
        return f"DICOM PS3.15 E.3, {meaning} (DCM {code})"


SWITCHES = (
    Switch(Option.MODIFIED_DATES, "Shifted dates and times", "shifted dates"),
    Switch(Option.FULL_DATES, "True dates and times", "true dates"),
    Switch(Option.PATIENT_CHARACTERISTICS, "Sex, age band, size and weight", "facts about the patient"),
    Switch(Option.CLEAN_DESCRIPTORS, "Descriptions, without names, numbers and dates", "cleaned descriptions"),
    Switch(Option.DEVICE, "Serial numbers and names of the device", "the device’s identity"),
    Switch(Option.INSTITUTION, "Name and address of the institution", "the institution"),
    Switch(Option.UIDS, "The original identifiers (UIDs)", "original identifiers"),
    Switch(Option.SAFE_PRIVATE, "Makers’ own fields that the standard lists as safe", "safe private fields"),
    Switch(Option.CLEAN_GRAPHICS, "Drawn annotations, cleaned (overlays always go)", "cleaned annotations"),
    Switch(Option.CLEAN_STRUCTURED_CONTENT, "Structured content, cleaned", "cleaned structured content"),
)
"""All options but those that follow from checking the pixels."""

_RIVALS = {Option.FULL_DATES: Option.MODIFIED_DATES, Option.MODIFIED_DATES: Option.FULL_DATES}


def own(profile: Profile) -> frozenset[Option]:
    """What a profile brings by itself."""
    return Protection.of(profile).options


def effective(profile: Profile, extra: Collection[Option]) -> frozenset[Option]:
    """What is on: the profile's own options and the further ones."""
    return Protection.of(profile, extra).options


def switched(profile: Profile, extra: Collection[Option], option: Option, *, on: bool) -> frozenset[Option]:
    """The further options after one was turned on or off; the one that contradicts it goes."""
    left = frozenset(extra) - {option, _RIVALS.get(option, option)}
    return fitting(profile, left | {option} if on else left)


def fitting(profile: Profile, extra: Collection[Option]) -> frozenset[Option]:
    """The further options without those that the profile brings anyway."""
    return frozenset(extra) - own(profile)


def weaker(profile: Profile, extra: Collection[Option]) -> str:
    """What stays beyond the profile, as a sentence; "" where nothing does."""
    kept = [one.keeps for one in SWITCHES if one.option in fitting(profile, extra)]
    return f"Less than {PROFILES[profile][0]} alone: {', '.join(kept)} will stay." if kept else ""
