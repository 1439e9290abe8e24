"""The header table: what it lists, and that whatever may tell the patient is marked, known or not."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from pydicom import dcmread
from pydicom.dataset import Dataset

from app.domain.errors import Failed
from app.domain.study import Instance, SourceKind
from app.imaging import header_table
from app.imaging.header_table import HeaderLine
from tests.helpers.dicom_factory import write_series

PLANTED = "Hidden^Person"


def lines(path: Path, kind: SourceKind = SourceKind.DICOM) -> list[HeaderLine]:
    return header_table.read(kind, Instance(str(path), 0, None, "", "", 0, 0))


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A file with a name in every kind of place that can hold one."""
    path = write_series(tmp_path, positions=[0.0])[0]
    dataset = dcmread(path)
    dataset.PatientName = dataset.PatientID = dataset.AccessionNumber = dataset.OperatorsName = PLANTED
    dataset.StationName = dataset.ImageComments = dataset.PatientComments = PLANTED
    item = Dataset()
    item.PatientID = item.RetrieveAETitle = PLANTED
    dataset.ReferencedStudySequence = [item]
    dataset.private_block(0x0019, "SOMEBODY", create=True).add_new(0x01, "LO", PLANTED)
    dataset.add_new(0x00187005, "LO", PLANTED)
    dataset.save_as(path)
    return path


def test_no_line_in_the_open_tells_the_patient(planted: Path) -> None:
    found = lines(planted)
    assert sum(PLANTED in line.value for line in found) == 11
    assert [line for line in found if PLANTED in line.value and not line.identifies] == []
    dates = [line for line in found if line.value in ("19700101", "20260102")]
    assert len(dates) == 2
    assert all(line.identifies for line in dates)


def test_technical_lines_are_in_the_open(planted: Path) -> None:
    shown = {line.keyword: line.value for line in lines(planted) if not line.identifies}
    assert shown["Modality"] == "CT"
    assert shown["PixelSpacing"] == "1.0\\1.5"
    assert shown["TransferSyntaxUID"] == "1.2.840.10008.1.2.1"
    assert "SOPClassUID" in shown
    assert not {"SOPInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"} & set(shown)


def test_items_of_sequences_are_set_in_and_pixels_are_left_out(planted: Path) -> None:
    found = lines(planted)
    assert any(line.tag == "> (0010,0020)" for line in found)
    assert not any(line.keyword == "PixelData" for line in found)


def test_a_value_that_cannot_be_read_has_its_line(tmp_path: Path) -> None:
    path = write_series(tmp_path, positions=[0.0])[0]
    path.write_bytes(path.read_bytes().replace(b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00FD"))
    found = {line.tag: line.name for line in lines(path)}
    assert found["(0028,0010)"] == "Unreadable"
    assert found["(0028,0011)"] == "Columns"


def test_long_values_are_shortened(tmp_path: Path) -> None:
    path = write_series(tmp_path, positions=[0.0], extra=(("ImageComments", "x" * 5000),))[0]
    comment = next(line for line in lines(path) if line.keyword == "ImageComments")
    assert len(comment.value) == header_table.LONGEST + 1


def test_other_formats_have_their_fields_and_hide_free_texts(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.zeros((2, 3, 4), np.int16), np.eye(4))
    image.header["descrip"] = PLANTED
    nibabel.save(image, tmp_path / "a.nii")
    found = {line.keyword: line for line in lines(tmp_path / "a.nii", SourceKind.NIFTI)}
    assert found["shape"].value == "2 × 3 × 4"
    assert found["descrip"].identifies
    assert not found["pixdim"].identifies

    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", PLANTED)
    Image.new("L", (4, 3)).save(tmp_path / "a.png", pnginfo=texts)
    found = {line.keyword: line for line in lines(tmp_path / "a.png", SourceKind.IMAGE)}
    assert found["size"].value == "4 × 3 pixels"
    assert found["Author"].identifies

    (tmp_path / "a.nrrd").write_bytes(
        b"NRRD0004\ntype: short\ndimension: 3\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n"
        b"PatientName:=" + PLANTED.encode() + b"\n# " + PLANTED.encode() + b"\n\n\x00\x01\x02"
    )
    volume = lines(tmp_path / "a.nrrd", SourceKind.VOLUME)
    assert {line.name: line.value for line in volume}["dimension"] == "3"
    assert all(line.identifies for line in volume if PLANTED in line.value + line.name)


def test_a_file_that_is_gone_or_damaged_says_so(tmp_path: Path) -> None:
    with pytest.raises(Failed) as missing:
        lines(tmp_path / "gone.dcm")
    assert missing.value.code == "source-missing"
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(Failed) as damaged:
        lines(tmp_path / "no.png", SourceKind.IMAGE)
    assert damaged.value.code == "source-damaged"
