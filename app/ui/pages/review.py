"""The Review room: have a sample set judged, read the verdicts, compare each picture with its nearest real image.

It shows what an audit found and judges nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.domain.audit import AuditRecord
from app.domain.errors import UnderstudyError
from app.domain.sample_set import SampleSetRecord
from app.ui.context import PageContext
from app.ui.theme import SPACE
from app.ui.view_models.generate import set_detail, set_title
from app.ui.view_models.review import card, newest, pairs, staleness
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.inline_message import InlineMessage
from app.ui.widgets.job_bar import JobBar
from app.ui.widgets.pair_view import PairView
from app.ui.widgets.room_frame import RoomFrame
from app.ui.widgets.section import PageHeader, button, label, row
from app.ui.widgets.verdict_card import VerdictCard

if TYPE_CHECKING:
    from app.compose import Services
    from app.jobs.outcome import Outcome


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of one sample set."""

    samples: SampleSetRecord
    audit: AuditRecord | None
    matches: bool
    report: Path | None


class ReviewPage(QWidget):
    """The room; ``activate`` asks the project anew."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._bridge = context.bridge
        self._wanted_set = self._job_id = self._shown_audit = ""
        self._report: Path | None = None
        self.sets = QComboBox()
        self.sets.setAccessibleName("Sample set to review")
        self.sets.setMinimumContentsLength(30)
        self.run = button("Run it again")
        self.open_report = button("Open report", tip="Opens the report page in your browser; it stays on this computer")
        self.to_export = button("Export these images", "primary")
        self.bar = JobBar(self._bridge)
        self.stale = InlineMessage()
        self.message = InlineMessage()
        self.detail = label("", "small", wrap=True)
        self.pairs = PairView(self._bridge)
        self.cards: list[VerdictCard] = []
        self.empty = EmptyState(
            "review",
            "Nothing to review yet",
            "A review judges images that you generated: do they look real, do they show their class, are they new? "
            "Generate some first.",
            action="Generate images",
        )
        self.first = EmptyState(
            "review",
            "Not reviewed yet",
            "The review compares these images with real ones that the model never saw. It takes about a minute.",
            action="Run the review",
        )
        self._lay_out()
        self._connect()

    def activate(self) -> None:
        """The room is shown: ask what there is, and open on the set that another room named."""
        self._wanted_set = self._context.take_focus("review") or self._wanted_set
        self._refresh()

    def _lay_out(self) -> None:
        found = QWidget()
        inside = QVBoxLayout(found)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2 * SPACE)
        self._cards = QHBoxLayout()
        self._cards.setSpacing(2 * SPACE)
        inside.addLayout(self._cards)
        inside.addWidget(self.pairs, 1)
        self._shown = QStackedWidget()
        self._shown.addWidget(self.first)
        self._shown.addWidget(found)
        header = PageHeader("Review", "Evidence on the images that you generated, before anybody trains on them.")
        for piece in (self.open_report, self.to_export):
            header.buttons.addWidget(piece)
        body = QVBoxLayout()
        body.setSpacing(SPACE)
        body.addLayout(row(label("Sample set", "muted"), self.sets, self.run, None))
        body.addWidget(self.detail)
        body.addWidget(self.bar)
        body.addWidget(self.message)
        body.addWidget(self.stale)
        body.addWidget(self._shown, 1)
        self._frame = RoomFrame(self, self.empty, header, body)

    def _connect(self) -> None:
        context, bridge = self._context, self._bridge
        self.empty.acted.connect(lambda: context.go("generate"))
        self.first.acted.connect(self._start)
        self.run.clicked.connect(self._start)
        self.stale.acted.connect(self._start)
        self.open_report.clicked.connect(self._open_report)
        self.to_export.clicked.connect(lambda: context.go("export", self._chosen()))
        self.sets.currentIndexChanged.connect(self._ask_set)
        for changed in (context.samples_changed, context.audits_changed):
            changed.connect(self._refresh)
        bridge.started.connect(self._job_started)
        bridge.outcome.connect(self._job_ended)

    def _chosen(self) -> str:
        return str(self.sets.currentData() or "")

    def _refresh(self) -> None:
        services = self._context.services
        if services is None:
            self._show_sets([])
            return
        self._bridge.run_in_background(
            lambda: list(services.generation.sets()), self._show_sets, lane="review overview"
        )

    def _show_sets(self, sets: list[SampleSetRecord]) -> None:
        wanted = self._wanted_set or self._chosen()
        self._wanted_set = ""
        self._frame.show_work(bool(sets))
        self.sets.blockSignals(True)
        self.sets.clear()
        for record in sets:
            self.sets.addItem(set_title(record), record.id)
        self.sets.setCurrentIndex(max(0, self.sets.findData(wanted)) if sets else -1)
        self.sets.blockSignals(False)
        self._ask_set()

    def _ask_set(self) -> None:
        services, set_id = self._context.services, self._chosen()
        if services is not None and set_id:
            self._bridge.run_in_background(
                lambda: _find(services, set_id), self._show_found, failed=self.message.show_error, lane="review set"
            )

    def _show_found(self, found: _Found) -> None:
        audit = found.audit
        self.detail.setText(set_detail(found.samples))
        self._report = found.report
        for piece in (self.open_report, self.to_export):
            piece.setEnabled(audit is not None)
        reason = staleness(audit, matches=found.matches, samples=found.samples)
        self.run.setVisible(audit is not None and not reason)
        if reason:
            self.stale.show_text(reason, "caution", action="Run it again")
        else:
            self.stale.hide()
        self._shown.setCurrentIndex(0 if audit is None else 1)
        if audit is not None:
            self._show_audit(audit, found.samples)

    def _show_audit(self, audit: AuditRecord, samples: SampleSetRecord) -> None:
        services = self._context.services
        if services is None:
            return
        same = audit.id == self._shown_audit
        if not same:
            self._shown_audit = audit.id
            self._show_cards(audit)
        folder = services.project.audits / audit.id / "pairs"
        self.pairs.show_pairs(pairs(audit, samples), folder, same=same)

    def _show_cards(self, audit: AuditRecord) -> None:
        for old in self.cards:
            self._cards.removeWidget(old)
            old.deleteLater()
        self.cards = [VerdictCard(card(verdict)) for verdict in audit.verdicts]
        for made in self.cards:
            self._cards.addWidget(made, 1)

    def _start(self) -> None:
        services, set_id = self._context.services, self._chosen()
        if services is None or not set_id:
            return
        self.message.hide()
        try:
            self._bridge.start(services.audits.start, set_id, title="Reviewing the images")
        except UnderstudyError as error:
            self.message.show_error(error)

    def _job_started(self, job_id: str) -> None:
        if self._bridge.jobs()[job_id].job.spec.kind == "audit":
            self._job_id = job_id
            self.bar.follow(job_id)
            self._allow(False)

    def _job_ended(self, job_id: str, outcome: Outcome) -> None:
        if job_id != self._job_id:
            return
        self._job_id = ""
        self._allow(True)
        if outcome.state == "done":
            self._context.say("The review is done.")
        elif outcome.state == "stopped":
            self._context.say("The review was cancelled.")
        else:
            self.message.show_text(outcome.sentence(), "bad")
        self._context.audits_changed.emit()

    def _allow(self, allowed: bool) -> None:
        for piece in (self.run, self.first.action, self.stale.action):
            piece.setEnabled(allowed)

    def _open_report(self) -> None:
        if self._report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._report)))


def _find(services: Services, set_id: str) -> _Found:
    samples = services.generation.load(set_id)
    valid = services.audits.latest(set_id)
    audit = valid or newest(services.audits.records(), set_id)
    report = services.audits.report_path(audit.id) if audit is not None else None
    return _Found(samples, audit, valid is not None, report)
