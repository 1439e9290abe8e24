"""The Export room: choose what leaves and where to, have it checked, sign it off, export; and what left before.

What may leave is decided by the export service; the three steps stand in ``export_act``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.context import PageContext
from app.ui.dialogs.help import DATA_PROTECTION, show_help
from app.ui.theme import SPACE
from app.ui.view_models.export import past_detail, past_title
from app.ui.view_models.generate import set_title
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.export_act import ExportAct
from app.ui.widgets.export_form import ExportForm
from app.ui.widgets.export_log import ExportLog
from app.ui.widgets.inline_message import InlineMessage
from app.ui.widgets.lines import Line
from app.ui.widgets.room_frame import RoomFrame, beside, side_column
from app.ui.widgets.section import PageHeader, button, scrolled

if TYPE_CHECKING:
    from app.compose import Services

SCROLL_BAR = 10
"""Pixels kept free at the right for the bar, with those that the style sheet gives it."""


@dataclass(frozen=True, slots=True)
class _Overview:
    """What the project holds, asked in one go; ``learnt`` names the cohort behind each sample set."""

    sets: list[tuple[str, str]]
    learnt: dict[str, str]
    cohorts: list[str]
    exports: list[Line]
    chain: str = ""
    holds: bool = True


class ExportPage(QWidget):
    """The room; ``activate`` asks the project anew."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._wanted_set = ""
        self.form = ExportForm(Path.home())
        self.act = ExportAct(context)
        self.alarm = InlineMessage()
        self.log = ExportLog()
        self.explain = button(
            "What protects patients", "quiet", tip="What is removed, checked and proved, in plain words"
        )
        self.empty = EmptyState(
            "export",
            "Nothing to export yet",
            "An export takes images that you generated, real images of a cohort, or both, with a record of where each "
            "came from. Generate some first, or make a cohort.",
            action="Generate images",
            other="Make a cohort",
        )
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
        work = QWidget()
        below = QVBoxLayout(work)
        below.setContentsMargins(0, 0, SCROLL_BAR, 0)
        below.setSpacing(2 * SPACE)
        for piece in (self.act, self.log):
            below.addWidget(piece)
        below.addStretch(1)
        self._scroll = scrolled(work)
        main = QVBoxLayout()
        main.setSpacing(SPACE)
        told = QVBoxLayout()
        told.setContentsMargins(0, 0, SCROLL_BAR, 0)
        for line in (self.alarm, self.act.message, self.act.bar):
            told.addWidget(line)
        main.addLayout(told)
        main.addWidget(self._scroll, 1)
        sentence = "Check what would leave, sign it off, and write it. The program sends nothing anywhere."
        body = beside(side_column(column, 400), main)
        header = PageHeader("Export", sentence)
        header.buttons.addWidget(self.explain)
        self._frame = RoomFrame(self, self.empty, header, body)

    def _connect(self) -> None:
        context, act = self._context, self.act
        self.empty.acted.connect(lambda: context.go("generate"))
        self.empty.second.connect(lambda: context.go("cohort"))
        self.log.opened.connect(lambda out: QDesktopServices.openUrl(QUrl.fromLocalFile(out)))
        self.explain.clicked.connect(lambda: show_help(self.window(), page=DATA_PROTECTION))
        self.form.changed.connect(lambda: act.set_form(self.form.form))
        act.busy.connect(lambda busy: self.form.setEnabled(not busy))
        act.exported.connect(self.form.suggest_name)
        act.look_at.connect(self._scroll.ensureWidgetVisible)
        for changed in (context.samples_changed, context.audits_changed, context.cohorts_changed):
            changed.connect(self._content_changed)
        context.exports_changed.connect(self._refresh)

    def _content_changed(self) -> None:
        self.act.take_back()
        self._refresh()

    def _refresh(self) -> None:
        services, bridge = self._context.services, self._context.bridge
        if services is None:
            self._show_overview(_Overview([], {}, [], []))
            return
        bridge.run_in_background(lambda: _overview(services), self._show_overview, lane="export overview")

    def _show_overview(self, seen: _Overview) -> None:
        self._frame.show_work(bool(seen.sets or seen.cohorts or seen.exports))
        self.form.set_content(seen.sets, seen.learnt, seen.cohorts, self._wanted_set)
        self._wanted_set = ""
        self.log.show_log(seen.exports, seen.chain, holds=seen.holds)
        if seen.holds:
            self.alarm.hide()
        else:
            self.alarm.show_text(seen.chain, "bad")


def _overview(services: Services) -> _Overview:
    learnt = {run.record.id: run.record.cohort for run in services.training.runs()}
    sets = list(services.generation.sets())
    chain = services.exports.verify_log()
    return _Overview(
        [(record.id, set_title(record)) for record in sets],
        {record.id: learnt[record.run] for record in sets if record.run in learnt},
        services.cohorts.names(),
        [Line(one.out, past_title(one), past_detail(one)) for one in services.exports.records()],
        chain.sentence,
        chain.holds,
    )
