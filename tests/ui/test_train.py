"""The Train room, driven by mouse over services that a test drives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.domain import families
from app.domain.errors import Refused
from app.domain.run import RunState
from app.jobs.messages import CheckpointSaved, Metric, Notice, Phase, PreviewNow, PreviewReady, Progress
from app.ui import theme
from app.ui.context import PageContext
from app.ui.pages.train import TrainPage
from app.ui.view_models.train import RunWatch, Watches, cohort_line, run_line
from tests.helpers.fake_services import FakeJob
from tests.helpers.working_rooms import Run as FakeRun
from tests.helpers.working_rooms import WorkingServices, run_record

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def services(tmp_path: Path) -> WorkingServices:
    return WorkingServices(root=tmp_path)


def shown(qtbot: QtBot, context: PageContext) -> TrainPage:
    made = TrainPage(context)
    qtbot.addWidget(made)
    made.setFixedSize(1180, 720)
    made.show()
    made.activate()
    return made


@pytest.fixture
def page(qtbot: QtBot, context: PageContext) -> TrainPage:
    made = shown(qtbot, context)
    qtbot.waitUntil(lambda: bool(made.setup.counts.text()))
    return made


def start(qtbot: QtBot, page: TrainPage, services: WorkingServices) -> FakeJob:
    qtbot.mouseClick(page.setup.start, LEFT)
    qtbot.waitUntil(lambda: page.view.isVisible() and page.view.stop.isVisible())
    return services.jobs.started[-1]


def test_a_cohort_is_named_with_its_counts_and_what_it_can_support(page: TrainPage) -> None:
    assert page.setup.cohort.currentText() == "chest"
    assert "images to learn from" in page.setup.counts.text()
    assert "nodule" in page.setup.counts.text()
    assert page.setup.verdict.text().endswith("can support a first try.")
    assert not page.setup.advanced.isVisible()


def test_without_a_cohort_the_room_says_what_to_do(qtbot: QtBot, context: PageContext, services: WorkingServices):
    services.cohorts.delete("chest")
    page = shown(qtbot, context)
    qtbot.waitUntil(page.empty.isVisible)
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.empty.action, LEFT)
    assert wanted.args == ["cohort"]


def test_a_curve_is_read_as_its_family_asks(services: WorkingServices) -> None:
    lines = {name: run_line(FakeRun(run_record("r", family=name), RunState.DONE)) for name in ("gan", "flow", "older")}
    assert lines["flow"].curve == lines["older"].curve == families.FALLS
    assert "Look at the images" in lines["gan"].curve
    assert lines["older"].title.startswith("older on chest")


def test_every_kind_of_model_is_offered_with_its_sentence(page: TrainPage) -> None:
    family = page.setup.family
    assert [family.itemData(place) for place in range(family.count())] == list(families.NAMES)
    for place, choice in enumerate(families.CHOICES):
        family.setCurrentIndex(place)
        assert (family.currentText(), page.setup.description.text()) == (choice.title, choice.description)


def test_start_passes_on_the_choices(qtbot: QtBot, page: TrainPage, services: WorkingServices) -> None:
    page.setup.budget.setCurrentIndex(page.setup.budget.count() - 1)
    page.setup.minutes.setValue(7)
    page.setup.family.setCurrentIndex(page.setup.family.findData("diffusion"))
    start(qtbot, page, services)
    assert services.training.asked == [
        {"cohort": "chest", "family": "diffusion", "budget_s": 420.0, "steps": None, "seed": 0, "device": "auto"}
    ]


def test_live_words_are_drawn(qtbot: QtBot, page: TrainPage, services: WorkingServices, tmp_path: Path) -> None:
    job = start(qtbot, page, services)
    Image.new("L", (16, 8), 200).save(tmp_path / "a.png")
    Image.new("L", (24, 8), 200).save(tmp_path / "b.png")
    job.say(Phase("Preparing images"))
    qtbot.waitUntil(lambda: page.view.facts.text() == "Preparing images")
    job.say(PreviewReady(10, "a.png"))
    job.say(PreviewReady(20, "b.png"))
    job.say(Metric(10, {"loss": 2.0, "held_out_loss": 2.5, "images_per_s": 31.0}))
    job.say(Metric(20, {"loss": 1.0, "copy_rate": 0.25}))
    job.say(Progress(20, 100, 90.0))
    qtbot.waitUntil(lambda: page.view.plot.drawn() == ([(10, 2.0), (20, 1.0)], [(10, 2.5)]))
    assert page.view.progress.value() == 20
    for words in ("Time left: 2 minutes", "31 images a second", "25%"):
        assert words in page.view.facts.text()
    previews = page.view.previews
    qtbot.waitUntil(lambda: previews.picture.image.width() == 24)
    previews.slider.setValue(0)
    qtbot.waitUntil(lambda: previews.picture.image.width() == 16)
    assert previews.caption.text() == "Preview 1 of 2, after 10 steps"


def test_stop_keeps_and_preview_asks(qtbot: QtBot, page: TrainPage, services: WorkingServices) -> None:
    job = start(qtbot, page, services)
    qtbot.mouseClick(page.view.preview, LEFT)
    assert job.sent == [PreviewNow()]
    services.training.becomes("run-1", RunState.STOPPED)
    qtbot.mouseClick(page.view.stop, LEFT)
    assert job.asked == ["stop"]
    qtbot.waitUntil(page.view.resume.isVisible)
    assert not page.view.stop.isVisible()
    assert not page.message.isVisible()


def test_a_crash_is_told_calmly_and_can_be_resumed(qtbot: QtBot, page: TrainPage, services: WorkingServices) -> None:
    job = start(qtbot, page, services)
    services.training.becomes("run-1", RunState.INTERRUPTED)
    job.end("crashed", code="worker-crashed", signal="SIGKILL")
    qtbot.waitUntil(page.message.isVisible)
    assert "SIGKILL" in page.message.text.text()
    qtbot.mouseClick(page.message.action, LEFT)
    assert (services.training.resumed, services.training.more) == (["run-1"], [{}])
    qtbot.waitUntil(page.view.stop.isVisible)
    assert not page.message.isVisible()


def test_a_crash_before_anything_was_saved_offers_a_new_beginning(
    qtbot: QtBot, page: TrainPage, services: WorkingServices
) -> None:
    job = start(qtbot, page, services)
    services.training.becomes("run-1", RunState.INTERRUPTED, checkpoint=None)
    job.end("crashed", code="worker-crashed", signal="SIGKILL")
    qtbot.waitUntil(page.message.isVisible)
    assert page.message.action.text() == page.view.resume.text() == "Start again"
    qtbot.mouseClick(page.message.action, LEFT)
    assert services.training.resumed == ["run-1"]


def test_a_refusal_is_said_in_the_room(qtbot: QtBot, page: TrainPage, services: WorkingServices) -> None:
    services.training.refuse = Refused("unwritable", path="/project", detail="read only")
    qtbot.mouseClick(page.setup.start, LEFT)
    assert "cannot be written" in page.message.text.text()


def test_history_comes_back_after_a_restart(qtbot: QtBot, context: PageContext, services: WorkingServices) -> None:
    services.trained("run-9", RunState.INTERRUPTED)
    services.training.histories["run-9"] = [Metric(1, {"loss": 3.0}), CheckpointSaved(1, "c"), Metric(2, {"loss": 2.0})]
    page = shown(qtbot, context)
    qtbot.waitUntil(lambda: page.view.plot.drawn()[0] == [(1, 3.0), (2, 2.0)])
    assert page.view.resume.isVisible()
    qtbot.mouseClick(page.view.resume, LEFT)
    assert services.training.resumed == ["run-9"]


def test_a_finished_run_leads_to_generate(qtbot: QtBot, page: TrainPage, context: PageContext, services) -> None:
    job = start(qtbot, page, services)
    services.training.becomes("run-1", RunState.DONE)
    job.end("done", {"run": "run-1"})
    qtbot.waitUntil(page.view.generate.isVisible)
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.view.generate, LEFT)
    assert wanted.args == ["generate"]
    assert context.take_focus("generate") == "run-1"


def test_a_finished_run_goes_on_for_the_time_chosen(qtbot: QtBot, context: PageContext, services) -> None:
    services.trained("run-9", RunState.DONE)
    page = shown(qtbot, context)
    qtbot.waitUntil(page.view.resume.isVisible)
    page.setup.budget.setCurrentIndex(0)
    qtbot.mouseClick(page.view.resume, LEFT)
    assert (services.training.resumed, services.training.more) == (["run-9"], [{"budget_s": 120.0, "steps": None}])


def test_the_plot_follows_light_and_dark(qtbot: QtBot, qapp, page: TrainPage, services: WorkingServices) -> None:
    start(qtbot, page, services)
    ground = page.view.plot.grab().toImage().pixelColor(60, 20).name()
    assert ground == theme.DARK.surface
    theme.apply(qapp, theme.LIGHT)
    qtbot.waitUntil(lambda: page.view.plot.grab().toImage().pixelColor(60, 20).name() == theme.LIGHT.surface)


def test_a_resumed_run_replaces_the_steps_that_it_repeats() -> None:
    watch = RunWatch.of([Metric(1, {"loss": 3.0}), Metric(2, {"loss": 9.0}), Metric(2, {"loss": 2.0})])
    assert watch.loss == [(1, 3.0), (2, 2.0)]


def test_a_resumed_run_replaces_the_previews_that_it_repeats() -> None:
    said = [PreviewReady(1, "a"), PreviewReady(9, "b"), PreviewReady(5, "c")]
    assert RunWatch.of(said).previews == [(1, "a"), (5, "c")]


def test_what_is_not_a_number_is_not_drawn() -> None:
    assert RunWatch.of([Metric(1, {"loss": float("nan")})]).loss == []


def test_notices_are_said_once_and_unknown_ones_not_at_all() -> None:
    watch = RunWatch.of([Notice("stopped"), Notice("stopped"), Notice("no-such-code")])
    assert watch.notices == ["Stopped on request."]


def test_live_words_that_come_while_the_history_loads_follow_it() -> None:
    watches = Watches()
    watches.load("a")
    watches.hear("a", Metric(2, {"loss": 2.0}))
    watches.loaded("a", RunWatch.of([Metric(1, {"loss": 3.0})]))
    assert watches.known["a"].loss == [(1, 3.0), (2, 2.0)]


@pytest.mark.parametrize(
    ("state", "saved", "again"),
    [
        (RunState.STOPPED, True, "Resume"),
        (RunState.INTERRUPTED, True, "Resume"),
        (RunState.INTERRUPTED, False, "Start again"),
        (RunState.FAILED, True, "Resume"),
        (RunState.DONE, True, "Train longer"),
        (RunState.RUNNING, True, ""),
    ],
)
def test_what_can_be_resumed(state: RunState, saved: bool, again: str) -> None:
    line = run_line(FakeRun(run_record("a"), state, checkpoint=Path("c") if saved else None))
    assert line.again == again
    assert line.usable is saved


def test_counts_name_the_unseen_part(services: WorkingServices) -> None:
    assert cohort_line(services.cohorts.load("chest")) == (
        "12 images to learn from: nodule 6, normal 6. 24 kept unseen."
    )


def test_images_without_a_label_are_counted_apart(services: WorkingServices) -> None:
    cohort = services.cohorts.load("chest")
    items = tuple(
        replace(item, label="" if item.split == "train" and item.label == "nodule" else item.label)
        for item in cohort.items
    )
    assert cohort_line(replace(cohort, items=items)) == (
        "6 images to learn from: nodule 0, normal 6. 6 more without a label. 24 kept unseen."
    )
