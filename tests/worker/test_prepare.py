import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.domain.cohort import Cohort, Item
from app.domain.errors import Failed, Refused, Stopped
from app.domain.recipe import Plane, Recipe, Window
from app.imaging import preparing
from app.imaging.slices import load_slice
from app.jobs.messages import Message, Phase
from app.jobs.spec import JobSpec
from app.store.cohorts import Cohorts
from app.store.library import Library
from app.store.project import Project
from app.worker import prepare
from app.worker.channel import RecordingChannel
from models.data.prepared import PreparedImages
from tests.helpers.dicom_factory import write_classes, write_series
from tests.helpers.intake import import_paths


def _cohort(project: Project, recipe: Recipe) -> Cohort:
    """Every slice, labelled by its folder; the last patient is the test patient."""
    studies = sorted(Library(project).studies(), key=lambda study: study.series[0].instances[0].path)
    items = [
        Item(one.key, k, Path(i.path).parent.name, "test" if study is studies[-1] else "train", study.patient, i.path)
        for study in studies
        for one in study.series
        for k, i in enumerate(one.instances)
    ]
    random.Random(1).shuffle(items)
    return Cohort("c", recipe, tuple(items), True)


@pytest.fixture
def cohort(project: Project, tmp_path: Path) -> Cohort:
    write_classes(tmp_path / "source")
    import_paths(project, [tmp_path / "source"], RecordingChannel())
    return _cohort(project, Recipe(size=32))


def test_a_cohort_becomes_arrays_in_its_order(project: Project, cohort: Cohort) -> None:
    prepared = PreparedImages.open(prepare.ensure_prepared(project, cohort, RecordingChannel()))
    assert len(prepared) == len(cohort.items) == 16
    assert prepared.classes == ("a", "b")
    assert [prepared.classes[n] for n in prepared.labels] == [item.label for item in cohort.items]
    assert len(set(prepared.groups.tolist())) == 8
    assert len(prepared.subset("test")) == 2
    assert set(prepared.facts.windows) == {(-160.0, 239.0)}
    assert prepared.facts.pixel_spacing_mm[0] == (1.5, 1.5)  # 32 columns of 1.5 mm into 32 pixels
    pictures = prepared.images(range(16))
    means = [float(pictures[prepared.labels == k].mean()) for k in (0, 1)]
    assert means[1] > means[0] + 0.1  # class b is brighter
    library = Library(project)
    for number, item in enumerate(cohort.items):
        image = load_slice(library.series(item.series), item.index)
        expected = preparing.apply_recipe(image, cohort.recipe, (-160.0, 239.0)).pixels
        np.testing.assert_allclose(pictures[number, 0], expected, atol=1e-4)


def test_it_is_made_once_and_again_when_something_changes(project: Project, cohort: Cohort) -> None:
    first = prepare.ensure_prepared(project, cohort, RecordingChannel())
    channel = RecordingChannel()
    assert prepare.ensure_prepared(project, replace(cohort, name="other name"), channel) == first
    assert channel.messages == []
    for changed in (
        replace(cohort, recipe=Recipe(size=48)),
        replace(cohort, recipe=Recipe(size=32, window=Window.parse("lung"))),
        replace(cohort, items=cohort.items[1:]),
    ):
        assert prepare.ensure_prepared(project, changed, RecordingChannel()) != first


def test_a_stop_leaves_nothing_behind(project: Project, cohort: Cohort) -> None:
    def on_message(message: Message) -> None:
        channel.stop_asked = channel.stop_asked or isinstance(message, Phase)

    channel = RecordingChannel(on_message)
    with pytest.raises(Stopped):
        prepare.ensure_prepared(project, cohort, channel)
    assert list((project.cache).glob("prepared/*")) == []


def test_a_source_that_cannot_be_read_any_more_is_named(project: Project, cohort: Cohort) -> None:
    path = Path(cohort.items[5].source)
    whole = path.read_bytes()
    path.write_bytes(whole[:-500])
    with pytest.raises(Failed) as failed:
        prepare.ensure_prepared(project, cohort, RecordingChannel())
    assert failed.value.code == "source-damaged"
    assert str(path) in str(failed.value)
    path.unlink()
    with pytest.raises(Failed) as failed:
        prepare.ensure_prepared(project, cohort, RecordingChannel())
    assert failed.value.code == "source-missing"
    assert list((project.cache).glob("prepared/*")) == []


