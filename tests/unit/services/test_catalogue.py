"""Looking at the library through the services, on real files read by the real importer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import pydicom
import pytest
from pydicom.uid import RLELossless

from app.compose import Services
from app.domain.errors import BadUsage, Failed, Refused, Stopped
from app.domain.recipe import Plane, Recipe
from app.domain.study import Quarantined
from app.imaging import reader, series
from app.store.library import Library
from tests.helpers.dicom_factory import write_series
from tests.helpers.libraries import put
from tests.helpers.pictures import write_pictures


def test_studies_thumbnails_and_slices(filled: Services) -> None:
    studies = filled.catalogue.studies()
    assert len(studies) == 36
    key = studies[0].series[0].key
    thumbnail = filled.catalogue.thumbnail(key)
    assert thumbnail is not None
    assert thumbnail.read_bytes().startswith(b"\x89PNG")
    assert filled.catalogue.slice_count(key) == 1
    image = filled.catalogue.slice(key, 0)
    assert (image.pixels.shape, image.pixels.dtype) == ((32, 32), np.float32)
    with pytest.raises(Refused):
        filled.catalogue.slice_count(key, Plane.CORONAL)


def test_a_preview_is_what_a_model_would_see(filled: Services) -> None:
    key = filled.catalogue.studies()[0].series[0].key
    shown = filled.catalogue.preview(key, 0, Recipe(size=64))
    assert (shown.shape, shown.dtype) == ((64, 64), np.uint8)
    original = filled.catalogue.slice(key, 0).pixels
    assert abs(float(shown.mean()) - float(original.mean())) < 3


def test_a_picture_that_was_moved_has_a_sentence(services: Services, tmp_path: Path) -> None:
    from app.worker.channel import RecordingChannel
    from tests.helpers.intake import import_paths

    path = write_pictures(tmp_path / "moved", 1)[0]
    import_paths(services.project, [path], RecordingChannel())
    path.unlink()
    with pytest.raises(Failed, match="no longer there"):
        services.catalogue.slice(services.catalogue.studies()[0].series[0].key, 0)


def test_removing_a_study_leaves_its_file_and_takes_its_thumbnail(filled: Services) -> None:
    study = filled.catalogue.studies()[0]
    filled.catalogue.remove_study(study.key)
    assert study.key not in {s.key for s in filled.catalogue.studies()}
    assert filled.catalogue.thumbnail(study.series[0].key) is None
    assert Path(study.series[0].instances[0].path).exists()


def test_what_was_set_aside_is_tried_again(services: Services, tmp_path: Path) -> None:
    path = write_pictures(tmp_path / "late", 1)[0]
    Library(services.project).set_aside([Quarantined(str(path), "unreadable", "It was locked.")])
    outcome = services.catalogue.retry([str(path)]).wait(60)
    assert outcome is not None
    assert outcome.result["imported"] == 1, outcome.sentence()
    assert services.catalogue.quarantined() == []
    assert services.catalogue.counts()["series"] == 1


def test_an_import_of_nothing(services: Services, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="does not exist"):
        services.intake.start([tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    outcome = services.intake.start([tmp_path / "empty"]).wait(60)
    assert outcome is not None
    assert (outcome.state, outcome.code) == ("refused", "nothing-to-import")
    assert services.catalogue.studies() == []


def test_audits_of_nothing(services: Services) -> None:
    assert services.audits.records() == []
    with pytest.raises(BadUsage, match="no sample set"):
        services.audits.start("nothing")
    with pytest.raises(BadUsage, match="no audit"):
        services.audits.report_path("../x")


def test_the_processor_is_always_a_device(services: Services) -> None:
    devices = services.hardware.devices()
    assert devices[-1].id == "cpu"
    assert services.hardware.default_device() == devices[0].id


def take(services: Services, paths: list[Path]) -> str:
    """Put files into the library as one series."""
    (study,) = series.group([reader.read(path) for path in paths], services.project.secret)
    put(Library(services.project), [study])
    return study.series[0].key


def packed(path: Path) -> Path:
    dataset = pydicom.dcmread(path)
    dataset.compress(RLELossless)
    dataset.save_as(path)
    return path


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_plain_files_are_read_here_and_compressed_ones_in_a_process_of_their_own(
    services: Services, tmp_path: Path
) -> None:
    before = children()
    plain = take(services, write_series(tmp_path / "plain"))
    expected = [services.catalogue.slice(plain, index).pixels for index in range(5)]
    assert children() == before
    coded = take(services, [packed(path) for path in write_series(tmp_path / "coded", patient="P2", study="s2")])
    np.testing.assert_array_equal(services.catalogue.slice(coded, 3).pixels, expected[3])
    assert len(children() - before) == 1
    volume = services.catalogue.volume(coded)
    np.testing.assert_array_equal(volume.cut(Plane.NATIVE, 4).pixels, expected[4])
    np.testing.assert_array_equal(services.catalogue.slice(coded, 4, Plane.AXIAL).pixels.shape, (24, 32))
    services.catalogue.close()
    assert children() == before
    with pytest.raises(Stopped):
        services.catalogue.slice(coded, 0)


def test_a_compressed_file_that_was_damaged_since_is_named(services: Services, tmp_path: Path) -> None:
    (path,) = [packed(one) for one in write_series(tmp_path, positions=[0.0])]
    key = take(services, [path])
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(Failed) as failed:
        services.catalogue.slice(key, 0)
    assert (failed.value.code, failed.value.facts["path"]) == ("source-damaged", str(path))
    path.unlink()
    with pytest.raises(Failed, match="no longer there"):
        services.catalogue.slice(key, 0)
    for index in (-1, 1):
        with pytest.raises(IndexError):
            services.catalogue.slice(key, index)


def test_a_volume_tells_how_far_it_is(services: Services, tmp_path: Path) -> None:
    key = take(services, write_series(tmp_path, study="told"))
    told: list[tuple[int, int]] = []
    services.catalogue.volume(key, lambda done, total: told.append((done, total)))
    assert told[-1] == (5, 5)


def test_the_header_of_a_slice(services: Services, tmp_path: Path) -> None:
    key = take(services, write_series(tmp_path))
    lines = {line.keyword: line for line in services.catalogue.header(key, 2)}
    assert lines["InstanceNumber"].value == "3"
    assert lines["PatientName"].identifies


def test_tags_and_lines(services: Services, tmp_path: Path) -> None:
    key = take(services, write_series(tmp_path))
    services.catalogue.tag([key], add=["to check", "nice"])
    services.catalogue.tag([key], remove=["nice"])
    (line,) = services.catalogue.lines()
    assert (line.tags, line.images, line.unchecked) == (("to check",), 5, 0)
    with pytest.raises(BadUsage, match="cannot be a tag"):
        services.catalogue.tag([key], add=["  "])
