"""The act of exporting: check, sign off, export; progress, refusals, and what is said at the end.

A change of the form, or of what it speaks of, takes the check back: what was not checked and signed cannot be started.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.errors import UnderstudyError
from app.domain.export import ExportCheck, ExportPlan, ExportRecord, ExportRequest
from app.jobs.messages import Message, Phase
from app.ui.context import PageContext
from app.ui.theme import SPACE
from app.ui.view_models.export import REMEDIES, Form
from app.ui.view_models.export_found import PICTURES, check_of, found, in_order
from app.ui.widgets.export_steps import (
    AFTER_CHECK,
    AFTER_SIGNING,
    CHANGED,
    CHECK_SENTENCE,
    CheckStep,
    ExportStep,
    SignStep,
    weigh,
)
from app.ui.widgets.inline_message import InlineMessage
from app.ui.widgets.job_bar import JobBar

if TYPE_CHECKING:
    from app.compose import Services
    from app.jobs.outcome import Outcome
    from app.jobs.process import Job

TYPING_MS = 300
"""The estimate waits until somebody stops typing a folder's name."""
CHECK, KINDS = "export-check", ("export-check", "export")
"""Kinds of jobs that are followed."""
SIGNED = "What left is exactly what was signed (plan {plan})."
UNSIGNED = "Made without a check and a signature in this room."


