from __future__ import annotations

from contextlib import contextmanager

import pydicom
import pytest
from pydicom.fileset import FileSet

from app.imaging import dicom_writer, dicomdir, dicomdir_writer
from app.imaging.dicomdir_writer import tree_name
from tests.helpers.judges import dicom_errors
from tests.helpers.pages import another, colour_page, ct_page


def tree(root):
    """Two patients, one with two series of two images: their names in the order of the tree."""
    names = []
    for number, (patient, series, image) in enumerate([(1, 1, 1), (1, 1, 2), (1, 2, 1), (1, 2, 2), (2, 1, 1)], start=1):
        page = another(
            ct_page(label="腫瘍") if series == 1 else colour_page(),
            number,
            patient=f"SYNTHETIC-{patient:04d}",
            study_uid=f"2.25.1{patient}",
            series_uid=f"2.25.2{patient}{series}",
            series_number=series,
        )
        name = tree_name(patient, 1, series, image)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        dicom_writer.write(root / name, page)
        names.append(name)
    return names


def test_names_are_what_a_medium_allows():
    assert tree_name(1, 1, 2, 34) == "PT000001/ST000001/SE000002/IM000034"
    with pytest.raises(ValueError, match="million"):
        tree_name(1, 1, 1, 1_000_000)


@contextmanager
def opened(path):
    """pydicom's view of a file set; it leaves a temporary folder of its own to the garbage collector otherwise."""
    files = FileSet(path)
    try:
        yield files
    finally:
        files._stage["t"].cleanup()


def test_pydicom_finds_every_image_through_the_index(tmp_path):
    names = tree(tmp_path)
    with opened(dicomdir_writer.write(tmp_path, names, "2.25.9")) as files:
        assert [one.path for one in files] == [str(tmp_path / name) for name in names]
        assert files.UID == "2.25.9"
        for one in files:
            dataset = one.load()
            assert (one.PatientID, one.SeriesInstanceUID) == (dataset.PatientID, dataset.SeriesInstanceUID)
        assert files.find_values("PatientID") == ["SYNTHETIC-0001", "SYNTHETIC-0002"]
        assert len(files.find(PatientID="SYNTHETIC-0001", SeriesNumber=2)) == 2


def test_our_own_reader_misses_nothing(tmp_path):
    names = tree(tmp_path)
    index = dicomdir.read(dicomdir_writer.write(tmp_path, names, "2.25.9"))
    assert index.missing == ()
    assert index.present == {tmp_path / name for name in names}


@pytest.mark.judge
def test_dciodvfy_finds_no_error_in_the_index(tmp_path):
    path = dicomdir_writer.write(tmp_path, tree(tmp_path), "2.25.9")
    assert dicom_errors(path) == []
    assert pydicom.dcmread(path).DirectoryRecordSequence[1].StudyDate == "19000101"


def test_images_stay_as_they_were_and_equal_trees_have_equal_indexes(tmp_path):
    names = tree(tmp_path)
    before = [(tmp_path / name).read_bytes() for name in names]
    first = dicomdir_writer.write(tmp_path, names, "2.25.9", "0.1.0").read_bytes()
    assert dicomdir_writer.write(tmp_path, names, "2.25.9", "0.1.0").read_bytes() == first
    assert [(tmp_path / name).read_bytes() for name in names] == before


def test_what_an_image_lacks_is_filled_in_the_index_alone(tmp_path):
    (name, *_) = tree(tmp_path)
    dataset = pydicom.dcmread(tmp_path / name)
    for keyword in ("InstanceNumber", "SeriesNumber", "StudyID", "PatientName"):
        delattr(dataset, keyword)
    dataset.StudyDate = "20200102"
    dataset.save_as(tmp_path / name)
    records = pydicom.dcmread(dicomdir_writer.write(tmp_path, [name], "2.25.9")).DirectoryRecordSequence
    assert [record.DirectoryRecordType for record in records] == ["PATIENT", "STUDY", "SERIES", "IMAGE"]
    assert (records[1].StudyDate, records[1].StudyID) == ("20200102", "1")
    assert (records[2].SeriesNumber, records[3].InstanceNumber) == (1, 1)


def test_another_character_set_is_told_in_utf_8(tmp_path):
    (name, *_) = tree(tmp_path)
    dataset = pydicom.dcmread(tmp_path / name)
    dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 100", "M\u00fcller"
    dataset.SeriesDescription = dataset.ImageComments = ""
    dataset.save_as(tmp_path / name)
    path = dicomdir_writer.write(tmp_path, [name], "2.25.9")
    assert pydicom.dcmread(path).DirectoryRecordSequence[0].PatientName == "M\u00fcller"
    assert "M\u00fcller".encode() in path.read_bytes()


@pytest.mark.parametrize("name", ["a.dcm", "pt000001", "PT0000001", "A/B/C/D/E/F/G/H/I", "TÜR", "A B"])
def test_a_name_that_no_index_can_refer_to_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="file ID"):
        dicomdir_writer.write(tmp_path, [name], "2.25.9")


def test_a_file_without_an_image_is_refused(tmp_path):
    (name, *_) = tree(tmp_path)
    dataset = pydicom.dcmread(tmp_path / name)
    del dataset.Rows
    dataset.save_as(tmp_path / name)
    with pytest.raises(ValueError, match="no image"):
        dicomdir_writer.write(tmp_path, [name], "2.25.9")
