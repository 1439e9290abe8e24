"""Our bytes are those that pydicom writes for the same attributes."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.valuerep import DSfloat

from app.imaging import dicom_encoder, dicom_writer
from app.imaging.dicom_text import paragraph
from tests.helpers.labels import labels
from tests.helpers.pages import colour_page, ct_page, real

PAGES = {
    "ct": ct_page(),
    "mr": ct_page(modality="MR", unit="stored"),
    "cr": ct_page(modality="CR"),
    "us": ct_page(modality="US", bits=8),
    "colour": colour_page(),
    "real": real(ct_page()),
    "kept": replace(
        real(ct_page()),
        acquisition={
            "KVP": DSfloat("120.00"),
            "SliceThickness": DSfloat("1.250"),
            "Manufacturer": "GE MEDICAL SYSTEMS",
        },
    ),
}


def rewritten(content):
    """The same file with every element made anew and encoded by pydicom."""

    def copied(source, target):
        for element in source:
            value = [copied(item, Dataset()) for item in element.value] if element.VR == "SQ" else element.value
            target.add_new(element.tag, element.VR, value)
        return target

    source = pydicom.dcmread(BytesIO(content))
    dataset = copied(source, FileDataset("", {}, preamble=b"\0" * 128))
    dataset.file_meta = copied(source.file_meta, FileMetaDataset())
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.mark.parametrize("name", PAGES)
def test_a_picture_is_the_same_bytes_from_pydicom(tmp_path, name):
    dicom_writer.write(tmp_path / "a.dcm", PAGES[name])
    content = (tmp_path / "a.dcm").read_bytes()
    assert content == rewritten(content)


def test_values_that_the_allow_list_kept_are_written_as_they_stood(tmp_path):
    dicom_writer.write(tmp_path / "a.dcm", PAGES["kept"])
    dataset = pydicom.dcmread(tmp_path / "a.dcm")
    assert (str(dataset.KVP), str(dataset.SliceThickness)) == ("120.00", "1.250")
    assert dataset.Manufacturer == "GE MEDICAL SYSTEMS"


@settings(max_examples=60, deadline=None)
@given(labels, st.integers(0, 65535), st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3))
def test_texts_and_numbers_read_back(text, whole, decimals):
    given_text = paragraph(text)
    content = dicom_encoder.file_of(
        {
            "MediaStorageSOPClassUID": "1.2.3",
            "MediaStorageSOPInstanceUID": "1.2.3.4",
            "TransferSyntaxUID": "1.2.840.10008.1.2.1",
        },
        {
            "SpecificCharacterSet": "ISO_IR 192",
            "ImageComments": given_text,
            "Rows": whole,
            "KVP": None,
            "PhysicalDeltaX": decimals,
            "SourceImageSequence": [{"InstanceNumber": whole}, {}],
        },
    )
    dataset = pydicom.dcmread(BytesIO(content))
    assert (dataset.ImageComments or "") == given_text
    assert dataset.Rows == whole
    read = dataset.PhysicalDeltaX
    assert ([] if read is None else list(read) if dataset["PhysicalDeltaX"].VM > 1 else [read]) == decimals
    assert [item.get("InstanceNumber") for item in dataset.SourceImageSequence] == [whole, None]


@pytest.mark.parametrize("keyword", ["NoSuchKeyword", "SelectorATValue"])
def test_what_cannot_be_written_is_refused(keyword):
    with pytest.raises(KeyError):
        dicom_encoder.encode({keyword: b"1"})