class ExportAct(QWidget):
    """The three steps for the form that it is given.

    Signals:
        busy(bool): a check or an export runs, or has ended; the form is not to be changed meanwhile.
        exported(): an export has left.
        look_at(widget): this piece has something new to say.

    Attributes:
        bar, message: progress and refusals, to be laid out where they are always seen.
    """

    busy = Signal(bool)
    exported = Signal()
    look_at = Signal(object)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._context = context
        self._bridge = context.bridge
        self._form = Form()
        self._job_id = self._kind = self._signed = self._left = self._room = ""
        self._asked: ExportRequest | None = None
        self._checked: ExportCheck | None = None
        self.check = CheckStep(self._bridge)
        self.sign = SignStep()
        self.leave = ExportStep()
        self.bar = JobBar(self._bridge)
        self.message = InlineMessage()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        for piece in (self.check, self.sign, self.leave):
            layout.addWidget(piece)
        self._connect()

    def _connect(self) -> None:
        bridge = self._bridge
        self._typing.timeout.connect(self._ask_plan)
        self.check.start.clicked.connect(self._start_check)
        self.check.remedy.clicked.connect(self._mend)
        self.message.acted.connect(self._mend)
        self.sign.signed.connect(self._allow)
        self.sign.sheet.clicked.connect(lambda: self._open_sheet("html"))
        self.sign.pdf.clicked.connect(lambda: self._open_sheet("pdf"))
        self.leave.start.clicked.connect(self._start_export)
        self.leave.folder_wanted.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(self._left)))
        bridge.started.connect(self._job_started)
        bridge.message.connect(self._job_said)
        bridge.outcome.connect(self._job_ended)

    # 1. check

    def set_form(self, form: Form) -> None:
        """The person chose something else, or the same again."""
        self._form = form
        lacks = self._form.lacks()
        if self._checked is not None and not lacks and self._form.request() == self._asked:
            return
        self.take_back(CHANGED)
        self.check.start.setEnabled(False)
        if lacks:
            self._typing.stop()
            self._bridge.cancel_lane("export plan")
            self.check.show_text(lacks)
        else:
            self._typing.start()

    def _ask_plan(self) -> None:
        services = self._context.services
        if services is None or self._job_id or self._form.lacks():
            return
        request = self._form.request()
        self._bridge.run_in_background(
            lambda: services.exports.plan(request), self._show_plan, failed=self._refused, lane="export plan"
        )

    def _show_plan(self, plan: ExportPlan) -> None:
        self.check.show_plan(plan, sampled=self._form.real)
        self.check.start.setEnabled(plan.files > 0 and not self._job_id)

    def _refused(self, error: UnderstudyError) -> None:
        words, self._room = REMEDIES.get(error.code, ("", ""))
        self.check.show_text(str(error), "bad", action=words)

    def _mend(self) -> None:
        if self._room:
            self._context.go(self._room, self._form.samples if self._room == "review" else "")

    def _start_check(self) -> None:
        services = self._context.services
        if services is None:
            return
        self.take_back(AFTER_CHECK)
        self._asked = self._form.request()
        every = self._form.real and self.check.every.isChecked()
        self._begin(services.exports.check, "Checking what would leave", pixels=every)

    def _show_check(self, check: ExportCheck) -> None:
        if self._form.lacks() or self._form.request() != self._asked:
            self.set_form(self._form)
            return
        self._checked = check
        self.check.show_found(found(check))
        self.sign.offer()
        self._allow()
        folder = self._sheet(check.html).parent / PICTURES
        self._bridge.run_in_background(
            lambda: in_order(folder.glob("*.png")), self.check.found.show_pictures, lane="export pictures"
        )
        if self.isVisible():
            self.sign.sheet.setFocus()
            self.look_at.emit(self.check.text)

    def take_back(self, why: str = CHANGED) -> None:
        """No check holds any more; ``why`` is said where one did."""
        self._bridge.cancel_lane("export pictures")
        if self._checked is not None:
            self._checked = None
            self.sign.wait(why)
            self.check.show_text(CHECK_SENTENCE)
            self._typing.start()
        self._allow()

    # 2. sign off

    def _allow(self) -> None:
        """What may be pressed now, and which button is the one to press."""
        checked, signed = self._checked is not None, self.sign.tick.isChecked()
        waits = "" if checked and signed else AFTER_SIGNING
        self.leave.allow("Being written…" if self._job_id and signed else waits)
        self.check.start.setText("Check again" if checked else "Check")
        weigh(self.check.start, "" if checked else "primary")
        for piece in (self.check.every, self.sign.tick):
            piece.setEnabled(not self._job_id)
        self.busy.emit(bool(self._job_id))

    def _open_sheet(self, form: str) -> None:
        if self._checked is not None:
            path = self._sheet(self._checked.html if form == "html" else self._checked.pdf)
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def _sheet(self, name: str) -> Path:
        services = self._context.services
        return Path(services.project.root if services is not None else "") / name

    # 3. export

    def _start_export(self) -> None:
        services = self._context.services
        if services is not None and self._checked is not None:
            self._signed = self._checked.plan_sha256
            self._begin(services.exports.start, "Exporting", plan=self._signed)

    def _begin(self, start: Callable[..., Job], title: str, **options: bool | str) -> None:
        self._typing.stop()
        self._bridge.cancel_lane("export plan")
        self.message.hide()
        self.leave.done.hide()
        try:
            self._bridge.start(start, self._asked, title=title, **options)
        except UnderstudyError as error:
            self.message.show_error(error)

    def _job_started(self, job_id: str) -> None:
        kind = self._bridge.jobs()[job_id].job.spec.kind
        if kind in KINDS:
            self._job_id, self._kind = job_id, kind
            self.bar.follow(job_id)
            self.check.start.setEnabled(False)
            self._allow()

    def _job_said(self, job_id: str, message: Message) -> None:
        if job_id == self._job_id and isinstance(message, Phase) and self._kind == CHECK:
            self.check.show_text(f"{message.name}…")

    def _job_ended(self, job_id: str, outcome: Outcome) -> None:
        if job_id != self._job_id:
            return
        self._job_id = ""
        self._allow()
        self.check.start.setEnabled(True)
        if outcome.state != "done":
            self._say_why(outcome)
        elif self._kind == CHECK:
            self._context.say("Checked. Nothing has left.")
            self._show_check(check_of(outcome.result))
        else:
            self._exported(outcome)
            self._context.exports_changed.emit()
        self._signed = ""

    def _say_why(self, outcome: Outcome) -> None:
        if outcome.state == "stopped":
            what = "The check" if self._kind == CHECK else "The export"
            self.message.show_text(f"{what} was cancelled; nothing has left.")
        else:
            words, self._room = REMEDIES.get(outcome.code, ("", ""))
            self.message.show_text(outcome.sentence(), "bad", action=words)
        if outcome.code == "plan-changed":
            self.take_back()
        self.set_form(self._form)

    def _exported(self, outcome: Outcome) -> None:
        """Say so, with what the log holds of it; the form is ready for another one, which asks for a new check."""
        services, signed = self._context.services, self._signed
        self._left = str(outcome.result["out"])
        proof = SIGNED.format(plan=signed[:12]) if signed else UNSIGNED
        self._context.say("Exported.")
        self.take_back(AFTER_CHECK)
        self.exported.emit()
        if services is not None:
            self._bridge.run_in_background(
                lambda: _newest(services, self._left),
                lambda record: self._show_done(record, proof),
                lane="export done",
            )

    def _show_done(self, record: ExportRecord | None, proof: str) -> None:
        if record is not None:
            words = f"Exported {record.files:,} files to {record.out}."
            self.leave.show_done(words, record.manifest_sha256, proof)
            self.look_at.emit(self.leave)


def _newest(services: Services, out: str) -> ExportRecord | None:
    return next((record for record in services.exports.records() if record.out == out), None)
