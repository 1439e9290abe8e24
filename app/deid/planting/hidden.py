"""Puts an invented identity where header cleaners do not look: private groups, overlays, curves, bytes around the
data set, elements whose representation is unknown, the file's name.
"""

from __future__ import annotations

from pathlib import Path

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from app.deid.planting.codes import item
from app.deid.planting.people import Person

TAIL = b"Q7ENDL"
"""Bytes after the data set: shorter than an element's head, so that readers end before them."""

SAFE_PRIVATE = ("Philips PET Private Group", 0x7053, 0x00, "DS", "0.000415")
"""SUV Scale Factor: creator, group, element, representation, value; safe by PS3.15 table E.3.10-1."""


def hide(dataset: Dataset, person: Person) -> None:
    """Fill private groups, overlays, curves, unknown elements and trailing padding."""
    words = person.words
    _private(dataset, person)
    dataset.add(DataElement(0x00101060, "UN", f"{words['relative']}^{words['given']}".encode("latin-1", "replace")))
    dataset.add(DataElement(0x60000010, "US", 16))
    dataset.add(DataElement(0x60000011, "US", 16))
    dataset.add(DataElement(0x60000022, "LO", f"overlay of {words['family']}"))
    dataset.add(DataElement(0x60000040, "CS", "G"))
    dataset.add(DataElement(0x60000050, "SS", [1, 1]))
    dataset.add(DataElement(0x60000100, "US", 1))
    dataset.add(DataElement(0x60000102, "US", 0))
    dataset.add(DataElement(0x60001500, "LO", f"marked by {words['doctor']}"))
    dataset.add(DataElement(0x60003000, "OW", bytes(32)))
    dataset.add(DataElement(0x60004000, "LT", f"arrow drawn for {words['given']} {words['family']}"))
    dataset.add(DataElement(0x50000030, "SH", words["station"]))
    dataset.add(DataElement(0x50002500, "LO", f"curve of {words['id']}"))
    dataset.add(DataElement(0x50003000, "OW", _even(f"{words['plain']} {words['birth']}".encode())))
    dataset.add(DataElement(0xFFFCFFFC, "OB", _even(f"padding {words['accession']}".encode())))


def _private(dataset: Dataset, person: Person) -> None:
    words = person.words
    block = dataset.private_block(0x0009, f"{words['short_institution']} ARCHIVE", create=True)
    block.add_new(0x01, "LO", f"{words['family']}, {words['given']}")
    block.add_new(0x02, "UN", _even(f"{words['phone']} {words['mail']}".encode()))
    block.add_new(0x03, "DA", words["birth"])
    block.add_new(0x04, "UI", person.uid("private"))
    deep = item(PatientName=person.name, PatientBirthDate=words["birth"])
    inner = Dataset()
    nested = inner.private_block(0x0011, "INNER BLOCK", create=True)
    nested.add_new(0x10, "SQ", [deep])
    block.add_new(0x05, "SQ", [inner])
    if dataset.get("Modality") == "PT":
        creator, group, element, representation, value = SAFE_PRIVATE
        dataset.private_block(group, creator, create=True).add_new(element, representation, value)


def write(dataset: Dataset, person: Person, path: Path) -> None:
    """Write the file with an identity in its preamble, its file meta and after its end.

    Raises:
        OSError: the file cannot be written.
    """
    words = person.words
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = words["ae"]
    meta.SendingApplicationEntityTitle = words["ae"]
    meta.ReceivingApplicationEntityTitle = words["station"]
    dataset.file_meta = meta
    dataset.preamble = f"exported for {words['plain']} {words['id']}".encode()[:128].ljust(128, b"\0")
    dcmwrite(path, dataset, enforce_file_format=True)
    with path.open("ab") as file:
        file.write(TAIL)


def file_name(person: Person, modality: str, number: int) -> str:
    """A name as people give: the patient's, the examination's."""
    words = person.words
    return f"{words['plain']}_{words['given']}_{words['study']}_{modality}{number:02d}.dcm"


def _even(content: bytes) -> bytes:
    return content + b" " * (len(content) % 2)
