"""The Export room: choose what leaves and where to, read the dry run, sign it off.

What may leave is decided by the export service; this room shows its plan, its reasons and what left before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from app.domain.errors import UnderstudyError
from app.domain.export import ExportPlan, ExportRecord
from app.domain.sample_set import SampleSetRecord
from app.ui.context import PageContext
from app.ui.theme import SPACE, set_role
from app.ui.view_models.export import past_title, plan_lines
from app.ui.view_models.generate import set_title
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.export_form import ExportForm
from app.ui.widgets.inline_message import InlineMessage
from app.ui.widgets.job_bar import JobBar
from app.ui.widgets.lines import Line, Lines
from app.ui.widgets.room_frame import RoomFrame, beside, side_column
from app.ui.widgets.section import Card, PageHeader, button, label, row, scrolled

if TYPE_CHECKING:
    from app.compose import Services
    from app.jobs.outcome import Outcome

TYPING_MS = 300
"""The dry run waits until somebody stops typing a folder's name."""


@dataclass(frozen=True, slots=True)
class _Overview:
    """What the project holds, asked in one go; ``cohorts`` names the cohort behind each sample set."""

    sets: list[SampleSetRecord]
    cohorts: dict[str, str]
    exports: list[Line]


class ExportPage(QWidget):
    """The room; ``activate`` asks the project anew."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._bridge = context.bridge
        self._wanted_set = self._job_id = ""
        self._left = ""
        self.form = ExportForm(Path.home())
        self.plan = _PlanView()
        self.start = button("Export", "primary")
        self.start.setEnabled(False)
        self.bar = JobBar(self._bridge)
        self.message = InlineMessage()
        self.past = Lines("Past exports")
        self.empty = EmptyState(
            "export",
            "Nothing to export yet",
            "An export takes the images that you generated, with a record of where each came from. "
            "Generate some first.",
            action="Generate images",
        )
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._lay_out()
        self._connect()

    def activate(self) -> None:
        """The room is shown: ask what there is, and open on the set that another room named."""
        self._wanted_set = self._context.take_focus("export") or self._wanted_set
        self._refresh()

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.addWidget(self.form)
        column.addStretch(1)
        plan = Card("What will be written")
        plan.body.addWidget(scrolled(self.plan), 1)
        plan.body.addLayout(row(None, self.start))
        self._past_title = label("Past exports", "heading")
        self.past.setMaximumHeight(170)
        main = QVBoxLayout()
        main.setSpacing(SPACE)
        main.addWidget(self.message)
        main.addWidget(self.bar)
        main.addWidget(plan, 1)
        main.addWidget(self._past_title)
        main.addWidget(self.past)
        header = PageHeader("Export", "Write the images where you train from. Everything stays on this computer.")
        body = beside(side_column(column, 400), main)
        self._frame = RoomFrame(self, self.empty, header, body)

    def _connect(self) -> None:
        context, bridge = self._context, self._bridge
        self.empty.acted.connect(lambda: context.go("generate"))
        self.form.changed.connect(self._form_changed)
        self._typing.timeout.connect(self._ask_plan)
        self.start.clicked.connect(self._start)
        self.message.acted.connect(self._show_folder)
        for changed in (context.samples_changed, context.audits_changed, context.exports_changed):
            changed.connect(self._refresh)
        bridge.started.connect(self._job_started)
        bridge.outcome.connect(self._job_ended)

    def _refresh(self) -> None:
        services = self._context.services
        if services is None:
            self._show_overview(_Overview([], {}, []))
            return
        self._bridge.run_in_background(lambda: _overview(services), self._show_overview, lane="export overview")

    def _show_overview(self, seen: _Overview) -> None:
        self._frame.show_work(bool(seen.sets or seen.exports))
        self.form.set_sets([(record.id, set_title(record)) for record in seen.sets], seen.cohorts, self._wanted_set)
        self._wanted_set = ""
        self.past.set_lines(seen.exports)
        for piece in (self._past_title, self.past):
            piece.setVisible(bool(seen.exports))

    # the dry run

    def _form_changed(self) -> None:
        self.start.setEnabled(False)
        lacks = self.form.form.lacks()
        if lacks:
            self._typing.stop()
            self._bridge.cancel_lane("export plan")
            self.plan.show_text(lacks)
        else:
            self._typing.start()

    def _ask_plan(self) -> None:
        services = self._context.services
        if services is None or self.form.form.lacks():
            return
        request = self.form.form.request()
        self._bridge.run_in_background(
            lambda: services.exports.plan(request), self._show_plan, failed=self._refused, lane="export plan"
        )

    def _show_plan(self, plan: ExportPlan) -> None:
        self.plan.show_plan(plan, str(self.form.form.folder()))
        self.start.setEnabled(plan.files > 0 and not self._job_id)

    def _refused(self, error: UnderstudyError) -> None:
        self.plan.show_text(str(error), "bad")

    # the work

    def _start(self) -> None:
        services = self._context.services
        if services is None:
            return
        self.message.hide()
        try:
            self._bridge.start(services.exports.start, self.form.form.request(), title="Exporting")
        except UnderstudyError as error:
            self.message.show_error(error)

    def _job_started(self, job_id: str) -> None:
        if self._bridge.jobs()[job_id].job.spec.kind == "export":
            self._job_id = job_id
            self.bar.follow(job_id)
            self.start.setEnabled(False)

    def _job_ended(self, job_id: str, outcome: Outcome) -> None:
        if job_id != self._job_id:
            return
        self._job_id = ""
        if outcome.state == "done":
            self._left = str(outcome.result["out"])
            files = int(outcome.result["files"])
            self.message.show_text(f"Exported {files:,} files to {self._left}.", action="Show folder")
            self.form.suggest_name()
            self._context.say("Exported.")
        elif outcome.state == "stopped":
            self.message.show_text("The export was cancelled; nothing was left behind.")
        else:
            self.message.show_text(outcome.sentence(), "bad")
        self._context.exports_changed.emit()

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._left))


class _PlanView(QWidget):
    """The dry run in words."""

    def __init__(self) -> None:
        super().__init__()
        self.text = label("", "muted", wrap=True)
        self.lines = QFormLayout()
        self.lines.setHorizontalSpacing(2 * SPACE)
        self.notices = label("", "caution", wrap=True)
        self.left_out = label("", "small", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text)
        layout.addLayout(self.lines)
        layout.addWidget(self.notices)
        layout.addWidget(self.left_out)
        layout.addStretch(1)

    def show_text(self, text: str, role: str = "muted") -> None:
        """Say why there is no plan."""
        self._clear()
        set_role(self.text, role)
        self.text.setText(text)

    def show_plan(self, plan: ExportPlan, folder: str) -> None:
        """Say what would be written to ``folder``, and what not."""
        self._clear()
        set_role(self.text, "")
        self.text.setText(f"A new folder, {folder}, with:")
        for name, value in plan_lines(plan):
            self.lines.addRow(label(name, "muted"), label(value, wrap=True))
        self.notices.setText("\n\n".join(plan.notices))
        if plan.left_out:
            self.left_out.setText("Left out:\n" + "\n".join(plan.left_out))

    def _clear(self) -> None:
        while self.lines.rowCount():
            self.lines.removeRow(0)
        for piece in (self.notices, self.left_out):
            piece.setText("")


def _overview(services: Services) -> _Overview:
    cohorts = {run.record.id: run.record.cohort for run in services.training.runs()}
    sets = list(services.generation.sets())
    known = {record.id: cohorts[record.run] for record in sets if record.run in cohorts}
    return _Overview(sets, known, [_past(record) for record in services.exports.records()])


def _past(record: ExportRecord) -> Line:
    return Line(record.manifest_sha256, past_title(record), record.out)
