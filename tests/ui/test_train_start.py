"""What a training begins with: chosen in the Train room by mouse and keys, named in words, refused without a loss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.compose import Services
from app.domain.errors import Refused
from app.domain.recipe import Recipe
from app.domain.run import RunState
from app.jobs.messages import Metric
from app.services.priors import Prior
from app.ui.context import PageContext
from app.ui.pages.train import TrainPage
from app.ui.view_models.begin_with import NOTHING, began_with, earlier, from_disk
from app.ui.view_models.train import run_line
from app.ui.widgets.begin_with_list import FILE, FOLDER
from tests.helpers.in_process import do
from tests.helpers.working_rooms import Run as FakeRun
from tests.helpers.working_rooms import WorkingServices, run_record

LEFT = Qt.MouseButton.LeftButton
VAE, DIFFUSION = "VAE on chest, 21 Nov", "Diffusion on chest, 21 Nov"


@pytest.fixture
def services(tmp_path: Path) -> WorkingServices:
    made = WorkingServices(root=tmp_path)
    for number, (family, size) in enumerate((("vae", 32), ("diffusion", 64))):
        run = FakeRun(run_record(f"run-{family}", family=family), RunState.DONE)
        made.training.held.append(run)
        folder = tmp_path / "runs" / run.record.id / "checkpoints"
        folder.mkdir(parents=True)
        classes = ("nodule", "cyst") if number else ("nodule", "normal")
        made.training.starts.append(Prior(run.record.id, "chest", family, size, classes, 40, folder))
    return made


@pytest.fixture
def page(qtbot: QtBot, context: PageContext) -> TrainPage:
    made = TrainPage(context)
    qtbot.addWidget(made)
    made.setFixedSize(1180, 720)
    made.show()
    made.activate()
    qtbot.waitUntil(lambda: made.setup.begin.list.count() > 4, timeout=20_000)
    return made


def entries(page: TrainPage) -> list[str]:
    offered = page.setup.begin.list
    return [offered.itemText(place) for place in range(offered.count()) if offered.itemText(place)]


def pick(page: TrainPage, words: str) -> None:
    """Open the list and click the entry that begins with ``words``."""
    offered = page.setup.begin.list
    (place,) = (place for place in range(offered.count()) if offered.itemText(place).startswith(words))
    offered.showPopup()
    rows = offered.view()
    rows.scrollTo(offered.model().index(place, 0))
    spot = rows.visualRect(offered.model().index(place, 0)).center()
    QTest.mouseMove(rows.viewport(), spot)
    QTest.mouseClick(rows.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, spot, 600)


def as_kind(page: TrainPage, family: str) -> None:
    page.setup.family.setCurrentIndex(page.setup.family.findData(family))


def start(page: TrainPage) -> None:
    QTest.mouseClick(page.setup.start, LEFT)


def test_nothing_comes_first_and_earlier_runs_are_named_in_words(page: TrainPage, services: WorkingServices) -> None:
    first, vae, diffusion, *asking = entries(page)
    assert first == NOTHING.title == page.setup.begin.list.currentText()
    assert vae.startswith(VAE)
    assert vae.endswith("learnt for 2 minutes · 32 × 32 pixels · nodule, normal")
    assert diffusion.endswith("learnt for 2 minutes · 64 × 64 pixels · nodule, cyst")
    assert asking == [FILE, FOLDER]
    assert not page.setup.begin.clear.isVisible()
    assert not page.setup.begin.description.isVisible()
    start(page)
    assert "from_checkpoint" not in services.training.asked[0]


def test_an_earlier_run_is_begun_with_and_what_it_means_is_said(page: TrainPage, services: WorkingServices) -> None:
    pick(page, DIFFUSION)
    begin = page.setup.begin
    assert begin.description.text() == (
        "Starts from what it has learnt: nodule. New here: normal. Left behind: cyst. "
        "The new model will be of the same kind: Diffusion."
    )
    assert not begin.caution.isVisible()
    start(page)
    assert services.training.asked[0]["from_checkpoint"] == services.training.starts[1].path
    assert services.training.asked[0]["family"] == "auto"


def test_clear_begins_with_nothing(qtbot: QtBot, page: TrainPage, services: WorkingServices) -> None:
    pick(page, VAE)
    qtbot.mouseClick(page.setup.begin.clear, LEFT)
    assert page.setup.begin.list.currentText() == NOTHING.title
    start(page)
    assert "from_checkpoint" not in services.training.asked[0]


def test_another_kind_takes_the_start_back_with_a_sentence(page: TrainPage, services: WorkingServices) -> None:
    pick(page, VAE)
    as_kind(page, "diffusion")
    begin = page.setup.begin
    assert begin.path is None
    assert begin.list.currentText() == NOTHING.title
    assert begin.caution.text().startswith(f"“{VAE}")
    assert begin.caution.text().endswith("is of another kind (VAE), so the training begins with nothing.")
    assert not any(one.startswith("VAE on") for one in entries(page))
    page.activate()
    assert begin.caution.isVisible()
    pick(page, DIFFUSION)
    assert not begin.caution.isVisible()
    assert "same kind" not in begin.description.text()


def test_another_size_takes_the_start_back_with_a_sentence(
    qtbot: QtBot, page: TrainPage, services: WorkingServices
) -> None:
    pick(page, VAE)
    services.cohorts.make("large", Recipe(size=64))
    page.activate()
    qtbot.waitUntil(lambda: page.setup.cohort.count() == 2)
    qtbot.keyClick(page.setup.cohort, Qt.Key.Key_End)
    qtbot.waitUntil(page.setup.begin.caution.isVisible)
    assert "draws 32 × 32 pixels, and this cohort has 64 × 64 pixels" in page.setup.begin.caution.text()
    assert page.setup.begin.path is None
    assert [one for one in entries(page) if "on chest" in one] == [entries(page)[1]]


def test_a_run_that_is_gone_takes_its_start_back(qtbot: QtBot, page: TrainPage, services: WorkingServices) -> None:
    pick(page, VAE)
    services.training.starts.pop(0)
    page.activate()
    qtbot.waitUntil(lambda: page.setup.begin.path is None)
    assert "can no longer be begun with" in page.setup.begin.caution.text()


def test_a_file_is_chosen_shown_and_warned_of(
    qtbot: QtBot, page: TrainPage, services: WorkingServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "brain bundle.zip"
    monkeypatch.setattr("app.ui.dialogs.choose.file", lambda *_args: bundle)
    pick(page, FILE)
    begin = page.setup.begin
    assert begin.list.currentText() == "brain bundle.zip"
    assert begin.list.toolTip().endswith(str(bundle))
    assert "cannot be exported" in begin.caution.text()
    as_kind(page, "diffusion")
    start(page)
    assert services.training.asked[0]["from_checkpoint"] == bundle
    monkeypatch.setattr("app.ui.dialogs.choose.folder", lambda *_args: None)
    pick(page, FOLDER)
    assert begin.path == bundle
    qtbot.mouseClick(begin.clear, LEFT)
    assert "brain bundle.zip" not in entries(page)


def test_the_folder_of_a_run_of_this_project_is_that_run(
    page: TrainPage, services: WorkingServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ui.dialogs.choose.folder", lambda *_args: services.training.starts[0].path.parent)
    pick(page, FOLDER)
    assert page.setup.begin.list.currentText().startswith(VAE)
    assert not page.setup.begin.caution.isVisible()


def test_arrow_keys_and_the_wheel_open_no_dialog(
    qtbot: QtBot, page: TrainPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ui.dialogs.choose.file", lambda *_args: pytest.fail("a dialog opened"))
    monkeypatch.setattr("app.ui.dialogs.choose.folder", lambda *_args: pytest.fail("a dialog opened"))
    offered = page.setup.begin.list
    pick(page, VAE)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_End):
        qtbot.keyClick(offered, key)
    assert offered.currentText().startswith(DIFFUSION)


def test_a_start_that_is_refused_is_said_and_nothing_is_lost(
    qtbot: QtBot, page: TrainPage, services: WorkingServices
) -> None:
    pick(page, VAE)
    services.training.refuse = Refused("learnt-images-deleted")
    start(page)
    assert "deleted since" in page.message.text.text()
    services.training.refuse = None
    start(page)
    services.training.becomes("run-1", RunState.FAILED, checkpoint=None)
    services.jobs.started[-1].end("refused", code="bad-start", path="a.zip", detail="it is no MONAI bundle")
    qtbot.waitUntil(lambda: "it is no MONAI bundle" in page.message.text.text())
    assert not page.message.action.isVisible()
    assert page.setup.begin.path == services.training.starts[0].path


def test_a_start_with_a_past_of_its_own_is_warned_of(services: WorkingServices) -> None:
    runs = {run.record.id: run for run in services.training.runs()}
    (known,) = earlier(services.training.starts[:1], runs)
    (other,) = earlier([replace(services.training.starts[0], traceable=False)], runs)
    assert (known.traceable, other.traceable) == (True, False)
    inside = services.training.starts[0].path / "step-000040.json"
    assert from_disk(inside, [known]).traceable
    assert not from_disk(inside, [other]).traceable
    assert not from_disk(inside.parents[3] / "elsewhere.zip", [known]).traceable


def test_what_a_run_began_with_is_told(qtbot: QtBot, page: TrainPage, services: WorkingServices) -> None:
    start_of = {"run": "run-vae", "kind": "checkpoint", "new": ["cyst"], "lost": ["normal"], "name": "checkpoints"}
    record = replace(run_record("run-new"), start=start_of)
    services.training.held.insert(0, FakeRun(record, RunState.DONE))
    page.activate()
    qtbot.waitUntil(lambda: "run-new" in page.runs.ids())
    page.runs.choose("run-new")
    assert page.view.began.isVisible()
    assert page.view.began.text().startswith(f"Began with: {VAE}")
    assert page.view.began.text().endswith("· new: cyst · left behind: normal")
    page.runs.choose("run-vae")
    assert not page.view.began.isVisible()


def test_what_a_run_began_with_is_told_where_it_is_gone() -> None:
    gone = replace(run_record("a"), start={"run": "run-x", "name": "checkpoints"})
    bundle = replace(run_record("a"), start={"name": "brain.zip", "kind": "bundle", "new": ["nodule"]})
    assert began_with(gone, {}) == "Began with: a training that is no longer here"
    assert began_with(bundle, {}) == "Began with: brain.zip · its classes are learnt anew"
    assert run_line(FakeRun(run_record("a"), RunState.DONE)).began == ""


@pytest.fixture
def real(qtbot: QtBot, qapp, trained: Services):
    """The room on a project with a real run; no worker process is started."""
    context = PageContext(services=trained)
    page = TrainPage(context)
    qtbot.addWidget(page)
    page.show()
    page.activate()
    qtbot.waitUntil(lambda: page.setup.begin.list.count() > 4, timeout=20_000)
    yield page
    context.bridge.close()


def first_loss(services: Services, run_id: str) -> float:
    said = services.training.history(run_id)
    return next(one.values["loss"] for one in said if isinstance(one, Metric) and "loss" in one.values)


def test_a_real_run_begins_a_real_training(qtbot: QtBot, real: TrainPage, trained: Services) -> None:
    (before,) = trained.training.runs()
    pick(real, "VAE on shapes")
    real.setup.advanced.steps.setValue(2)
    start(real)
    (running,) = real._bridge.jobs().values()
    do(running.job.spec)
    newest = trained.training.runs()[0]
    assert (newest.record.family, newest.record.start["run"]) == ("vae", before.record.id)
    assert first_loss(trained, newest.record.id) < first_loss(trained, before.record.id) - 0.2
    real.activate()
    qtbot.waitUntil(real.view.began.isVisible)
    assert real.view.began.text().startswith("Began with: VAE on shapes")
