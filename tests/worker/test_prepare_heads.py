"""Heads are learnt without their faces: prepared pictures, what is recorded of them, and what it costs to ask again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app import compose
from app.cli.main import main
from app.deid import faces
from app.domain.cohort import Cohort, Item
from app.domain.deid import PixelCheck
from app.domain.errors import Stopped
from app.domain.export import ExportRequest, Format, Include
from app.domain.recipe import Plane, Recipe, Window
from app.imaging.preparing import apply_recipe
from app.imaging.windowing import to_uint8
from app.jobs.messages import Message, Notice, Phase
from app.jobs.process import Runner
from app.jobs.spec import JobSpec
from app.services.catalogue import Catalogue
from app.services.intake import Intake
from app.services.starting import Starter
from app.store.cohorts import Cohorts
from app.store.folders import read_json, write_json
from app.store.library import Library
from app.store.project import Project
from app.worker import prepare
from app.worker.channel import RecordingChannel
from app.worker.export_inspect import NONE_FOUND, Inspector
from app.worker.export_memory import Memory
from models.data.prepared import PreparedImages
from tests.helpers.dicom_factory import write_series
from tests.helpers.head_phantom import Head, Scan, scan
from tests.helpers.in_process import HeldRunner, do
from tests.helpers.intake import import_paths
from tests.helpers.projects import Ground

STEP = 4.0
HOW = Scan(spacing=(5.0, STEP, STEP))
RECIPE = Recipe(window=Window("manual", 0.0, 400.0), size=96, spacing_mm=STEP)
"""Pixels of the prepared pictures are those of the slices, with a border around them."""
LOST_AT_MOST = 0.01
"""Share of the brain's voxels: what finding faces promises of so coarse a head."""
MISSING = 38
"""A slice above the eyes that the irregular stack lacks."""


@pytest.fixture(scope="module")
def head() -> Head:
    return scan(0, HOW)


