from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_rescale

from app.imaging import dicom_writer
from tests.helpers.pages import ct_page, real


def written(folder, page):
    dicom_writer.write(folder / "a.dcm", page)
    return pydicom.dcmread(folder / "a.dcm")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"modality": "CT"}, "CT Image Storage"),
        ({"modality": "MR"}, "MR Image Storage"),
        ({"modality": "US"}, "Secondary Capture Image Storage"),
        ({"modality": "CT", "spacing_mm": None}, "Secondary Capture Image Storage"),
    ],
)
def test_the_storage_class_follows_modality_and_known_spacing(tmp_path, changes, name):
    dataset = written(tmp_path, ct_page(**changes))
    assert dataset.SOPClassUID.name == name
    assert dataset.file_meta.MediaStorageSOPClassUID == dataset.SOPClassUID


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
