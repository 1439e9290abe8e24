"""Technical attributes of planted phantoms, by object definition (PS3.3 annex A): what a scanner writes about a scan.

Values that researchers use are among them, so that removing too much is seen. No identity stands here.
"""

from __future__ import annotations

from typing import Any

from app.deid.planting.codes import code, item

SIZE = 256
FIELD_MM = 360.0
"""Rows and columns of a phantom, and the length of its side."""


def _plane(third: str) -> dict[str, Any]:
    spacing = FIELD_MM / SIZE
    return {
        "ImageType": ["ORIGINAL", "PRIMARY", third],
        "PixelSpacing": [spacing, spacing],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [-179.3, -179.3, 12.5],
        "SliceThickness": 5,
        "SpacingBetweenSlices": 5,
        "SliceLocation": 12.5,
        "PatientPosition": "HFS",
        "PositionReferenceIndicator": "",
        "BodyPartExamined": "ABDOMEN",
    }


def ct() -> dict[str, Any]:
    """CT Image (A.3)."""
    return _plane("AXIAL") | {
        "RescaleIntercept": -1024,
        "RescaleSlope": 1,
        "RescaleType": "HU",
        "WindowCenter": 60,
        "WindowWidth": 400,
        "KVP": 120,
        "XRayTubeCurrent": 210,
        "ExposureTime": 500,
        "Exposure": 105,
        "FilterType": "BODY",
        "ConvolutionKernel": "B30f",
        "DataCollectionDiameter": 500,
        "ReconstructionDiameter": 360,
        "GantryDetectorTilt": 0,
        "TableHeight": 143.5,
        "RotationDirection": "CW",
        "SpiralPitchFactor": 0.9,
        "CTDIvol": 7.25,
        "AcquisitionNumber": 2,
    }


def mr() -> dict[str, Any]:
    """MR Image (A.4)."""
    return _plane("M") | {
        "ScanningSequence": "SE",
        "SequenceVariant": ["SK", "SP"],
        "ScanOptions": "FS",
        "MRAcquisitionType": "2D",
        "SequenceName": "*tse2d1_15",
        "RepetitionTime": 3200,
        "EchoTime": 92,
        "EchoTrainLength": 15,
        "MagneticFieldStrength": 3,
        "ImagingFrequency": 123.2,
        "FlipAngle": 150,
        "NumberOfAverages": 2,
        "PixelBandwidth": 200,
        "SAR": 0.6,
        "InPlanePhaseEncodingDirection": "ROW",
        "AcquisitionMatrix": [0, 256, 256, 0],
    }


def pet() -> dict[str, Any]:
    """Positron Emission Tomography Image (A.21)."""
    tracer = item(
        RadionuclideTotalDose=331000000,
        RadionuclideHalfLife=6586.2,
        RadionuclidePositronFraction=0.97,
        Radiopharmaceutical="Fluorodeoxyglucose",
        RadionuclideCodeSequence=[code("C-111A1", "SRT", "^18^Fluorine")],
    )
    return _plane("AXIAL") | {
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "RescaleIntercept": 0,
        "RescaleSlope": 1.25,
        "Units": "BQML",
        "CountsSource": "EMISSION",
        "SeriesType": ["WHOLE BODY", "IMAGE"],
        "NumberOfSlices": 1,
        "CorrectedImage": ["DECY", "ATTN", "SCAT"],
        "DecayCorrection": "START",
        "DecayFactor": 1.02,
        "RandomsCorrectionMethod": "DLYD",
        "AttenuationCorrectionMethod": "CT",
        "FrameReferenceTime": 60000,
        "ActualFrameDuration": 120000,
        "ImageIndex": 1,
        "CollimatorType": "NONE",
        "RadiopharmaceuticalInformationSequence": [tracer],
        "PatientOrientationCodeSequence": [code("F-10450", "SRT", "recumbent")],
        "PatientGantryRelationshipCodeSequence": [code("F-10470", "SRT", "headfirst")],
    }


def _projection() -> dict[str, Any]:
    return {
        "ImageType": ["ORIGINAL", "PRIMARY", ""],
        "PatientOrientation": ["L", "F"],
        "BodyPartExamined": "ABDOMEN",
        "ImagerPixelSpacing": [0.143, 0.143],
        "KVP": 81,
        "ExposureTime": 12,
        "Exposure": 3,
        "DistanceSourceToDetector": 1800,
        "Grid": "FOCUSED",
        "WindowCenter": 1500,
        "WindowWidth": 3000,
        "AcquisitionNumber": 1,
    }


def cr() -> dict[str, Any]:
    """Computed Radiography Image (A.2)."""
    return _projection() | {"ViewPosition": "AP", "PlateType": "HR", "Sensitivity": 200}


def dx() -> dict[str, Any]:
    """Digital X-Ray Image (A.26), dark where much was absorbed."""
    return _projection() | {
        "PhotometricInterpretation": "MONOCHROME1",
        "PresentationIntentType": "FOR PRESENTATION",
        "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": 1,
        "RescaleIntercept": 0,
        "RescaleSlope": 1,
        "RescaleType": "US",
        "PresentationLUTShape": "INVERSE",
        "ImageLaterality": "U",
        "DetectorType": "DIRECT",
        "AnatomicRegionSequence": [code("T-D4000", "SRT", "Abdomen")],
    }


def mg() -> dict[str, Any]:
    """Digital Mammography X-Ray Image (A.27)."""
    view = code("R-10242", "SRT", "cranio-caudal")
    view.ViewModifierCodeSequence = []
    return dx() | {
        "PhotometricInterpretation": "MONOCHROME2",
        "PresentationLUTShape": "IDENTITY",
        "BodyPartExamined": "BREAST",
        "ImageLaterality": "L",
        "PositionerType": "MAMMOGRAPHIC",
        "PositionerPrimaryAngle": 0,
        "CompressionForce": 98,
        "BodyPartThickness": 47,
        "BreastImplantPresent": "NO",
        "PartialView": "NO",
        "OrganExposed": "BREAST",
        "AnatomicRegionSequence": [code("T-04000", "SRT", "Breast")],
        "ViewCodeSequence": [view],
    }


def us() -> dict[str, Any]:
    """Ultrasound Image (A.6), with the region that shows tissue."""
    region = item(
        RegionSpatialFormat=1,
        RegionDataType=1,
        RegionFlags=0,
        RegionLocationMinX0=8,
        RegionLocationMinY0=40,
        RegionLocationMaxX1=SIZE - 8,
        RegionLocationMaxY1=SIZE - 8,
        PhysicalUnitsXDirection=3,
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=0.05,
        PhysicalDeltaY=0.05,
    )
    return {
        "ImageType": ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"],
        "PatientOrientation": "",
        "TransducerType": "CURVED LINEAR",
        "MechanicalIndex": 0.9,
        "BoneThermalIndex": 0.4,
        "DepthOfScanField": 150,
        "SequenceOfUltrasoundRegions": [region],
    }


def sc() -> dict[str, Any]:
    """Secondary Capture Image (A.8)."""
    return {"ImageType": ["DERIVED", "SECONDARY"], "PatientOrientation": "", "ConversionType": "WSD"}
