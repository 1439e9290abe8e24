"""Files as a CT scanner writes them, made by the thousand: some 180 elements, a private block, sequences, real sizes.

One file is written by pydicom; the others are that file with the elements that differ (UIDs, numbers, position) put
in place, as long as their values are: what follows them moves from file to file, as it does in a hospital.
"""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

_ROOT = "1.2.826.0.1.3680043.8.498."
_NUMBER, _PLACE, _STUDY, _SERIES = "555555", "-7777.25", "4" * 20, "3" * 20
_INSTANCE = f"{_ROOT}{_SERIES}.{_NUMBER}"
_CORNER = "-200.000\\-335.000\\"

_TEXTS = {
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"],
    "InstanceCreationDate": "20260102",
    "InstanceCreationTime": "101112.123000",
    "StudyDate": "20260102",
    "SeriesDate": "20260102",
    "AcquisitionDate": "20260102",
    "ContentDate": "20260102",
    "AcquisitionDateTime": "20260102101112.123000",
    "StudyTime": "101112.123000",
    "SeriesTime": "101112.123000",
    "AcquisitionTime": "101112.123000",
    "ContentTime": "101112.123000",
    "AccessionNumber": "A0000001",
    "Modality": "CT",
    "Manufacturer": "Imaginary Scanners",
    "InstitutionName": "Hospital of Nowhere",
    "InstitutionAddress": "Somewhere Street 1, 12345 Nowhere, District, Country",
    "ReferringPhysicianName": "Doctor^Refer",
    "StationName": "CT00001",
    "StudyDescription": "Thorax^Abdomen (Adult)",
    "SeriesDescription": "Abdomen 1.0 Br36 S3",
    "InstitutionalDepartmentName": "Radiology",
    "PhysiciansOfRecord": "Doctor^Record",
    "PerformingPhysicianName": "Doctor^Perform",
    "OperatorsName": "Operator^One",
    "ManufacturerModelName": "Model 64",
    "IrradiationEventUID": _ROOT + "11.22.33.44",
    "PatientName": "Invented^Patient",
    "PatientID": "INV-0001",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "PatientAge": "056Y",
    "PatientSize": "1.72",
    "PatientWeight": "71",
    "EthnicGroup": "unknown",
    "PregnancyStatus": 4,
    "PatientComments": "an invented patient of a benchmark",
    "BodyPartExamined": "ABDOMEN",
    "ScanOptions": "SPIRAL",
    "KVP": "120",
    "DataCollectionDiameter": "500",
    "DeviceSerialNumber": "12345",
    "SoftwareVersions": "invented 2026A",
    "ProtocolName": "Thorax_Abdomen",
    "DistanceSourceToDetector": "1085.6",
    "DistanceSourceToPatient": "595",
    "GantryDetectorTilt": "0",
    "TableHeight": "135",
    "RotationDirection": "CW",
    "ExposureTime": "500",
    "XRayTubeCurrent": "312",
    "Exposure": "156",
    "FilterType": "FLAT",
    "GeneratorPower": "37",
    "FocalSpots": "1.2",
    "DateOfLastCalibration": "20260101",
    "TimeOfLastCalibration": "080000.000000",
    "ConvolutionKernel": ["Br36f", "3"],
    "PatientPosition": "HFS",
    "SingleCollimationWidth": 0.6,
    "TotalCollimationWidth": 38.4,
    "TableSpeed": 46.0,
    "TableFeedPerRotation": 23.0,
    "SpiralPitchFactor": 0.6,
    "DataCollectionCenterPatient": [0.0, -135.0, -600.0],
    "ReconstructionTargetCenterPatient": [0.0, -135.0, -600.0],
    "ExposureModulationType": "XYZ_EC",
    "EstimatedDoseSaving": 41.0,
    "CTDIvol": 7.21,
    "SliceThickness": "1",
    "ReconstructionDiameter": "400",
    "StudyID": "1",
    "SeriesNumber": 4,
    "AcquisitionNumber": 2,
    "PositionReferenceIndicator": "",
    "ImageComments": "",
    "FrameOfReferenceUID": _ROOT + "77.88",
    "RequestingPhysician": "Doctor^Request",
    "RequestingService": "Surgery",
    "RequestedProcedureDescription": "CT thorax abdomen",
    "RequestedProcedureID": "1",
    "ReasonForTheRequestedProcedure": "an invented reason that fills a line of text as real ones do",
    "PerformedProcedureStepID": "1",
    "PerformedProcedureStepStartDate": "20260102",
    "PerformedProcedureStepStartTime": "101000",
    "PerformedProcedureStepDescription": "Thorax^Abdomen (Adult)",
    "WindowCenter": ["40", "-600"],
    "WindowWidth": ["400", "1200"],
    "RescaleIntercept": "-1024",
    "RescaleSlope": "1",
    "RescaleType": "HU",
    "WindowCenterWidthExplanation": ["WINDOW1", "WINDOW2"],
}
_PRIVATE_BLOCKS = 4
_PRIVATE_ELEMENTS = 14
_PRIVATE_VALUES = (("LO", "a private text"), ("DS", "12.5"), ("US", 7), ("FD", 1.25))


