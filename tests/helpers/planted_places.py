"""Invented identities in every place where a DICOM file can hold one, beyond those of ``planted``."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID, CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.helpers.planted import PLANTED, planted_ct

HIDDEN = (
    *(text for text in PLANTED if text not in ("Zebrowski", "Ottilie")),
    *("Zebrowski", "Ottilie", "ゼブロフスキ", "オッティリエ", "Habakuk Winterstein", "+41 44 555 01 99"),
    *("ottilie@example.org", "trailing Zebrowski", "curve of Ottilie", "original Zebrowski", "unknown Zebrowski"),
    *("SR of Ottilie", "WORKSTATION-ZEB", "20030405060708.091", "12-MAR-1947", "behind Zebrowski", "MRN7734001"),
)
"""Texts of which none may be found in what leaves under maximum protection."""

SYNTAXES = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "big-endian": ExplicitVRBigEndian,
    "deflated": UID("1.2.840.10008.1.2.1.99"),
}


def planted_everywhere(path: Path, syntax: UID = ExplicitVRLittleEndian, *, trailing: bool = False) -> Path:
    """Write a CT file with all of ``HIDDEN`` in it, behind its data set too if ``trailing``; it has 16 by 16 pixels."""
    dataset = pydicom.dcmread(planted_ct(path))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "Zebrowski^Ottilie=ゼブロフスキ^オッティリエ"
    dataset.OperatorsName = "Habakuk Winterstein"
    dataset.AcquisitionDateTime = "20030405060708.091"
    dataset.ImageComments = "call +41 44 555 01 99 or ottilie@example.org, born 12-MAR-1947"
    dataset.AdditionalPatientHistory = "MRN7734001: Zebrowski " * 20
    dataset.SeriesNumber = 7
    _nest(dataset)
    _outlaw(dataset)
    _rewrite(dataset, path, syntax)
    if trailing:
        path.write_bytes(path.read_bytes() + b"trailing Zebrowski")
    return path


def _nest(dataset: Dataset) -> None:
    text = Dataset()
    text.RelationshipType, text.ValueType, text.TextValue = "CONTAINS", "TEXT", "SR of Ottilie " * 9
    text.ConceptNameCodeSequence = [_code("Zebrowski")]
    outer = Dataset()
    outer.ValueType, outer.ContentSequence, outer.PersonName = "CONTAINER", [text], "Zebrowski^Ottilie"
    dataset.ContentSequence = [outer]
    dataset.AcquisitionContextSequence = [outer]
    changed = Dataset()
    changed.PatientName, changed.ImageComments = "Zebrowski^Ottilie", "original Zebrowski"
    attributes = Dataset()
    attributes.ModifiedAttributesSequence, attributes.ModifyingSystem = [changed], "WORKSTATION-ZEB"
    attributes.SourceOfPreviousValues, attributes.AttributeModificationDateTime = "Zebrowski", "20030405060708.091"
    attributes.ReasonForTheAttributeModification = "CORRECT"
    dataset.OriginalAttributesSequence = [attributes]
    dataset.ProcedureCodeSequence = [_code("head of Zebrowski")]


def _code(meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "99ZEB", meaning
    return item


def _outlaw(dataset: Dataset) -> None:
    """Groups and representations that readers skip."""
    block = dataset.private_block(0x0009, "Zebrowski private", create=True)
    block.add_new(0x01, "UT", "unknown Zebrowski")
    nested = Dataset()
    nested.PatientName = "Zebrowski^Ottilie"
    block.add_new(0x02, "SQ", [nested])
    dataset.add_new(0x50000022, "LO", "curve of Ottilie")
    dataset.add_new(0x50003000, "OW", b"curve of Ottilie")
    dataset.add_new(0x60004000, "LT", "overlay of Zebrowski")
    for tag, value in (
        (0x00081110, _implicit(nested)),
        (0x00280120, b"unknown Zebrowski "),
        (0x00091199, b"unknown Zebrowski "),
    ):
        dataset[tag] = RawDataElement(BaseTag(tag), "UN", len(value), value, 0, False, True)
    dataset.add_new(0x00400008, "SQ", [nested])
    dataset.add_new(0xFFFCFFFC, "OB", b"trailing Zebrowski")
    dataset.PixelData = dataset.PixelData + b"behind Zebrowski"


def _implicit(item: Dataset) -> bytes:
    """A sequence of one item as it comes with representation UN."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = True, True
    write_dataset(buffer, item)
    content = buffer.getvalue()
    return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content


def _rewrite(dataset: FileDataset, path: Path, syntax: UID) -> None:
    meta = dataset.file_meta
    meta.TransferSyntaxUID = syntax
    meta.ImplementationVersionName = "WORKSTATION-ZEB"
    meta.SendingApplicationEntityTitle = "AE-LEAK-TITLE"
    meta.PrivateInformationCreatorUID, meta.PrivateInformation = "1.2.826.0.1.99.9", b"unknown Zebrowski "
    assert dataset.SOPClassUID == CTImageStorage
    like = {"implicit_vr": syntax.is_implicit_VR, "little_endian": syntax.is_little_endian}
    if not syntax.is_little_endian:
        for _ in dataset.iterall():
            pass
    dcmwrite(path, dataset, force_encoding=True, **like)
