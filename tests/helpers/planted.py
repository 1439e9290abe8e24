"""A CT file with invented identifiers planted wherever a DICOM file can hide them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

PLANTED = (
    "Zebrowski",
    "Ottilie",
    "MRN-7734001",
    "ACC-991188",
    "St. Quendolin",
    "Dr. Habakuk",
    "Elm Street 99",
    "19470312",
    "SN-55-AA-77",
    "PREAMBLE-LEAK",
    "AE-LEAK-TITLE",
    "overlay of Zebro",
    "private note",
    "nested note",
    "protocol of Ottilie",
    "1.2.826.0.1.99.1",
    "1.2.826.0.1.99.2",
    "1.2.826.0.1.99.3",
    "1.2.826.0.1.99.4",
)
"""Texts of which none may be found in the bytes of anything that leaves."""


def planted_ct(path: Path, *, pixels: np.ndarray | None = None, number: int = 1) -> Path:
    """Write the file: 16 by 16 pixels unless given. ``number`` tells patients apart."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.99.3.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = "AE-LEAK-TITLE"
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"PREAMBLE-LEAK".ljust(128, b"\0"))
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    _identify(dataset, number)
    _hide(dataset)
    _acquire(dataset, number)
    _draw(dataset, np.arange(256, dtype=np.int16).reshape(16, 16) if pixels is None else pixels)
    dataset.save_as(path, enforce_file_format=True)
    return path


def _identify(dataset: Dataset, number: int) -> None:
    dataset.PatientName = "Zebrowski^Ottilie"
    dataset.PatientID = f"MRN-7734001-{number}"
    dataset.PatientBirthDate = "19470312"
    dataset.PatientSex = "F"
    dataset.PatientAddress = "Elm Street 99"
    dataset.AccessionNumber = "ACC-991188"
    dataset.InstitutionName = "St. Quendolin"
    dataset.ReferringPhysicianName = "Dr. Habakuk"
    dataset.DeviceSerialNumber = "SN-55-AA-77"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "19470312"
    dataset.StudyTime = "101112"
    dataset.StudyInstanceUID = f"1.2.826.0.1.99.1.{number}"
    dataset.SeriesInstanceUID = f"1.2.826.0.1.99.2.{number}"
    dataset.FrameOfReferenceUID = f"1.2.826.0.1.99.4.{number}"
    dataset.ProtocolName = "protocol of Ottilie"
    dataset.StudyDescription = "head of Zebrowski"
    dataset.SeriesDescription = "axial, Ottilie"
    dataset.ImageComments = "Ottilie moved"


def _hide(dataset: Dataset) -> None:
    """The places that header cleaners forget."""
    inner = Dataset()
    inner.TextValue = "nested note on Zebrowski"
    inner.PersonName = "Zebrowski^Ottilie"
    outer = Dataset()
    outer.ContentSequence = [inner]
    outer.ReferencedSOPInstanceUID = "1.2.826.0.1.99.3"
    outer.ReferencedSOPClassUID = CTImageStorage
    dataset.RequestAttributesSequence = [outer]
    block = dataset.private_block(0x0029, "PRIVATE OF Ottilie", create=True)
    block.add_new(0x01, "LO", "private note Zebrowski")
    block.add_new(0x02, "UN", b"Zebrowski in bytes")
    dataset.add_new(0x60000010, "US", 16)
    dataset.add_new(0x60000011, "US", 16)
    dataset.add_new(0x60000022, "LO", "overlay of Zebrowski")
    dataset.add_new(0x60000040, "CS", "G")
    dataset.BodyPartExamined = "ZEBROWSKI"
    dataset.Manufacturer = "St. Quendolin"
    dataset.ConvolutionKernel = "Ottilie"


def _acquire(dataset: Dataset, number: int) -> None:
    dataset.Modality = "CT"
    dataset.KVP = "120"
    dataset.SliceThickness = "2.5"
    dataset.InstanceNumber = number
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.ImagePositionPatient = [0, 0, 2.5 * number]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [0.8, 0.8]


def _draw(dataset: Dataset, pixels: np.ndarray) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 1
    dataset.RescaleIntercept = "-100"
    dataset.RescaleSlope = "1"
    dataset.PixelData = pixels.astype("<i2").tobytes()