def write(folder: Path, files: int, *, pixels: NDArray[np.int16] | None = None, series: int = 200) -> list[Path]:
    """Files of several series of ``series`` slices each, in an order that says nothing of their places.

    All files carry the same ``pixels`` but for one row, which differs from slice to slice.
    """
    picture = np.zeros((32, 32), np.int16) if pixels is None else pixels
    template = _template(picture)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in np.random.default_rng(0).permutation(files):
        paths.append(folder / f"{len(paths):06d}")
        paths[-1].write_bytes(_filled(template, int(number) // series, int(number) % series, picture.shape[1]))
    return paths


def picture() -> NDArray[np.int16]:
    """A body of 512 x 512 pixels with the noise of a scanner."""
    rows, columns = np.mgrid[-1:1:512j, -1:1:512j]
    body = np.where(rows**2 + (columns / 1.3) ** 2 < 0.4, 1064, 24)
    return (body + np.random.default_rng(1).normal(0, 12, body.shape)).astype(np.int16)


def one_file() -> bytes:
    """A small file."""
    return _filled(_template(np.zeros((8, 8), np.int16)), 0, 0, 8)


def template_elements() -> int:
    """Elements at the top level of a file."""
    return len(_dataset(np.zeros((4, 4), np.int16)))


def _filled(template: bytes, series: int, slice_number: int, columns: int) -> bytes:
    unique = int(hashlib.sha256(str(series).encode()).hexdigest()[:15], 16)
    of_series, of_study = f"{_ROOT}{unique}", f"{_ROOT}{unique // 10**6}"
    place = f"{-500 + slice_number * 0.7:.7g}"
    data = template
    for tag, vr, old, new in (
        (0x00020003, "UI", _INSTANCE, f"{of_series}.{slice_number + 1}"),
        (0x00080018, "UI", _INSTANCE, f"{of_series}.{slice_number + 1}"),
        (0x0020000D, "UI", _ROOT + _STUDY, of_study),
        (0x0020000E, "UI", _ROOT + _SERIES, of_series),
        (0x00200013, "IS", _NUMBER, str(slice_number + 1)),
        (0x00200032, "DS", _CORNER + _PLACE, _CORNER + place),
        (0x00201041, "DS", _PLACE, place),
    ):
        data = _replaced(data, _element(tag, vr, old), _element(tag, vr, new))
    moved = len(_element(0, "UI", f"{of_series}.{slice_number + 1}")) - len(_element(0, "UI", _INSTANCE))
    length = int.from_bytes(template[140:144], "little") + moved  # of the file meta information
    row = np.full(columns, slice_number, np.int16).tobytes()
    return data[:140] + length.to_bytes(4, "little") + data[144 : -len(row)] + row


def _element(tag: int, vr: str, value: str) -> bytes:
    padded = value.encode() + (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(padded)) + padded


def _replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    if data.count(old) != 1:
        raise ValueError(f"{old!r} does not stand in the template as it should")
    return data.replace(old, new)


def _template(pixels: NDArray[np.int16]) -> bytes:
    stream = io.BytesIO()
    _dataset(pixels).save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _dataset(pixels: NDArray[np.int16]) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = _INSTANCE
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for keyword, value in _TEXTS.items():
        setattr(made, keyword, value)
    made.SpecificCharacterSet = "ISO_IR 100"
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    made.StudyInstanceUID, made.SeriesInstanceUID = _ROOT + _STUDY, _ROOT + _SERIES
    made.InstanceNumber = _NUMBER
    made.ImagePositionPatient = (_CORNER + _PLACE).split("\\")
    made.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    made.SliceLocation = _PLACE
    made.PixelSpacing = ["0.78125", "0.78125"]
    _sequences(made)
    _private(made)
    _picture(made, pixels)
    return made


def _sequences(made: Dataset) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CTABD", "99LOCAL", "CT abdomen"
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CTImageStorage, _ROOT + "5.6.7"
    request = Dataset()
    request.ScheduledProcedureStepDescription, request.ScheduledProcedureStepID = "CT abdomen", "1"
    request.ScheduledProtocolCodeSequence = Sequence([code])
    made.ProcedureCodeSequence = Sequence([code])
    made.RequestedProcedureCodeSequence = Sequence([code])
    made.RequestAttributesSequence = Sequence([request])
    made.ReferencedImageSequence = Sequence([reference, reference])
    made.SourceImageSequence = Sequence([reference])
    made["SourceImageSequence"].is_undefined_length = True


def _private(made: Dataset) -> None:
    for number in range(_PRIVATE_BLOCKS):
        block = made.private_block(0x0019 + 2 * number, f"IMAGINARY CT {number}", create=True)
        for element in range(_PRIVATE_ELEMENTS):
            block.add_new(
                element, ("LO", "DS", "US", "FD")[element % 4], ("a private text", "12.5", 7, 1.25)[element % 4]
            )
        block.add_new(_PRIVATE_ELEMENTS, "OB", bytes(256))


def _picture(made: Dataset, pixels: NDArray[np.int16]) -> None:
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 1
    made.SmallestImagePixelValue, made.LargestImagePixelValue = int(pixels.min()), int(pixels.max())
    made.PixelPaddingValue = -32768
    made.PixelData = pixels.tobytes()
