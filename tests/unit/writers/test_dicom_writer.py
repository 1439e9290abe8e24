from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_rescale

from app.domain.deid import PixelCheck
from app.domain.export import Storage
from app.imaging import dicom_writer
from tests.helpers.pages import another, colour_page, ct_page, real


def written(folder, page):
    dicom_writer.write(folder / "a.dcm", page)
    return pydicom.dcmread(folder / "a.dcm")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"modality": "CT"}, "CT Image Storage"),
        ({"modality": "MR"}, "MR Image Storage"),
        ({"modality": "CR"}, "Computed Radiography Image Storage"),
        ({"modality": "US", "bits": 8}, "Ultrasound Image Storage"),
        ({"modality": "US", "bits": 12}, "Secondary Capture Image Storage"),
        ({"modality": "DX"}, "Secondary Capture Image Storage"),
        ({"modality": "PT"}, "Secondary Capture Image Storage"),
        ({"modality": ""}, "Secondary Capture Image Storage"),
        ({"modality": "CT", "spacing_mm": None}, "Secondary Capture Image Storage"),
    ],
)
def test_the_storage_class_follows_modality_and_known_spacing(tmp_path, changes, name):
    dataset = written(tmp_path, ct_page(**changes))
    assert dataset.SOPClassUID.name == name
    assert dataset.file_meta.MediaStorageSOPClassUID == dataset.SOPClassUID


def test_a_secondary_capture_can_be_asked_for(tmp_path):
    dataset = written(tmp_path, replace(ct_page(), storage=Storage.SECONDARY))
    assert dataset.SOPClassUID.name == "Secondary Capture Image Storage"
    assert (dataset.Modality, dataset.ConversionType) == ("CT", "SYN")
    assert "ImagePositionPatient" not in dataset
    np.testing.assert_allclose(apply_rescale(dataset.pixel_array, dataset), ct_page().picture.pixels, atol=0.01)


@pytest.mark.parametrize(
    ("modality", "name"),
    [
        ("US", "Ultrasound Image Storage"),
        ("CT", "Secondary Capture Image Storage"),
        ("", "Secondary Capture Image Storage"),
    ],
)
def test_colour_goes_where_colour_is_allowed(tmp_path, modality, name):
    page = colour_page(modality=modality)
    dataset = written(tmp_path, page)
    assert dataset.SOPClassUID.name == name
    assert dataset.PhotometricInterpretation == "RGB"
    np.testing.assert_array_equal(dataset.pixel_array, page.picture.pixels)
    assert len(dataset.PixelData) % 2 == 0
    assert not {"WindowCenter", "RescaleSlope"} & {element.keyword for element in dataset}


def test_ultrasound_says_its_spacing_in_centimetres_of_a_region(tmp_path):
    window = (0.0, 255.0)
    pixels = np.arange(24, dtype=np.float32).reshape(6, 4)
    dataset = written(tmp_path, ct_page(modality="US", unit="stored", bits=8, window=window, pixels=pixels))
    (region,) = dataset.SequenceOfUltrasoundRegions
    assert (region.PhysicalDeltaX, region.PhysicalDeltaY) == pytest.approx((0.09, 0.07))
    assert (region.RegionLocationMaxX1, region.RegionLocationMaxY1) == (3, 5)
    np.testing.assert_array_equal(dataset.pixel_array, pixels)


def test_pictures_of_one_patient_share_study_and_series(tmp_path):
    pages = [another(ct_page(), 1), another(ct_page(), 2), another(ct_page(), 3, series_uid="2.25.7", series_number=2)]
    first, second, third = (written(tmp_path, another(page, page.identity.number, study_id="A1")) for page in pages)
    assert first.StudyID == "A1"
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyID", "StudyDate"):
        assert first.get(keyword) == second.get(keyword) == third.get(keyword)
    assert first.SeriesInstanceUID == second.SeriesInstanceUID != third.SeriesInstanceUID
    assert (first.SeriesNumber, second.SeriesNumber, third.SeriesNumber) == (1, 1, 2)
    assert len({one.SOPInstanceUID for one in (first, second, third)}) == 3


@pytest.mark.parametrize("modality", ["", "made up", "CT\\MR", "A" * 17, "CT\n"])
def test_a_modality_that_is_no_code_is_written_as_other(tmp_path, modality):
    assert written(tmp_path, ct_page(modality=modality)).Modality == "OT"


