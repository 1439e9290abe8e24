"""The Train room: start a training with a time budget, watch it learn, stop it or go on with it.

It gathers what the services and the running jobs say and hands it to its widgets; it must not know what a
training is made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.domain.cohort import Cohort
from app.domain.errors import UnderstudyError
from app.domain.families import AUTO
from app.domain.run import RunState
from app.jobs.messages import PreviewNow
from app.ui.context import PageContext
from app.ui.run_feed import RunFeed
from app.ui.theme import SPACE
from app.ui.view_models.begin_with import earlier
from app.ui.view_models.train import cohort_line, run_line, size_line
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.inline_message import InlineMessage
from app.ui.widgets.lines import Line, Lines
from app.ui.widgets.room_frame import RoomFrame, beside, side_column
from app.ui.widgets.run_view import RunView
from app.ui.widgets.section import PageHeader, label
from app.ui.widgets.train_setup import TrainSetup

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.compose import Services
    from app.jobs.outcome import Outcome
    from app.services.history import RunInfo
    from app.services.priors import Prior

REDRAW_MS = 200
"""A worker speaks up to many times a second; the eye needs five."""

_TONES = {RunState.RUNNING: "accent", RunState.DONE: "good", RunState.FAILED: "bad"}


@dataclass(frozen=True, slots=True)
class _Overview:
    """What the project holds, asked in one go."""

    cohorts: list[str]
    runs: list[RunInfo]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The cohort to learn from, what it can support, and the runs that its training could begin with."""

    cohort: Cohort
    verdict: str
    starts: list[Prior]


