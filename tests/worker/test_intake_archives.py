"""Archives and media in an import: unpacked into the project, recognised again, and what is wrong with them told."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.fileset import FileSet

from app.compose import Services
from app.domain.errors import Stopped
from app.imaging import archives
from app.jobs.messages import Message, Progress
from app.store.library import Library
from app.store.project import Project
from app.worker.channel import RecordingChannel
from tests.helpers.dicom_factory import write_classes, write_series
from tests.helpers.intake import import_paths


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two class folders of four CT slices each, and a hostile entry."""
    write_classes(tmp_path / "classes", patients=2)
    path = tmp_path / "from a colleague.zip"
    with zipfile.ZipFile(path, "w") as made:
        for file in sorted((tmp_path / "classes").rglob("*.dcm")):
            made.write(file, file.relative_to(tmp_path / "classes").as_posix())
        made.writestr("../outside.dcm", b"evil")
    shutil.rmtree(tmp_path / "classes")
    return path


def test_an_archive_is_unpacked_into_the_project_and_its_folders_stay(project: Project, archive: Path) -> None:
    before = (archive.read_bytes(), archive.stat().st_mtime_ns)
    result = import_paths(project, [archive])
    assert (result["found"], result["imported"], result["studies"]) == (8, 8, 4)
    assert [one["code"] for one in result["quarantined"]] == ["archive-outside"]
    folders = {Path(line.folder) for line in Library(project).lines()}
    assert {folder.name for folder in folders} == {"a", "b"}
    (unpacked,) = (project.root / "sources").iterdir()
    assert {folder.parent for folder in folders} == {unpacked}
    assert unpacked.name.startswith("from a colleague-")
    assert (archive.read_bytes(), archive.stat().st_mtime_ns) == before


def test_an_archive_in_a_folder_and_again_brings_nothing_twice(project: Project, archive: Path) -> None:
    import_paths(project, [archive.parent / archive.name])
    shutil.copy(archive, archive.with_name("the same.zip"))
    (archive.parent / "more").mkdir()
    shutil.move(archive, archive.parent / "more" / archive.name)
    result = import_paths(project, [archive.parent / "more", archive.with_name("the same.zip")])
    assert (result["imported"], result["skipped"]) == (0, 16)
    assert [one["code"] for one in result["quarantined"]] == ["archive-outside"] * 2
    assert Library(project).counts()["instances"] == 8


def test_a_project_takes_its_unpacked_archives_along(project: Project, archive: Path, tmp_path: Path) -> None:
    import_paths(project, [archive])
    project.close()
    project.root.rename(tmp_path / "moved")
    moved = Project.open(tmp_path / "moved")
    try:
        series = Library(moved).studies()[0].series[0]
        assert all(Path(i.path).is_file() for i in series.instances)
        assert import_paths(moved, [archive])["skipped"] == 8
    finally:
        moved.close()


def test_stopping_while_unpacking_leaves_nothing(project: Project, archive: Path) -> None:
    def on_message(message: Message) -> None:
        channel.stop_asked = isinstance(message, Progress)

    channel = RecordingChannel(on_message)
    with pytest.raises(Stopped):
        import_paths(project, [archive], channel)
    assert list((project.root / "sources").iterdir()) == []
    assert import_paths(project, [archive])["imported"] == 8


def test_a_bomb_is_set_aside_and_the_import_goes_on(
    project: Project, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("x.dcm", bytes(50_000_000))
    monkeypatch.setattr(archives, "HARMLESS_BYTES", 10_000_000)
    result = import_paths(project, [tmp_path / "bomb.zip", archive])
    assert result["imported"] == 8
    assert {Path(one["path"]).name: one["code"] for one in result["quarantined"]} == {
        "bomb.zip": "archive-bomb",
        "outside.dcm": "archive-outside",
    }
    assert len(list((project.root / "sources").iterdir())) == 1


def test_archives_of_other_kinds_and_damaged_ones_are_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "cut.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "in" / "x.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(900))
    result = import_paths(project, [tmp_path / "in"])
    assert {Path(one["path"]).name: one["code"] for one in result["quarantined"]} == {
        "cut.zip": "archive-damaged",
        "x.7z": "packed-file",
    }


def test_a_mended_archive_leaves_the_quarantine(project: Project, archive: Path) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-50])
    assert import_paths(project, [archive])["imported"] == 0
    archive.write_bytes(whole)
    import_paths(project, [archive])
    assert [one.code for one in Library(project).quarantined()] == ["archive-outside"]


def test_a_refused_entry_is_tried_again_with_its_archive(services: Services, archive: Path) -> None:
    import_paths(services.project, [archive])
    (aside,) = Library(services.project).quarantined()
    assert not Path(aside.path).exists()
    job = services.intake.start([Path(aside.path), archive])
    try:
        assert job.spec.params["paths"] == [str(archive)]
    finally:
        job.stop()
        job.wait(20)


def test_a_disk_of_a_hospital(project: Project, tmp_path: Path) -> None:
    medium = tmp_path / "medium"
    made = FileSet()
    for path in write_series(tmp_path / "source", positions=[0.0, 5.0, 10.0]):
        dataset = dcmread(path)
        dataset.StudyTime, dataset.StudyID, dataset.SeriesNumber = "120000", "1", 1
        made.add(dataset)
    made.write(medium)
    made._stage["t"].cleanup()
    files = sorted(path for path in medium.rglob("*") if path.is_file() and path.name != "DICOMDIR")
    files[1].unlink()
    (medium / "VIEWER").mkdir()
    (medium / "VIEWER" / "viewer.exe").write_bytes(b"MZ" + bytes(900))
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(medium / "photo.png")
    for dropped in (medium, medium / "DICOMDIR"):
        result = import_paths(project, [dropped])
        assert result["imported"] + result["skipped"] == 4
        assert [(Path(q["path"]).name, q["code"]) for q in result["quarantined"]] == [("DICOMDIR", "dicomdir-missing")]
    assert Library(project).counts()["instances"] == 3
