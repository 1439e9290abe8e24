"""The index of a DICOM medium: which files it names, and which of them are not there."""

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet

from app.domain.errors import Failed
from app.imaging import dicomdir
from tests.helpers.dicom_factory import write_series


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """A medium with an index of three files, written by pydicom."""
    made = FileSet()
    for path in write_series(tmp_path / "source", positions=[0.0, 5.0, 10.0]):
        dataset = dcmread(path)
        dataset.StudyTime, dataset.StudyID, dataset.SeriesNumber = "120000", "1", 1
        made.add(dataset)
    made.write(tmp_path / "medium")
    made._stage["t"].cleanup()  # pydicom leaves it to the garbage collector, with a warning
    return tmp_path / "medium"


def _files(medium: Path) -> list[Path]:
    return sorted(path for path in medium.rglob("*") if path.is_file() and path.name != "DICOMDIR")


def test_an_index_names_its_files(medium: Path) -> None:
    index = dicomdir.read(medium / "DICOMDIR")
    assert index.present == set(_files(medium))
    assert len(index.present) == 3
    assert index.missing == ()


def test_names_are_found_as_disks_show_them(medium: Path) -> None:
    for path in _files(medium):
        path.rename(path.with_name(path.name.lower() + ".;1"))
    for folder in sorted((p for p in medium.rglob("*") if p.is_dir()), key=lambda p: -len(p.parts)):
        folder.rename(folder.with_name(folder.name.lower()))
    index = dicomdir.read(medium / "DICOMDIR")
    assert (len(index.present), index.missing) == (3, ())


def test_what_is_missing_is_named(medium: Path) -> None:
    gone = _files(medium)[1]
    gone.unlink()
    index = dicomdir.read(medium / "DICOMDIR")
    assert index.missing == (gone.relative_to(medium).as_posix(),)
    assert len(index.present) == 2


def test_no_reference_leads_out_of_the_medium(medium: Path) -> None:
    dataset = dcmread(medium / "DICOMDIR")
    named = [record for record in dataset.DirectoryRecordSequence if "ReferencedFileID" in record]
    named[0].ReferencedFileID = ["..", "source", "series_000.dcm"]
    dataset.save_as(medium / "DICOMDIR")
    assert dicomdir.read(medium / "DICOMDIR").missing == ("../source/series_000.dcm",)


@pytest.mark.parametrize("keep", [0, 200])
def test_a_damaged_index_is_said_to_be_one(medium: Path, keep: int) -> None:
    path = medium / "DICOMDIR"
    content = path.read_bytes()
    path.write_bytes(content[:keep] + b"\xff" * 50)
    with pytest.raises(Failed) as failed:
        dicomdir.read(path)
    assert failed.value.code == "dicomdir-damaged"
