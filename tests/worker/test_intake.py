import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from app.domain.errors import Refused, Stopped
from app.domain.recipe import Plane
from app.imaging.slices import load_slice, slice_count
from app.jobs.messages import Message, Progress
from app.jobs.process import Runner
from app.jobs.spec import JobSpec
from app.store.library import Library
from app.store.project import Project
from app.worker.channel import RecordingChannel
from tests.helpers.dicom_factory import write_classes, write_series
from tests.helpers.intake import import_paths
from tests.helpers.nifti_factory import write_volume


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two classes of CT, a volume, three pictures, and three files that cannot be read."""
    folder = tmp_path / "source"
    write_classes(folder)
    write_volume(folder / "volumes" / "v.nii.gz", np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    (folder / "pictures").mkdir()
    for n in range(3):
        Image.fromarray(np.full((20, 30), 40 + n, np.uint8)).save(folder / "pictures" / f"{n}.png")
    (folder / "letter.dcm").write_text("Dear colleague")
    cut = write_series(folder / "cut", positions=[0.0], series="cut")[0]
    cut.write_bytes(cut.read_bytes()[:-100])
    (folder / "empty.png").write_bytes(b"")
    return folder


def _states(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def test_everything_is_imported_or_set_aside(project: Project, source: Path) -> None:
    before = _states(source)
    result = import_paths(project, [source], RecordingChannel())
    assert (result["found"], result["imported"], result["skipped"]) == (23, 20, 0)
    assert result["studies"] == 8 + 1 + 3
    assert {Path(q["path"]).name: q["code"] for q in result["quarantined"]} == {
        "letter.dcm": "not-an-image",
        "cut_000.dcm": "damaged-file",
        "empty.png": "damaged-file",
    }
    library = Library(project)
    kinds = [one.kind for study in library.studies() for one in study.series]
    assert Counter(kinds) == {"dicom": 8, "nifti": 1, "image": 3}
    assert len(library.quarantined()) == 3
    assert _states(source) == before


def test_every_series_gets_a_thumbnail(project: Project, source: Path) -> None:
    import_paths(project, [source], RecordingChannel())
    keys = {one.key for study in Library(project).studies() for one in study.series}
    assert {path.stem for path in project.thumbnails.glob("*.png")} == keys
    for path in project.thumbnails.glob("*.png"):
        with Image.open(path) as picture:
            assert picture.mode == "L"
            assert max(picture.size) <= 96


def test_a_second_import_skips_what_is_here(project: Project, source: Path, tmp_path: Path) -> None:
    import_paths(project, [source], RecordingChannel())
    shutil.copytree(source / "a", tmp_path / "copy of a")
    again = import_paths(project, [source, tmp_path / "copy of a"], RecordingChannel())
    assert (again["imported"], again["skipped"]) == (0, 28)
    assert Library(project).counts()["instances"] == 16 + 5 + 3


def test_copies_within_one_import_are_skipped(project: Project, tmp_path: Path) -> None:
    write_series(tmp_path / "s", positions=[0.0, 5.0])
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "s" / "x.png")
    shutil.copytree(tmp_path / "s", tmp_path / "t")
    result = import_paths(project, [tmp_path / "s", tmp_path / "t"], RecordingChannel())
    assert (result["found"], result["imported"], result["skipped"]) == (6, 3, 3)


def test_the_same_identity_with_other_content_is_set_aside(project: Project, tmp_path: Path) -> None:
    (path,) = write_series(tmp_path / "s", positions=[0.0])
    dataset = dcmread(path)
    dataset.SeriesDescription = "the same image sent again, with another header"
    dataset.save_as(tmp_path / "s" / "sent again.dcm")
    result = import_paths(project, [tmp_path / "s"], RecordingChannel())
    assert (result["found"], result["imported"], result["skipped"]) == (2, 1, 0)
    (aside,) = result["quarantined"]
    assert (Path(aside["path"]).name, aside["code"]) == ("series_000.dcm", "same-uid-other-content")
    assert "sent again.dcm" in aside["reason"]


def test_the_rest_of_a_series_joins_it(project: Project, tmp_path: Path) -> None:
    paths = write_series(tmp_path / "s")
    import_paths(project, paths[3:], RecordingChannel())
    assert slice_count(Library(project).studies()[0].series[0], Plane.AXIAL) == 2
    import_paths(project, paths[:3], RecordingChannel())
    (study,) = Library(project).studies()
    assert [i.position_mm for i in study.series[0].instances] == [0.0, 5.0, 10.0, 15.0, 20.0]
    assert load_slice(study.series[0], 0, Plane.CORONAL).pixels.shape == (5, 32)


def test_a_mended_file_leaves_the_quarantine(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"not yet")
    import_paths(project, [path], RecordingChannel())
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(path)
    assert import_paths(project, [path], RecordingChannel())["imported"] == 1
    assert Library(project).quarantined() == []


def test_an_empty_folder_is_refused_in_one_sentence(project: Project, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(Refused) as refused:
        import_paths(project, [tmp_path / "nothing"], RecordingChannel())
    assert refused.value.code == "nothing-to-import"
    assert Library(project).counts()["studies"] == 0


def test_no_identity_in_the_project(project: Project, tmp_path: Path) -> None:
    write_series(tmp_path / "s", patient="ID-4711", name="Very^Secret")
    import_paths(project, [tmp_path / "s"], RecordingChannel())
    project.close()
    for path in project.root.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for identity in (b"4711", b"Secret", b"19700101"):
            assert identity not in content
            assert identity.decode() not in path.name


def test_it_can_be_stopped(project: Project, source: Path) -> None:
    channel = RecordingChannel()

    def on_message(message: Message) -> None:
        channel.stop_asked = isinstance(message, Progress)

    channel = RecordingChannel(on_message)
    with pytest.raises(Stopped):
        import_paths(project, [source], channel)


def test_the_projects_own_files_are_no_images(project: Project, source: Path) -> None:
    import_paths(project, [source / "pictures"], RecordingChannel())
    with pytest.raises(Refused):
        import_paths(project, [project.root], RecordingChannel())


def test_the_sample_project_in_a_worker_process(project: Project, tmp_path: Path) -> None:
    params = {"patients": 3, "slices": 2, "size": 48, "seed": 1}
    spec = JobSpec("sample-project", str(project.root), str(project.jobs / "s"), params, "disk")
    runner = Runner()
    try:
        outcome = runner.start(spec).wait(60)
    finally:
        runner.close(5)
    assert outcome is not None
    assert outcome.state == "done", outcome.sentence()
    assert (outcome.result["imported"], outcome.result["studies"]) == (6, 3)
    assert Library(project).counts()["patients"] == 3
