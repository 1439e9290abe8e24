"""The index of a tree of DICOM images: a DICOMDIR that media viewers open (PS3.3 Annex F, PS3.10 section 8).

It indexes files that lie where they are to stay, reading their headers alone; it copies and changes none of them. It
must not know projects or exports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from pydicom import FileDataset, dcmread
from pydicom.multival import MultiValue
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from app.imaging.dicom_encoder import encode, file_of
from app.imaging.dicom_text import line
from app.imaging.dicom_writer import IMPLEMENTATION

NAME = "DICOMDIR"
LEVELS = ("PT", "ST", "SE", "IM")
"""What the folders of a tree and its files are called, before a number of six digits."""

NO_DATE, NO_TIME = "19000101", "000000"
"""A study record must have a date and a time (F.5.2), which anonymous images lack; nobody takes these for real."""

COPIED = {
    "PATIENT": ("PatientName", "PatientID"),
    "STUDY": ("StudyDate", "StudyTime", "AccessionNumber", "StudyDescription", "StudyInstanceUID", "StudyID"),
    "SERIES": ("Modality", "SeriesInstanceUID", "SeriesNumber"),
    "IMAGE": ("InstanceNumber",),
}
"""Attributes of each directory record (F.5.1 to F.5.4)."""

KEYS = {"PATIENT": "PatientID", "STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID"}
"""What tells two records of a level apart."""

FIXED = {
    "PatientName": "",
    "PatientID": "",
    "StudyDate": NO_DATE,
    "StudyTime": NO_TIME,
    "AccessionNumber": "",
    "StudyDescription": "",
    "StudyID": "1",
    "SeriesNumber": 1,
}
"""Values of attributes that a record must have and a file may lack."""

READ = [*(keyword for keywords in COPIED.values() for keyword in keywords), "SOPClassUID", "SOPInstanceUID", "Rows"]

_ITEM_HEAD, _SEQUENCE_HEAD = 8, 12
"""Bytes of an item's tag and length, and of a sequence's tag, VR and length (PS3.5 7.1.2, 7.5)."""


@dataclass(slots=True)
class Record:
    """A directory record with the records below it, by key."""

    said: dict[str, Any]
    below: dict[str, Record] = field(default_factory=dict)
    offset: int = 0


def tree_name(patient: int, study: int, series: int, image: int) -> str:
    """Path of an image in a tree, in components that a DICOMDIR can name: eight capitals and digits each (PS3.10 8.2).

    ``tree_name(1, 1, 2, 3)`` is ``PT000001/ST000001/SE000002/IM000003``.

    Raises:
        ValueError: a number below 0 or above 999,999.
    """
    numbers = (patient, study, series, image)
    if not all(0 <= number < 1_000_000 for number in numbers):
        raise ValueError("a level of a DICOMDIR tree holds a million entries at most")
    return "/".join(f"{level}{number:06d}" for level, number in zip(LEVELS, numbers, strict=True))


def write(root: Path, names: Iterable[str], uid: str, version: str = "") -> Path:
    """Index images below ``root`` in ``root/DICOMDIR``, in the order of ``names``.

    Args:
        root: folder of the file set.
        names: paths of images relative to it, with "/" between components.
        uid: the file set's own UID.
        version: version of the program.

    Returns:
        The index's path.

    Raises:
        ValueError: a name that a DICOMDIR cannot refer to, or a file without an image.
        OSError: a file cannot be read or written.
    """
    top: dict[str, Record] = {}
    for name in names:
        _insert(top, _header(root, name), name)
    path = root / NAME
    path.write_bytes(_directory(top, _file_meta(uid, version)))
    return path


def _header(root: Path, name: str) -> FileDataset:
    parts = PurePosixPath(name).parts
    fit = len(parts) <= 8 and all(
        0 < len(part) <= 8 and part.isascii() and part.replace("_", "A").isalnum() and part == part.upper()
        for part in parts
    )
    if not fit:
        raise ValueError(f"{name} is no file ID of a DICOMDIR")
    header = dcmread(root.joinpath(*parts), stop_before_pixels=True, specific_tags=READ)
    if "Rows" not in header:
        raise ValueError(f"{name} is no image")
    return header


def _insert(top: dict[str, Record], header: FileDataset, name: str) -> None:
    """Put an image into the tree, and what it belongs to where that is new."""
    level = top
    for kind, key in KEYS.items():
        own = str(header.get(key))
        if own not in level:
            level[own] = Record(_record(kind, header))
        level = level[own].below
    image = {"InstanceNumber": len(level) + 1, **_record("IMAGE", header)}
    image["ReferencedFileID"] = list(PurePosixPath(name).parts)
    image["ReferencedSOPClassUIDInFile"] = header.SOPClassUID
    image["ReferencedSOPInstanceUIDInFile"] = header.SOPInstanceUID
    image["ReferencedTransferSyntaxUIDInFile"] = header.file_meta.TransferSyntaxUID
    level[name] = Record(image)


def _record(kind: str, header: FileDataset) -> dict[str, Any]:
    """What a record says, in UTF-8 whatever the image's own character set."""
    copied = {keyword: header.get(keyword) for keyword in COPIED[kind]}
    return {
        "OffsetOfTheNextDirectoryRecord": 0,
        "RecordInUseFlag": 0xFFFF,
        "OffsetOfReferencedLowerLevelDirectoryEntity": 0,
        "DirectoryRecordType": kind,
        "SpecificCharacterSet": "ISO_IR 192",
        **{keyword: FIXED[keyword] for keyword in COPIED[kind] if keyword in FIXED},
        **{keyword: _texts(value) for keyword, value in copied.items() if value not in (None, "")},
    }


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, MultiValue) else [str(value)]


def _directory(top: dict[str, Record], meta: dict[str, Any]) -> bytes:
    """The file, whose records point at one another by where they stand in it (F.2.2)."""
    said = {
        "FileSetID": "UNDERSTUDY",
        "OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity": 0,
        "OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity": 0,
        "FileSetConsistencyFlag": 0,
    }
    place = len(file_of(meta, said)) + _SEQUENCE_HEAD
    records = list(_walk(top))
    for record in records:
        record.offset = place
        place += _ITEM_HEAD + len(encode(record.said))
    _link(top)
    roots = [record.offset for record in top.values()] or [0]
    said["OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity"] = roots[0]
    said["OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity"] = roots[-1]
    return file_of(meta, {**said, "DirectoryRecordSequence": [record.said for record in records]})


def _walk(level: dict[str, Record]) -> Iterator[Record]:
    """Every record, each before what is below it."""
    for record in level.values():
        yield record
        yield from _walk(record.below)


def _link(level: dict[str, Record]) -> None:
    siblings = list(level.values())
    for record, following in pairwise(siblings):
        record.said["OffsetOfTheNextDirectoryRecord"] = following.offset
    for record in siblings:
        if record.below:
            record.said["OffsetOfReferencedLowerLevelDirectoryEntity"] = next(iter(record.below.values())).offset
            _link(record.below)


def _file_meta(uid: str, version: str) -> dict[str, Any]:
    return {
        "MediaStorageSOPClassUID": str(MediaStorageDirectoryStorage),
        "MediaStorageSOPInstanceUID": uid,
        "TransferSyntaxUID": str(ExplicitVRLittleEndian),
        "ImplementationClassUID": IMPLEMENTATION,
        "ImplementationVersionName": line(f"UNDERSTUDY_{version}", 16),
    }
