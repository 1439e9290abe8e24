"""Leaving a project or the program while work goes on: ask, end the work without freezing, then go."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.ui.context import PageContext
from app.ui.dialogs.closing import ClosingDialog


class Leaving(QObject):
    """Guards the way out of one window."""

    def __init__(self, window: QWidget, context: PageContext) -> None:
        super().__init__(window)
        self._window = window
        self._bridge = context.bridge
        self._proceed: Callable[[], object] | None = None
        self.dialog: ClosingDialog | None = None
        self._bridge.outcome.connect(self._check)

    def may_close(self) -> bool:
        """True where nothing runs; otherwise asks, and closes the window later if the person agrees."""
        if not self._bridge.jobs():
            return True
        self.ask_then(self._window.close)
        return False

    def ask_then(self, proceed: Callable[[], object]) -> None:
        """Call ``proceed`` once no job runs: at once, or after the person agreed and the jobs have ended."""
        if not self._bridge.jobs():
            proceed()
            return
        if self.dialog is not None:
            self.dialog.raise_()
            return
        self._proceed = proceed
        kinds = [running.job.spec.kind for running in self._bridge.jobs().values()]
        self.dialog = ClosingDialog(self._window, kinds)
        self.dialog.stop_wanted.connect(self._stop_all)
        self.dialog.rejected.connect(self.abandon)
        self.dialog.open()

    def _stop_all(self) -> None:
        for running in reversed(self._bridge.jobs().values()):
            running.job.stop()
        self._check()

    def _check(self) -> None:
        if self._bridge.jobs() or self.dialog is None:
            return
        stopping, proceed = self.dialog.stopping, self._proceed
        self.abandon()
        if stopping and proceed is not None:
            proceed()

    def abandon(self) -> None:
        """Take the question away; the window stays, the work goes on."""
        dialog, self.dialog, self._proceed = self.dialog, None, None
        if dialog is not None:
            dialog.stopping = False
            dialog.hide()
            dialog.deleteLater()
