import pytest

from app.domain.errors import Failed
from app.imaging import dicom_kinds

STORAGE = "1.2.840.10008.5.1.4.1.1."


@pytest.mark.parametrize(
    ("tail", "code", "name"),
    [
        ("88.33", "kept-object", "SR"),
        ("88.59", "kept-object", "key images"),
        ("481.3", "kept-object", "RTSTRUCT"),
        ("481.2", "kept-object", "RTDOSE"),
        ("66.4", "kept-object", "SEG"),
        ("11.1", "kept-object", "presentation state"),
        ("11", "not-a-picture", "lookup table"),
        ("104.1", "not-a-picture", "PDF"),
        ("104.2", "not-a-picture", "CDA"),
        ("9.1.2", "not-a-picture", "waveform"),
        ("77.1.6", "not-a-picture", "whole-slide"),
        ("77.1.1.1", "not-a-picture", "video"),
    ],
)
def test_objects_without_a_picture_are_named(tail: str, code: str, name: str) -> None:
    with pytest.raises(Failed) as failed:
        dicom_kinds.refuse_other(STORAGE + tail)
    assert failed.value.code == code
    assert name in str(failed.value)


@pytest.mark.parametrize(
    "tail", ["1", "1.1", "2", "4.1", "7", "12.1", "77.1.1", "77.1.5.4", "128", "130", "481.1", "30"]
)
def test_pictures_pass(tail: str) -> None:
    assert dicom_kinds.kind_of(STORAGE + tail) is None


def test_a_known_picture_class_outweighs_an_odd_modality() -> None:
    assert dicom_kinds.kind_of(STORAGE + "7", "SR") is None
    assert dicom_kinds.kind_of("", "SR") is not None
    assert dicom_kinds.kind_of("1.3.12.2.1107.5.9.1", "CT") is None


@pytest.mark.parametrize("syntax", ["100", "102", "103", "106", "107", "100.1"])
def test_films_are_named_whatever_their_class(syntax: str) -> None:
    kind = dicom_kinds.kind_of(STORAGE + "77.1.1", "ES", f"1.2.840.10008.1.2.4.{syntax}")
    assert kind == ("not-a-picture", "a video")
    assert dicom_kinds.kind_of(STORAGE + "77.1.1", "ES", "1.2.840.10008.1.2.4.110") is None  # JPEG XL is no film


@pytest.mark.parametrize(
    ("image_type", "modality", "description", "expected"),
    [
        ("ORIGINAL\\PRIMARY\\LOCALIZER", "CT", "", "localiser"),
        ("ORIGINAL\\PRIMARY\\LOCALIZER\\CT_SOM5 TOP", "CT", "Topogram", "localiser"),
        ("DERIVED\\SECONDARY\\SCREEN SAVE", "CT", "Dose Report", "dose report"),
        ("DERIVED\\SECONDARY\\OTHER\\CT_SOM5 PROT", "CT", "Patient Protocol", "dose report"),
        ("DERIVED\\SECONDARY\\SCREEN SAVE", "MR", "Processed Images", "screen save"),
        ("DERIVED\\SECONDARY\\POSDISP\\NONE", "MR", "PosDisp: [3] t1", "overview"),
        ("DERIVED\\SECONDARY\\PROJECTION IMAGE\\MIP", "MR", "tof", "projection"),
        ("ORIGINAL\\PRIMARY\\AXIAL", "CT", "Thorax", ""),
        ("DERIVED\\SECONDARY\\REFORMATTED\\AVERAGE", "CT", "Sag", ""),
        ("ORIGINAL\\PRIMARY\\AXIAL", "CT", "dose report phantom", ""),
        ("", "CR", "", ""),
    ],
)
def test_what_is_no_slice_is_set_apart(image_type: str, modality: str, description: str, expected: str) -> None:
    assert dicom_kinds.apart(image_type.split("\\"), modality, description=description) == expected
