"""De-identification of a whole DICOM data set: the door to everything that cleans a header (PS3.15 annex E).

What the standard's table does not let stay, and what no table lists for the kind of image, is left behind; what is
done is counted and stated in the data set. Pixels are not touched: whoever checked them says so. It must not know
where files come from or go to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from app.deid.cleaning import CHARSET, Cleaning
from app.deid.dates import Shift
from app.deid.elements import (
    PIXELS,
    REGISTERED,
    UNREADABLE,
    Element,
    Opened,
    found,
    raw,
)
from app.deid.encoding import IMPLEMENTATION_NAME, IMPLEMENTATION_UID, file_of
from app.deid.identities import Gathered, gather
from app.deid.pixel_bytes import PIXEL_DATA, trimmed
from app.deid.plan import PATIENT, Plan, cautious_plan, plan_of
from app.deid.pseudonyms import Pseudonyms
from app.deid.source import DEFAULT_CHARSET, SOP_CLASS, SOP_INSTANCE, encoding_of, names_of, syntax_of, text_at
from app.deid.statement import state
from app.deid.texts import known
from app.deid.values import Secrets, Values
from app.domain.deid import Option, PixelCheck, Profile, Protection
from app.domain.errors import Failed, Refused

STUDY_TIME, PATIENT_ID = 0x00080030, 0x00100020


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A data set that may leave, as far as its header goes.

    Attributes:
        dataset: with ``file_meta`` of its own; its pixels are the source's.
        fired: rule of ``app.domain.deid.RULES`` to how often it did something.
        identities: texts of the source that must not be found in what leaves; never stored, only looked for.
        uids: original to new UID of study, series and instance, for a key table that somebody asked for.
    """

    dataset: Dataset
    fired: Mapping[str, int]
    identities: frozenset[str] = field(repr=False)
    uids: Mapping[str, str] = field(default_factory=dict, repr=False)


class Deidentifier:
    """Cleans data sets of one project.

    Args:
        secret: of the project, 32 bytes or more; the same secret gives the same identifiers and dates.
        protection: profile and options.
    """

    def __init__(self, secret: bytes, protection: Protection) -> None:
        self._pseudonyms = Pseudonyms(secret)
        self._protection = protection

    def clean(self, dataset: Dataset, *, patient: str, check: PixelCheck) -> Cleaned:
        """Everything of a data set that may leave, in a new one.

        Args:
            dataset: as pydicom read it; it is not changed.
            patient: new name and identifier of the patient.
            check: what is known of the pixels.

        Raises:
            Refused: ``deid-kind``: no image, or under maximum protection an image of a class that is not known.
            Failed: ``deid-unreadable``: the data set does not say what it is.
        """
        syntax = syntax_of(dataset)
        like = encoding_of(dataset, syntax)
        names = names_of(dataset, like)
        plan = self._plan(names[SOP_CLASS], any(tag in dataset for tag in PIXELS))
        opened: Opened = {}
        gathered = gather(dataset, opened)
        secrets = self._secrets(dataset, gathered, patient, like)
        cleaning = Cleaning(Values(secrets, self._protection), self._protection, like, opened)
        elements = cleaning.clean(dataset, plan, DEFAULT_CHARSET)
        excess = False
        if PIXEL_DATA in elements:
            elements[PIXEL_DATA], excess = trimmed(dataset, elements[PIXEL_DATA], syntax, like)
        for tag in PATIENT:
            vr = "PN" if tag == 0x00100010 else "LO"
            elements[BaseTag(tag)] = raw(tag, vr, patient.encode("utf-8"), like)
        for tag, uid in names.items():
            new = uid if tag == SOP_CLASS else secrets.replacement(uid)
            elements[BaseTag(tag)] = raw(tag, "UI", new.encode("ascii"), like)
        state(elements, dataset, self._protection, check, like)
        _name_charset(elements, dataset, beyond=cleaning.beyond_ascii or not patient.isascii(), like=like)
        result = Dataset(elements)
        result.set_original_encoding(*like, "utf8")
        result.file_meta = _meta(result, syntax, like)
        fired = {**cleaning.fired, "preamble": 1, "meta": 1, "excess": excess}
        return Cleaned(
            result,
            {rule: int(count) for rule, count in sorted(fired.items()) if count},
            self._identities(gathered),
            {uid: self._pseudonyms.replacement(uid) for uid in gathered.uids},
        )

    def write(self, cleaned: Cleaned, path: Path) -> None:
        """Write a cleaned data set as a file, in the transfer syntax that its ``file_meta`` names.

        Raises:
            Failed: ``deid-unwritable``: its pixels do not fit its header.
            OSError: the disk does not take it.
        """
        dataset = cleaned.dataset
        meta = dataset.file_meta
        try:
            parts = file_of(
                dataset, meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, UID(meta.TransferSyntaxUID)
            )
        except UNREADABLE as error:
            raise Failed("deid-unwritable", detail=type(error).__name__) from error
        with path.open("wb") as stream:
            stream.writelines(parts)

    def _plan(self, sop_class: str, image: bool) -> Plan:
        found = plan_of(sop_class, self._protection)
        if found is not None:
            return found
        if self._protection.profile is Profile.MAXIMUM or not image:
            name = UID(sop_class).name if sop_class in REGISTERED else "an unknown kind of object"
            raise Refused("deid-kind", kind=name)
        return cautious_plan(self._protection)

    def _secrets(self, dataset: Dataset, gathered: Gathered, patient: str, like: tuple[bool, bool]) -> Secrets:
        options = self._protection.options
        whom = text_at(dataset, PATIENT_ID, like) or patient
        telling = gathered.telling
        if Option.INSTITUTION in options:
            telling -= gathered.institution
        if Option.DEVICE in options:
            telling -= gathered.device
        return Secrets(
            known(gathered.names, telling),
            Shift(0, 0) if Option.FULL_DATES in options else self._pseudonyms.shift(whom),
            (lambda uid: uid) if Option.UIDS in options else self._pseudonyms.replacement,
            patient,
            text_at(dataset, STUDY_TIME, like),
        )

    def _identities(self, gathered: Gathered) -> frozenset[str]:
        """What must not be found outside, without what the options let stay."""
        options = self._protection.options
        found = gathered.identities
        for option, kept in (
            (Option.UIDS, gathered.uids),
            (Option.INSTITUTION, gathered.institution),
            (Option.DEVICE, gathered.device),
        ):
            found -= kept if option in options else frozenset()
        return found


def _name_charset(elements: dict[BaseTag, Element], source: Dataset, *, beyond: bool, like: tuple[bool, bool]) -> None:
    """UTF-8 is named where a text needs it, and where the source named a set: ASCII is part of it."""
    if beyond or found(source, CHARSET) is not None:
        elements[BaseTag(CHARSET)] = raw(CHARSET, "CS", b"ISO_IR 192", like)


def _meta(dataset: Dataset, syntax: UID, like: tuple[bool, bool]) -> FileMetaDataset:
    plain = (False, True)
    values = {
        0x00020002: ("UI", text_at(dataset, SOP_CLASS, like)),
        0x00020003: ("UI", text_at(dataset, SOP_INSTANCE, like)),
        0x00020010: ("UI", str(syntax)),
        0x00020012: ("UI", IMPLEMENTATION_UID),
        0x00020013: ("SH", IMPLEMENTATION_NAME),
    }
    return FileMetaDataset(
        {BaseTag(tag): raw(tag, vr, text.encode("ascii"), plain) for tag, (vr, text) in values.items()}
    )