def test_equal_pages_are_equal_files(tmp_path):
    for name in ("a.dcm", "b.dcm"):
        dicom_writer.write(tmp_path / name, ct_page())
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


def test_physical_values_come_back_through_the_rescale(tmp_path):
    page = ct_page()
    dataset = written(tmp_path, page)
    values = apply_rescale(dataset.pixel_array, dataset)
    np.testing.assert_allclose(values, page.picture.pixels, atol=0.01)
    assert dataset.RescaleType == "HU"
    assert [float(part) for part in dataset.PixelSpacing] == [0.7, 0.9]


@pytest.mark.parametrize("window", [(0.0, 900.0), (-500.0, 500.0)])
def test_magnetic_resonance_is_stored_without_a_rescale(tmp_path, window):
    pixels = np.linspace(*window, 24, dtype=np.float32).reshape(6, 4)
    dataset = written(tmp_path, ct_page(modality="MR", unit="stored", window=window, pixels=pixels))
    assert "RescaleSlope" not in dataset
    np.testing.assert_allclose(dataset.pixel_array, pixels, atol=0.5)


def test_fine_magnetic_resonance_values_are_not_crushed_to_whole_numbers(tmp_path):
    pixels = np.linspace(0, 1, 24, dtype=np.float32).reshape(6, 4)
    dataset = written(tmp_path, ct_page(modality="MR", unit="stored", window=(0.0, 1.0), pixels=pixels))
    np.testing.assert_allclose(apply_rescale(dataset.pixel_array, dataset), pixels, atol=1e-4)


def test_a_synthetic_file_says_so_and_shows_nobody(tmp_path):
    dataset = written(tmp_path, ct_page(lossy=True))
    assert dataset[0x0008, 0x001C].value == "YES"
    assert dataset.ImageType[0] == "DERIVED"
    (equipment,) = dataset.ContributingEquipmentSequence
    assert equipment.PurposeOfReferenceCodeSequence[0].CodeValue == "109100"
    assert equipment.SoftwareVersions == "0.1.0"
    assert "run-1" in equipment.ContributionDescription
    assert "run-1" in dataset.DerivationDescription
    assert str(dataset.PatientName) == "SYNTHETIC^0001"
    assert dataset.PatientID == "SYNTHETIC-0001"
    assert dataset.SeriesDescription == "Synthetic: glioma é"
    assert dataset.LossyImageCompression == "01"
    assert "PatientIdentityRemoved" not in dataset
    assert not [e for e in dataset.iterall() if "Source" in e.keyword or "Referenced" in e.keyword]


def test_a_real_file_says_what_was_not_checked(tmp_path):
    dataset = written(tmp_path, real(ct_page()))
    assert dataset.SyntheticData == "NO"
    assert dataset.PatientIdentityRemoved == "NO"
    assert any("NOT checked for burned-in text" in line for line in dataset.DeidentificationMethod)
    assert "BurnedInAnnotation" not in dataset
    assert dataset.ContributingEquipmentSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue == "109104"
    assert dataset.DerivationCodeSequence[0].CodeValue == "113085"
    assert [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence] == ["113100"]
    assert dataset.SeriesDescription == "De-identified", "slices of one series may be of several classes"


@pytest.mark.parametrize(
    ("check", "removed", "codes", "flags"),
    [
        (PixelCheck("redacted", "defaced"), "YES", ["113100", "113101", "113102"], ("NO", "NO")),
        (PixelCheck("none-found", "not-checked"), "NO", ["113100", "113101"], ("NO", None)),
        (PixelCheck("not-checked", "no-head"), "NO", ["113100", "113102"], (None, "NO")),
    ],
)
def test_a_real_file_says_what_was_checked(tmp_path, check, removed, codes, flags):
    dataset = written(tmp_path, replace(real(ct_page()), check=check))
    assert dataset.PatientIdentityRemoved == removed
    assert [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence] == codes
    assert (dataset.get("BurnedInAnnotation"), dataset.get("RecognizableVisualFeatures")) == flags
    assert dataset.LongitudinalTemporalInformationModified == "REMOVED"
    unchecked = [line for line in dataset.DeidentificationMethod if "NOT checked" in line]
    assert len(unchecked) == flags.count(None)
    assert all(len(line) <= 64 for line in dataset.DeidentificationMethod)
