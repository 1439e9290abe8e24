"""The Generate room: draw images with a run, look at them, throw single ones out.

It gathers what the services say and hands it to its widgets; how pictures are drawn is not its business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.domain.cohort import Cohort, Item
from app.domain.errors import UnderstudyError
from app.domain.sample_set import SampleSetRecord
from app.jobs.messages import Message, PreviewReady
from app.ui.context import PageContext
from app.ui.theme import SPACE
from app.ui.view_models.begin_with import run_title
from app.ui.view_models.generate import set_detail, set_title, to_grey, usable
from app.ui.widgets.contact_sheet import Load, Tile
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.generate_form import GenerateForm
from app.ui.widgets.inline_message import InlineMessage
from app.ui.widgets.job_bar import JobBar
from app.ui.widgets.lines import Line, Lines
from app.ui.widgets.picture import Picture
from app.ui.widgets.room_frame import RoomFrame, beside, side_column
from app.ui.widgets.section import PageHeader, button, label
from app.ui.widgets.set_view import SetView

if TYPE_CHECKING:
    from app.compose import Services
    from app.jobs.outcome import Outcome
    from app.services.history import RunInfo

REAL_SHOWN = 48
"""Real images shown beside the synthetic ones: enough to compare, quick to read."""


@dataclass(frozen=True, slots=True)
class _Overview:
    """What the project holds, asked in one go."""

    runs: list[RunInfo]
    sets: list[SampleSetRecord]


class GeneratePage(QWidget):
    """The room; ``activate`` asks the project anew."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._bridge = context.bridge
        self._runs: dict[str, RunInfo] = {}
        self._sets: dict[str, SampleSetRecord] = {}
        self._cohort: Cohort | None = None
        self._wanted_run = self._wanted_set = self._job_id = ""
        self.form = GenerateForm()
        self.bar = JobBar(self._bridge)
        self.sets = Lines("Sample sets")
        self.message = InlineMessage()
        self.view = SetView(self._bridge)
        self.to_review = button("Review these images", "primary")
        self.drawing = Picture("The first images appear here as they are drawn.")
        self.empty = EmptyState(
            "generate",
            "No model to draw with yet",
            "Images are drawn by a model that you trained. Train one first; two minutes are enough for a first look.",
            action="Train a model",
        )
        self.first = EmptyState(
            "generate",
            "Ready to draw",
            "Choose how many images you want and press Generate. You can throw single images out afterwards.",
        )
        self._lay_out()
        self._connect()

    def activate(self) -> None:
        """The room is shown: ask what there is, and open on the run that another room named."""
        self._wanted_run = self._context.take_focus("generate") or self._wanted_run
        self._refresh()

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(SPACE)
        self._sets_title = label("Sample sets", "heading")
        self.sets.setMinimumHeight(140)
        column.addWidget(self.form)
        column.addWidget(self._sets_title)
        column.addWidget(self.sets, 1)
        column.addStretch(0)
        self._shown = QStackedWidget()
        for widget in (self.first, self.view, self.drawing):
            self._shown.addWidget(widget)
        main = QVBoxLayout()
        main.addWidget(self.message)
        main.addWidget(self.bar)
        main.addWidget(self._shown, 1)
        header = PageHeader("Generate", "Draw new images of every class with a model that you trained.")
        header.buttons.addWidget(self.to_review)
        body = beside(side_column(column, 340), main)
        self._frame = RoomFrame(self, self.empty, header, body)

    def _connect(self) -> None:
        context, bridge = self._context, self._bridge
        self.empty.acted.connect(lambda: context.go("train"))
        self.form.run_chosen.connect(self._run_chosen)
        self.form.start_wanted.connect(self._start)
        self.sets.chosen.connect(self._show_set)
        self.view.throw_wanted.connect(self._throw_out)
        self.view.compare_wanted.connect(self._compare)
        self.to_review.clicked.connect(lambda: context.go("review", self.sets.chosen_id()))
        context.runs_changed.connect(self._refresh)
        context.samples_changed.connect(self._refresh)
        bridge.started.connect(self._job_started)
        bridge.message.connect(self._job_said)
        bridge.outcome.connect(self._job_ended)

    # what there is

    def _refresh(self) -> None:
        services = self._context.services
        if services is None:
            self._show_overview(_Overview([], []))
            return
        self._bridge.run_in_background(lambda: _overview(services), self._show_overview, lane="generate overview")

    def _show_overview(self, seen: _Overview) -> None:
        self._runs = {run.record.id: run for run in seen.runs}
        self._sets = {record.id: record for record in seen.sets}
        self._frame.show_work(bool(seen.runs or seen.sets))
        self.form.set_runs([(run.record.id, run_title(run.record)) for run in seen.runs], self._wanted_run)
        self.sets.set_lines(Line(record.id, set_title(record), set_detail(record)) for record in seen.sets)
        for piece in (self._sets_title, self.sets, self.to_review):
            piece.setVisible(bool(seen.sets))
        if self._wanted_set in self._sets or (seen.sets and not self.sets.chosen_id()):
            self.sets.choose(self._wanted_set or seen.sets[0].id)
            self._wanted_set = ""
        self._wanted_run = ""
        if not self._job_id:
            self._show_set(self.sets.chosen_id())

    def _run_chosen(self, run_id: str) -> None:
        run, services = self._runs.get(run_id), self._context.services
        self._cohort = None
        self.form.set_classes(run.record.classes if run else (), {})
        if run is None or services is None:
            self.form.set_attributes(())
            return
        name = run.record.cohort
        self._bridge.run_in_background(
            lambda: services.generation.attributes(run_id), self.form.set_attributes, lane="generate attributes"
        )
        self._bridge.run_in_background(
            lambda: services.cohorts.load(name), self._show_cohort, failed=_without_cohort, lane="generate cohort"
        )

    def _show_cohort(self, cohort: Cohort) -> None:
        self._cohort = cohort
        run = self._runs.get(self.form.run.currentData() or "")
        if run is not None:
            real = {name: splits["train"] for name, splits in cohort.counts().items()}
            self.form.set_classes(run.record.classes, real)

    # one sample set

    def _show_set(self, set_id: str) -> None:
        services, record = self._context.services, self._sets.get(set_id)
        if record is None or services is None:
            self._shown.setCurrentWidget(self.first)
        else:
            self.view.show_set(record, _loader(services, record.id))
            self._shown.setCurrentWidget(self.view)

    def _throw_out(self, numbers: list[int], kept: bool) -> None:
        services, set_id = self._context.services, self.sets.chosen_id()
        if services is None or not set_id:
            return

        def work() -> None:
            services.generation.throw_out(set_id, numbers, kept=kept)

        self._bridge.run_in_background(work, self._thrown_out, failed=self.message.show_error)

    def _thrown_out(self, _nothing: None) -> None:
        self._context.samples_changed.emit()

    def _compare(self, name: str) -> None:
        services, record = self._context.services, self._sets.get(self.sets.chosen_id())
        run = self._runs.get(record.run) if record else None
        if services is None or run is None:
            self.message.show_text("The training of these images is gone, so its real images are not known.")
            return
        cohort = run.record.cohort

        def ask() -> tuple[Cohort, list[Item]]:
            found = services.cohorts.load(cohort)
            items = [item for item in found.labelled if item.split == "train" and name in ("", item.label)]
            step = max(1, len(items) // REAL_SHOWN)
            return found, items[::step][:REAL_SHOWN]

        self._bridge.run_in_background(ask, self._show_real, failed=self.message.show_error, lane="compare")

    def _show_real(self, answer: tuple[Cohort, list[Item]]) -> None:
        (cohort, items), services = answer, self._context.services
        if services is None:
            return

        def load(numbers: Sequence[int]) -> list[npt.NDArray[np.uint8]]:
            chosen = [items[number] for number in numbers]
            return [services.catalogue.preview(item.series, item.index, cohort.recipe) for item in chosen]

        self.view.show_real([Tile(number, item.label) for number, item in enumerate(items)], load)

    # the work

    def _start(self) -> None:
        services, run_id = self._context.services, self.form.run.currentData()
        if services is None or not run_id:
            return
        self.message.hide()
        try:
            self._bridge.start(services.generation.start, run_id, title="Drawing images", **self.form.wish().options())
        except UnderstudyError as error:
            self.message.show_error(error)

    def _job_started(self, job_id: str) -> None:
        job = self._bridge.jobs()[job_id].job
        if job.spec.kind != "sample":
            return
        self._job_id = job_id
        self._wanted_set = str(job.spec.params.get("samples", ""))
        self.drawing.set_image(QImage())
        self.bar.follow(job_id)
        self._shown.setCurrentWidget(self.drawing)

    def _job_said(self, job_id: str, message: Message) -> None:
        services = self._context.services
        if job_id == self._job_id and isinstance(message, PreviewReady) and services is not None:
            path = str(Path(services.project.root) / message.path)
            self._bridge.run_in_background(lambda: QImage(path), self.drawing.set_image, lane="drawing")

    def _job_ended(self, job_id: str, outcome: Outcome) -> None:
        if job_id != self._job_id:
            return
        self._job_id = ""
        if outcome.state in ("done", "stopped"):
            self._context.say("Images drawn." if outcome.state == "done" else "Stopped.")
        else:
            self.message.show_text(outcome.sentence(), "bad")
        self._context.samples_changed.emit()


def _overview(services: Services) -> _Overview:
    return _Overview(usable(services.training.runs()), list(services.generation.sets()))


def _loader(services: Services, set_id: str) -> Load:
    def load(numbers: Sequence[int]) -> list[npt.NDArray[np.uint8]]:
        images = services.generation.images(set_id)
        return [to_grey(images[number]) for number in numbers]

    return load


def _without_cohort(_error: UnderstudyError) -> None:
    """The cohort of an old run may have been deleted: the run draws all the same, it can only not balance."""