class TrainPage(QWidget):
    """The room; ``activate`` asks the project anew."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._bridge = context.bridge
        self._feed = RunFeed(context.bridge, self)
        self._cohort: Cohort | None = None
        self._runs: dict[str, RunInfo] = {}
        self._wanted_cohort = self._wanted_run = self._message_run = ""
        self._news: tuple[str, Outcome] | None = None
        self._devices_known = False
        self.setup = TrainSetup()
        self.runs = Lines("Trainings")
        self.message = InlineMessage()
        self.view = RunView(self._bridge)
        self.empty = EmptyState(
            "train",
            "Nothing to learn from yet",
            "A training learns from a cohort: images that you chose and labelled. Make one first.",
            action="Make a cohort",
        )
        self.first = EmptyState(
            "train",
            "Ready to learn",
            "Choose how long Understudy may learn and press Start training. You can watch it, stop early and keep "
            "what was learnt, or leave it overnight.",
        )
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(REDRAW_MS)
        self._lay_out()
        self._connect()

    def activate(self) -> None:
        """The room is shown: ask what there is, and open on the cohort that another room named."""
        self._wanted_cohort = self._context.take_focus("train") or self._wanted_cohort
        self._refresh()
        self._ask_devices()

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(SPACE)
        self._runs_title = label("Trainings", "heading")
        for piece in (self.setup, self._runs_title):
            column.addWidget(piece)
        self.runs.setMinimumHeight(140)
        column.addWidget(self.runs, 1)
        column.addStretch(0)
        self._shown = QStackedWidget()
        self._shown.addWidget(self.first)
        self._shown.addWidget(self.view)
        main = QVBoxLayout()
        main.addWidget(self.message)
        main.addWidget(self._shown, 1)
        header = PageHeader("Train", "Let a model learn from a cohort for as long as you allow.")
        body = beside(side_column(column, 340), main)
        self._frame = RoomFrame(self, self.empty, header, body)

    def _connect(self) -> None:
        context, feed, view = self._context, self._feed, self.view
        self.empty.acted.connect(lambda: context.go("cohort" if context.services else "library"))
        self.setup.cohort_chosen.connect(self._load_cohort)
        self.setup.start_wanted.connect(self._start)
        self.runs.chosen.connect(self._show_run)
        self.message.acted.connect(lambda: self._resume(self._message_run))
        view.stop_wanted.connect(self._stop)
        view.preview_wanted.connect(self._preview)
        view.resume_wanted.connect(lambda: self._resume(self.runs.chosen_id()))
        view.generate_wanted.connect(lambda: context.go("generate", self.runs.chosen_id()))
        self._redraw.timeout.connect(self._draw_watch)
        context.cohorts_changed.connect(self._refresh)
        context.runs_changed.connect(self._refresh)
        feed.began.connect(self._began)
        feed.heard.connect(self._heard)
        feed.moved.connect(self._refresh)
        feed.ended.connect(self._ended)

    # what there is

    def _refresh(self) -> None:
        services = self._context.services
        if services is None:
            self._show_overview(_Overview([], []))
            return
        self._bridge.run_in_background(lambda: _overview(services), self._show_overview, lane="train overview")

    def _show_overview(self, seen: _Overview) -> None:
        self._runs = {run.record.id: run for run in seen.runs}
        lines = [run_line(run, self._runs) for run in seen.runs]
        self._frame.show_work(bool(seen.cohorts or lines))
        self.setup.set_cohorts(seen.cohorts, self._wanted_cohort)
        self.runs.set_lines(Line(line.id, line.title, line.detail, _TONES.get(line.state, "caution")) for line in lines)
        for piece in (self._runs_title, self.runs):
            piece.setVisible(bool(lines))
        if self._wanted_run or (lines and not self.runs.chosen_id()):
            self.runs.choose(self._wanted_run or lines[0].id)
        self._wanted_cohort = self._wanted_run = ""
        self._show_run(self.runs.chosen_id())
        self._tell_news()

    def _load_cohort(self, name: str) -> None:
        services = self._context.services
        self._cohort = None
        if not name or services is None:
            self.setup.describe_cohort("", "", "")
            return

        runs = list(self._runs.values())

        def ask() -> _Chosen:
            cohort = services.cohorts.load(name)
            starts = services.training.priors(AUTO, cohort.recipe.size, runs=runs)
            return _Chosen(cohort, services.cohorts.verdict(cohort), starts)

        self._bridge.run_in_background(ask, self._show_cohort, failed=self.message.show_error, lane="train cohort")

    def _show_cohort(self, seen: _Chosen) -> None:
        cohort = self._cohort = seen.cohort
        self.setup.describe_cohort(cohort_line(cohort), seen.verdict, size_line(cohort))
        self.setup.begin.offer(earlier(seen.starts, self._runs), cohort.classes, cohort.recipe.size)

    def _ask_devices(self) -> None:
        services = self._context.services
        if services is None or self._devices_known:
            return
        self._devices_known = True
        self._bridge.run_in_background(
            lambda: [(device.id, device.name) for device in services.hardware.devices()],
            self.setup.advanced.set_devices,
            lane="train devices",
        )

    # one run

    def _show_run(self, run_id: str) -> None:
        services, run = self._context.services, self._runs.get(run_id)
        self._shown.setCurrentWidget(self.view if run else self.first)
        if run is None or services is None:
            return
        live = run_id in self._feed.live()
        self.view.show_line(run_line(run, self._runs), run.record.classes, live=live)
        self._draw_watch()
        self._feed.read(services.training, run_id)

    def _draw_watch(self) -> None:
        services, run_id = self._context.services, self.runs.chosen_id()
        watch = self._feed.watch(run_id)
        if watch is not None and services is not None:
            self.view.show_watch(watch, services.project.root)

    def _heard(self, run_id: str) -> None:
        if run_id == self.runs.chosen_id() and not self._redraw.isActive():
            self._redraw.start()

    # the work

    def _start(self) -> None:
        services, cohort = self._context.services, self._cohort
        if services is not None and cohort is not None:
            self._launch(services.training.start, cohort, title=f"Training on {cohort.name}", **self.setup.options())

    def _resume(self, run_id: str) -> None:
        services, run = self._context.services, self._runs.get(run_id)
        if services is not None and run is not None:
            more = self.setup.amount() if run.state is RunState.DONE else {}
            self._launch(services.training.resume, run_id, title=f"Training on {run.record.cohort}", **more)

    def _launch(self, starter: Callable[..., Any], *args: Any, title: str, **options: Any) -> None:
        try:
            self._bridge.start(starter, *args, title=title, **options)
        except UnderstudyError as error:
            self.message.show_error(error)

    def _began(self, run_id: str) -> None:
        self._wanted_run = run_id
        self.message.hide()
        self.view.reset()
        self._context.runs_changed.emit()

    def _stop(self) -> None:
        running = self._feed.job(self.runs.chosen_id())
        if running is not None:
            self.view.show_stopping()
            running.job.stop()

    def _preview(self) -> None:
        running = self._feed.job(self.runs.chosen_id())
        if running is not None:
            running.job.send(PreviewNow())
            self._context.say("A preview will be drawn at the next step.")

    def _ended(self, run_id: str, outcome: Outcome) -> None:
        self.view.reset()
        self._news = (run_id, outcome)
        self._context.runs_changed.emit()

    def _tell_news(self) -> None:
        """Say how a training ended, once the project was asked what is left of it."""
        if self._news is None:
            return
        (run_id, outcome), self._news = self._news, None
        if outcome.state == "done":
            self._context.say("Training finished.")
            return
        run = self._runs.get(run_id)
        again = run_line(run).again if run is not None else ""
        if outcome.state == "stopped":
            self._context.say(
                "Training stopped; what was learnt is kept." if again == "Resume" else "Training stopped."
            )
            return
        self._message_run = run_id
        again = "" if outcome.code == "bad-start" else again
        self.message.show_text(outcome.sentence(), "bad", action=again)


def _overview(services: Services) -> _Overview:
    return _Overview(list(services.cohorts.names()), list(services.training.runs()))