@pytest.fixture(scope="module")
def heads(head: Head, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a CT head, the same with a slice missing, and four sagittal MR slices."""
    folder = tmp_path_factory.mktemp("heads")
    stored = [np.clip(np.rint(one) + 1024, 0, 4095).astype(np.uint16) for one in head.values]
    plan = {"rows": stored[0].shape[0], "columns": stored[0].shape[1], "spacing": (STEP, STEP)}
    for name, kept in (("whole", range(len(stored))), ("gap", [n for n in range(len(stored)) if n != MISSING])):
        places = [5.0 * number for number in kept]
        pixels = [stored[number] for number in kept]
        write_series(folder / name, positions=places, pixels=pixels, series=name, study=name, patient=name, **plan)
    lying = (0, 1, 0, 0, 0, -1)
    few = [4.0 * number for number in range(4)]
    write_series(folder / "few", modality="MR", positions=few, orientation=lying, series="few", study="f", patient="f")
    project = Project.create(folder / "project")
    import_paths(project, [folder / name for name in ("whole", "gap", "few")], RecordingChannel())
    yield project
    project.close()


def cohort(project: Project, recipe: Recipe, *names: str, numbers: range | None = None) -> Cohort:
    """All native slices of some series, or those of these numbers in the plane of the recipe."""
    found = {one.description: (study, one) for study in Library(project).studies() for one in study.series}
    items = [
        Item(one.key, number, name, "train", study.patient, one.instances[0].path)
        for name in names
        for study, one in [found[name]]
        for number in (numbers or range(len(one.instances)))
    ]
    return Cohort("c", recipe, tuple(items), True)


def prepared(project: Project, wanted: Cohort) -> PreparedImages:
    return PreparedImages.open(prepare.ensure_prepared(project, wanted, RecordingChannel()))


def inner(data: PreparedImages, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The pictures without their border."""
    top, left = ((data.size - length) // 2 for length in shape)
    return data.images(range(len(data)))[:, 0, top : top + shape[0], left : left + shape[1]]


@pytest.mark.parametrize("name", ["whole", "gap"])
def test_a_model_sees_the_head_without_its_face(heads: Project, head: Head, name: str) -> None:
    wanted = cohort(heads, RECIPE, name)
    without, with_face = prepared(heads, wanted), prepared(heads, replace(wanted, recipe=replace(RECIPE, deface=False)))
    assert [one["state"] for one in without.facts.faces.values()] == ["defaced"]
    assert [one["state"] for one in with_face.facts.faces.values()] == ["kept"]
    kept = [number for number in range(len(head.values)) if name == "whole" or number != MISSING]
    after, before = (inner(data, head.values.shape[1:]) for data in (without, with_face))
    x, y, z = head.own[:, kept]
    front = (np.abs(x) < 30) & (y < -80) & (z < -20)
    nose = front & (before > -0.9)
    assert nose.sum() > 100, "nose, mouth and chin were there"
    assert (after[front] == -1).all()
    brain = head.brain[kept]
    assert (after[brain] != before[brain]).mean() < LOST_AT_MOST


def test_other_planes_are_cut_from_the_defaced_volume(heads: Project) -> None:
    middle = Recipe(plane=Plane.SAGITTAL, window=RECIPE.window, size=96, spacing_mm=STEP)
    wanted = cohort(heads, middle, "whole", numbers=range(26, 29))
    before = prepared(heads, replace(wanted, recipe=replace(middle, deface=False))).images(range(3))
    after = prepared(heads, wanted).images(range(3))
    gone = (before > -0.9) & (after == -1)
    front, back = gone[..., : gone.shape[-1] // 2].sum(), gone[..., gone.shape[-1] // 2 :].sum()
    assert front > 300
    assert back < front / 20
    assert (after <= before).all(), "nothing was drawn into them"


def test_nobody_looks_at_the_same_series_twice(heads: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = cohort(heads, RECIPE, "whole")
    first = prepared(heads, wanted)
    monkeypatch.setattr(faces, "examine", None)
    again = prepared(heads, replace(wanted, items=wanted.items[1:]))
    assert again.folder != first.folder
    np.testing.assert_array_equal(again.images(range(len(again))), first.images(range(1, len(first))))


def test_the_preview_of_a_recipe_and_what_leaves_are_the_picture_that_is_learnt(
    heads: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 15
    wanted = cohort(heads, RECIPE, "whole", numbers=range(number, number + 1))
    learnt = prepared(heads, wanted).images([0])[0, 0]
    key = wanted.items[0].series
    library = Library(heads)
    shown = Catalogue(heads, library, Intake(Starter(heads, Runner()))).preview(key, number, RECIPE)
    np.testing.assert_allclose(shown, to_uint8(learnt, -1.0, 1.0), atol=1)
    monkeypatch.setattr(Inspector, "text_of", lambda *_asked: (NONE_FOUND, None))
    inspected = Inspector(Memory(heads), lambda: None).inspect(library.series(key), [number], ())
    assert inspected.check([number]) == PixelCheck(text=NONE_FOUND, faces="defaced")
    leaving = inspected.slice(number, Plane.NATIVE)
    assert leaving is not None
    np.testing.assert_allclose(apply_recipe(leaving, RECIPE, (-200.0, 200.0)).pixels, learnt, atol=1e-4)


def test_what_was_found_another_way_is_prepared_anew(heads: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = cohort(heads, RECIPE, "few")
    first = prepared(heads, wanted)
    monkeypatch.setattr(faces, "VERSION", faces.VERSION + 1)
    assert prepared(heads, wanted).folder != first.folder


def test_what_could_not_be_checked_is_learnt_from_and_said(heads: Project) -> None:
    Cohorts(heads).save(replace(cohort(heads, RECIPE, "few"), name="few"))
    channel = RecordingChannel()
    made = prepare.run(JobSpec("prepare", str(heads.root), str(heads.jobs / "p"), {"cohort": "few"}), channel)
    (outcome,) = PreparedImages.open(heads.root / made["prepared"]).facts.faces.values()
    assert outcome["state"] == "not-checked"
    (notice,) = [one for one in channel.messages if isinstance(one, Notice)]
    assert (notice.code, notice.facts["count"], notice.facts["reason"]) == ("faces-unchecked", 1, outcome["why"])


def test_looking_can_be_stopped(heads: Project) -> None:
    def on_message(message: Message) -> None:
        channel.stop_asked = channel.stop_asked or message == Phase("Looking for faces")

    channel = RecordingChannel(on_message)
    before = set(heads.cache.glob("prepared/*"))
    with pytest.raises(Stopped):
        prepare.ensure_prepared(heads, cohort(heads, replace(RECIPE, size=128), "few"), channel)
    assert set(heads.cache.glob("prepared/*")) == before


def test_plain_images_are_prepared_as_ever(project: Project, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.fromarray(np.arange(81, dtype=np.uint8).reshape(9, 9)).save(tmp_path / "a" / "x.png")
    import_paths(project, [tmp_path / "a"], RecordingChannel())
    study = Library(project).studies()[0]
    item = Item(study.series[0].key, 0, "a", "train", study.patient, study.series[0].instances[0].path)
    wanted, channel = Cohort("c", Recipe(size=32), (item,), True), RecordingChannel()
    folder = prepare.ensure_prepared(project, wanted, channel)
    assert [one.name for one in channel.messages if isinstance(one, Phase)] == ["Preparing images"]
    assert PreparedImages.open(folder).facts.faces == {}
    assert not (project.cache / "faces").exists()
    kept = Recipe.from_json({name: value for name, value in Recipe(size=32).to_json().items() if name != "deface"})
    assert not kept.deface
    assert prepare.ensure_prepared(project, replace(wanted, recipe=kept), RecordingChannel()) == folder


def test_a_run_keeps_what_was_found(heads: Project) -> None:
    services = compose.open_project(heads.root, runner=HeldRunner())
    try:
        wanted = cohort(heads, Recipe(size=32), "few")
        job = services.training.start(wanted, family="vae", steps=1, device="cpu")
        channel = RecordingChannel()
        do(job.spec, channel)
        assert services.training.run(job.spec.params["run"]).record.faces == {"not-checked": 1}
        assert "faces-unchecked" in {one.code for one in channel.messages if isinstance(one, Notice)}
    finally:
        services.close(0)


@pytest.mark.parametrize("faces_found", [{}, {"not-checked": 2}, {"kept": 1}])
def test_synthetic_images_say_that_their_model_may_have_seen_faces(
    ground: Ground, tmp_path: Path, faces_found: dict[str, int]
) -> None:
    path = ground.root / "runs" / "run-1" / "run.json"
    write_json(path, {**read_json(path), "faces": faces_found})
    services = compose.open_project(ground.root)
    try:
        asked = ExportRequest(str(tmp_path / "out"), ground.samples, None, (Format.PNG,), (Include.SYNTHETIC,))
        said = [notice for notice in services.exports.plan(asked).notices if "parts of a face" in notice]
    finally:
        services.close(0)
    assert len(said) == bool(faces_found)


def test_the_command_line_keeps_faces_if_told_to(heads: Project) -> None:
    for name, more in (("without", []), ("with", ["--keep-faces"])):
        assert main(["cohort", str(heads.root), name, "--size", "32", *more]) == 0
        assert Cohorts(heads).load(name).recipe.deface is (name == "without")
    (said,) = [notice for notice in Cohorts(heads).load("with").notices if "faces" in notice]
    assert said.startswith("Faces are kept in 3 series")
