"""What is planted in which attribute: one table, templates over the facts of a person.

Braces name facts (``people``); ``clinical`` names the words that are no identity and that a careful cleaner
keeps. Lengths stay within the limits of PS3.5 6.2.
"""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """A planted value and the words in it that are worth keeping."""

    template: str
    clinical: tuple[str, ...] = ()


IDENTITY: dict[str, str] = {
    "PatientID": "{id}",
    "IssuerOfPatientID": "{institution}",
    "OtherPatientIDs": "{other_id}",
    "OtherPatientNames": "{family}^{given}",
    "PatientBirthName": "{relative}^{given}",
    "PatientBirthDate": "{birth}",
    "PatientSex": "{sex}",
    "PatientAge": "{age}",
    "PatientAddress": "{address}, {town}",
    "PatientTelephoneNumbers": "{phone}",
    "PatientTelecomInformation": "{mail}",
    "RegionOfResidence": "{town}",
    "ResponsiblePerson": "{relative}^{family}",
    "MedicalRecordLocator": "{other_id}",
    "AccessionNumber": "{accession}",
    "StudyID": "{order}",
    "AdmissionID": "{order}",
    "ReferringPhysicianName": "{doctor}^{doctor_given}",
    "ReferringPhysicianTelephoneNumbers": "{phone}",
    "PhysiciansOfRecord": "{doctor}^{doctor_given}",
    "PerformingPhysicianName": "{doctor}^{doctor_given}",
    "NameOfPhysiciansReadingStudy": "{doctor}^{doctor_given}",
    "RequestingPhysician": "{doctor}^{doctor_given}",
    "OperatorsName": "{operator}^{login}",
    "InstitutionName": "{institution}",
    "InstitutionAddress": "{address}, {town}",
    "InstitutionalDepartmentName": "{department}",
    "RequestingService": "{department}",
    "CurrentPatientLocation": "{department}",
    "PerformedLocation": "{station}",
    "StationName": "{station}",
    "DeviceSerialNumber": "{serial}",
    "GantryID": "{serial}",
    "DetectorID": "{serial}",
    "PerformedStationName": "{station}",
    "PerformedStationAETitle": "{ae}",
    "RetrieveAETitle": "{ae}",
    "FillerOrderNumberImagingServiceRequest": "{order}",
    "PlacerOrderNumberImagingServiceRequest": "{order}",
    "PerformedProcedureStepID": "{order}",
}
"""Attributes that hold nothing but an identity, or a fact about a person."""

DESCRIBING: dict[str, Text] = {
    "StudyDescription": Text("Abdomen with contrast, {family} {given}", ("Abdomen", "contrast")),
    "SeriesDescription": Text("axial breath hold {plain} {id}", ("axial", "breath hold")),
    "ProtocolName": Text("Liver protocol ({native}, {given})", ("Liver", "protocol")),
    "ImageComments": Text(
        "Steatosis seen. Born {birth_dots} ({birth_iso}), scanned {study_long}, phone {phone}; UID {uid}.",
        ("Steatosis",),
    ),
    "PatientComments": Text(
        "{given} {family} ({birth_us}), allergic to iodine, {address}, {study_short}", ("allergic", "iodine")
    ),
    "AdditionalPatientHistory": Text(
        "Cholecystectomy, born {birth_short} or {birth_long}, seen {study_us}", ("Cholecystectomy",)
    ),
    "AdmittingDiagnosesDescription": Text("Wilson disease; {family}^{given}", ("Wilson disease",)),
    "DerivationDescription": Text("Reformatted on {station} by {login}", ("Reformatted",)),
    "PerformedProcedureStepDescription": Text("Follow-up of {study_iso} ({id})", ("Follow-up",)),
    "RequestedProcedureDescription": Text("Hepatic lesion, {plain_given}_{family}", ("Hepatic lesion",)),
    "RequestedProcedureComments": Text("brought by her neighbour, Mrs {stranger}"),
    "ReasonForStudy": Text("Epigastric pain, says {doctor}", ("Epigastric pain",)),
    "CommentsOnThePerformedProcedureStep": Text("Motion artefact; mail to {mail}", ("Motion artefact",)),
    "StudyComments": Text("{family_upper}, {given_upper} {birth}: cirrhosis", ("cirrhosis",)),
}
"""Free text that mixes clinical words with identities."""

PLAIN: dict[str, str] = {
    "ContrastBolusAgent": "Iohexol 350",
    "ContrastBolusRoute": "IV",
    "Manufacturer": "Understudy Phantom Works",
    "ManufacturerModelName": "Phantom 3000",
    "SoftwareVersions": "syngo-like 4.2",
    "PatientSize": "1.71",
    "PatientWeight": "68",
    "SeriesNumber": "3",
    "InstanceNumber": "17",
    "BurnedInAnnotation": "NO",
}
"""Attributes that name nobody."""

DATES: dict[str, tuple[int, str]] = {
    "StudyDate": (0, "StudyTime"),
    "SeriesDate": (0, "SeriesTime"),
    "AcquisitionDate": (1, "AcquisitionTime"),
    "ContentDate": (1, "ContentTime"),
    "InstanceCreationDate": (2, "InstanceCreationTime"),
    "PerformedProcedureStepStartDate": (0, "PerformedProcedureStepStartTime"),
    "DateOfLastCalibration": (-31, "TimeOfLastCalibration"),
    "LastMenstrualDate": (-17, ""),
}
"""Dates by their distance from the examination in days, each with its time ("" for none)."""

MOMENTS: dict[str, int] = {"AcquisitionDateTime": 1, "InstanceCoercionDateTime": 2}
"""Moments (DT), by their distance from the examination in days."""

UIDS = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "FrameOfReferenceUID",
    "DeviceUID",
    "IrradiationEventUID",
)
"""UIDs of the top level; each kind of object holds all of them."""

CLINICAL: tuple[str, ...] = (*sorted({word for text in DESCRIBING.values() for word in text.clinical}), "nodule")
"""All words that are worth keeping, those of nested reports too."""
