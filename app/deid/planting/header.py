"""Puts an invented identity into a header: top level, sequences in sequences, dates, UIDs, free text.

It fills what ``texts`` names; what no header shows (private groups, overlays, bytes outside the data set) is
the matter of ``hidden``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from app.deid.planting.codes import code, item
from app.deid.planting.people import Person
from app.deid.planting.texts import DATES, DESCRIBING, IDENTITY, MOMENTS, PLAIN, UIDS

TIMES = {"StudyTime": "101530", "SeriesTime": "235951.250", "TimeOfLastCalibration": "0815"}
"""Times in the lengths that TM allows; others are the acquisition's."""

ACQUIRED = "000412.5"

UID_ROOT = "2.999."
"""What every planted UID begins with."""


def identify(dataset: Dataset, person: Person, instance: str) -> None:
    """Fill a header with a person's identity.

    Args:
        dataset: changed in place; what it holds of these attributes is replaced.
        person: whose it becomes.
        instance: tells the files of one person apart.
    """
    dataset.SpecificCharacterSet = list(person.charset)
    dataset.PatientName = person.name
    words = person.words
    for keyword, template in {**PLAIN, **IDENTITY}.items():
        setattr(dataset, keyword, template.format_map(words))
    for keyword, text in DESCRIBING.items():
        setattr(dataset, keyword, text.template.format_map(words))
    _date(dataset, person)
    _number(dataset, person, instance)
    _nest(dataset, person)


def _date(dataset: Dataset, person: Person) -> None:
    day = datetime.strptime(person.facts["study"], "%Y%m%d")
    for keyword, (days, time) in DATES.items():
        setattr(dataset, keyword, f"{day + timedelta(days=days):%Y%m%d}")
        if time:
            setattr(dataset, time, TIMES.get(time, ACQUIRED))
    for keyword, days in MOMENTS.items():
        setattr(dataset, keyword, f"{day + timedelta(days=days):%Y%m%d}{ACQUIRED}00+0100")


def _number(dataset: Dataset, person: Person, instance: str) -> None:
    """UIDs: the study's is the same in all files of a person, the others are of this file alone."""
    for keyword in UIDS:
        parts = ("study",) if keyword == "StudyInstanceUID" else (keyword, instance)
        setattr(dataset, keyword, person.uid(*parts))
    dataset.DeviceUID = f"{UID_ROOT}1.{person.words['serial'][2:6]}"


def _nest(dataset: Dataset, person: Person) -> None:
    words = person.words
    dataset.OtherPatientIDsSequence = [item(PatientID=words["other_id"], IssuerOfPatientID=words["institution"])]
    dataset.ReferringPhysicianIdentificationSequence = [
        item(
            InstitutionName=words["institution"],
            PersonAddress=f"{words['address']}, {words['town']}",
            PersonTelephoneNumbers=words["phone"],
            PersonIdentificationCodeSequence=[code(words["login"], "99QUENDOLIN", words["doctor"])],
        )
    ]
    dataset.RequestAttributesSequence = [
        item(
            RequestedProcedureID=words["order"],
            RequestedProcedureDescription=f"Hepatic lesion, {words['family']}",
            ScheduledProcedureStepDescription=f"axial, {words['given']} {words['family']}",
        )
    ]
    dataset.ReferencedStudySequence = [_reference(person, "study")]
    dataset.SourceImageSequence = [_reference(person, "SOPInstanceUID", "earlier")]
    dataset.ReferencedImageSequence = [_reference(person, "SOPInstanceUID", "other")]
    dataset.ContentSequence = [_report(person)]
    dataset.OriginalAttributesSequence = [_history(person)]


def _reference(person: Person, *parts: str) -> Dataset:
    return item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.7", ReferencedSOPInstanceUID=person.uid(*parts))


def _report(person: Person) -> Dataset:
    """A finding of a report, three levels deep."""
    words = person.words
    observer = item(ValueType="PNAME", ConceptNameCodeSequence=[code("121008", "DCM", "Person Observer Name")])
    observer.PersonName = f"{words['doctor']}^{words['doctor_given']}"
    finding = item(ValueType="TEXT", ConceptNameCodeSequence=[code("121071", "DCM", "Finding")])
    finding.TextValue = f"{words['given']} {words['family']} shows a nodule, compared with {words['study_dots']}"
    finding.ContentSequence = [observer]
    return item(ValueType="CONTAINER", ContinuityOfContent="SEPARATE", ContentSequence=[finding])


def _history(person: Person) -> Dataset:
    """What an archive says that it changed, with the old identity (PS3.3 C.12.1)."""
    words = person.words
    old = item(PatientName=f"{words['family']}^{words['relative']}", PatientID=words["other_id"])
    return item(
        ModifiedAttributesSequence=[old],
        AttributeModificationDateTime=f"{words['study']}121500",
        ModifyingSystem=words["station"],
        SourceOfPreviousValues=words["institution"],
        ReasonForTheAttributeModification="CORRECT",
    )
