"""Looking at the library through the services, on real files read by the real importer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.compose import Services
from app.domain.errors import BadUsage, Failed, Refused
from app.domain.recipe import Plane, Recipe
from app.domain.study import Quarantined
from app.store.library import Library
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
