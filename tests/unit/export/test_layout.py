from __future__ import annotations

import pytest

from app.domain.export import Format
from app.worker.export_layout import Places, root_of
from tests.helpers.leaving import leaving


def test_kind_format_split_and_class_are_folders():
    places = Places({"a/b": "a_b"})
    assert places.of_page(Format.PNG, leaving(7, "a/b").page, "") == "synthetic/png/train/a_b/000007.png"
    real = leaving(7, "a/b", "val", patient=1).page
    assert places.of_page(Format.TIFF, real, "val") == "real/tiff/validation/a_b/000007.tif"
    assert places.of_page(Format.NIFTI, real, "test") == "real/nifti/test/a_b/000007.nii.gz"


def test_dicom_is_a_tree_that_numbers_what_comes_and_begins_anew_in_every_split():
    places = Places({})
    train = root_of(Format.DICOM, synthetic=False, split="train")
    made = [
        places.of_dicom(train, *who)
        for who in (
            ("PATIENT-009", "1.1", "1.1.1"),
            ("PATIENT-009", "1.1", "1.1.1"),
            ("PATIENT-009", "1.1", "1.1.2"),
            ("PATIENT-009", "1.2", "1.2.1"),
            ("PATIENT-001", "1.3", "1.3.1"),
            ("PATIENT-009", "1.1", "1.1.1"),
        )
    ]
    assert made == [
        f"real/dicom/train/{name}"
        for name in (
            "PT000001/ST000001/SE000001/IM000001",
            "PT000001/ST000001/SE000001/IM000002",
            "PT000001/ST000001/SE000002/IM000001",
            "PT000001/ST000002/SE000001/IM000001",
            "PT000002/ST000001/SE000001/IM000001",
            "PT000001/ST000001/SE000001/IM000003",
        )
    ]
    test = root_of(Format.DICOM, synthetic=False, split="test")
    assert places.of_dicom(test, "PATIENT-002", "2.1", "2.1.1") == f"{test}/PT000001/ST000001/SE000001/IM000001"


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_synthetic_image_has_no_place_where_models_are_judged(split):
    with pytest.raises(ValueError, match="never tested on"):
        root_of(Format.PNG, synthetic=True, split=split)