def test_coronal_slices_are_prepared_from_the_stack(project: Project, tmp_path: Path) -> None:
    write_series(tmp_path / "s", positions=[4.0 * k for k in range(8)])
    import_paths(project, [tmp_path / "s"], RecordingChannel())
    whole = _cohort(project, Recipe(size=32, plane=Plane.CORONAL, deface=False))
    items = tuple(replace(whole.items[0], index=index) for index in (3, 20))
    prepared = PreparedImages.open(prepare.ensure_prepared(project, replace(whole, items=items), RecordingChannel()))
    filled = prepared.images([0])[0, 0] > -1
    assert filled.any(axis=1).sum() == pytest.approx(32 * (8 * 4.0) / (32 * 1.5), abs=1)


def test_millimetres_of_a_picture_without_any_are_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "s" / "x.png")
    import_paths(project, [tmp_path / "s"], RecordingChannel())
    with pytest.raises(Refused) as refused:
        prepare.ensure_prepared(project, _cohort(project, Recipe(size=32, spacing_mm=1.0)), RecordingChannel())
    assert "x.png" in str(refused.value)


def test_the_window_is_measured_on_training_slices_only(project: Project, tmp_path: Path) -> None:
    write_series(tmp_path / "1", patient="1", study="1", series="a", window=(0.0, 101.0))
    write_series(tmp_path / "2", patient="2", study="2", series="b", window=(500.0, 101.0))
    import_paths(project, [tmp_path / "1", tmp_path / "2"], RecordingChannel())
    prepared = PreparedImages.open(
        prepare.ensure_prepared(project, _cohort(project, Recipe(size=32, deface=False)), RecordingChannel())
    )
    assert set(prepared.facts.windows) == {(-50.5, 49.5)}


def test_the_job_prepares_a_saved_cohort(project: Project, cohort: Cohort) -> None:
    Cohorts(project).save(cohort)
    spec = JobSpec("prepare", str(project.root), str(project.jobs / "p"), {"cohort": "c"})
    result = prepare.run(spec, RecordingChannel())
    assert result["images"] == 16
    assert len(PreparedImages.open(project.root / result["prepared"])) == 16


def test_attributes_and_images_without_a_label_are_prepared(project: Project, cohort: Cohort) -> None:
    age = {item.patient: 30.0 + number for number, item in enumerate(cohort.items)}
    items = [replace(i, attributes={"Sex": "FM"[i.index % 2], "Age": age[i.patient]}) for i in cohort.items]
    unseen = next(number for number, item in enumerate(items) if item.split == "test")
    items[unseen] = replace(items[unseen], attributes={"Sex": "O", "Age": 99.0})
    learnt = [number for number, item in enumerate(items) if item.split == "train"]
    items[learnt[0]] = replace(items[learnt[0]], attributes={})
    items[learnt[1]] = replace(items[learnt[1]], label="")
    known = replace(cohort, items=tuple(items))
    prepared = PreparedImages.open(prepare.ensure_prepared(project, known, RecordingChannel()))
    years, sex = prepared.facts.attributes
    inside = [items[number].attributes["Age"] for number in learnt[1:]]
    assert (years.name, years.values, years.low, years.high) == ("Age", (), min(inside), max(inside))
    assert (sex.name, sex.values) == ("Sex", ("F", "M"))
    assert prepared.facts.values[unseen] == (99.0, None), "a category that no training image has is unknown"
    assert prepared.facts.values[learnt[0]] == (None, None)
    assert prepared.attributes[learnt[2]].tolist() == pytest.approx(
        [(items[learnt[2]].attributes["Age"] - years.low) / (years.high - years.low), items[learnt[2]].index % 2]
    )
    assert prepared.labels[learnt[1]] == -1
    assert sum(prepared.class_counts().values()) == 15
    assert prepare.ensure_prepared(project, cohort, RecordingChannel()) != prepared.folder
