"""The line at the bottom: the last thing said, and every running job with its progress and a way to stop it."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from app.ui.context import PageContext
from app.ui.theme import SPACE
from app.ui.widgets.job_bar import JobBar
from app.ui.widgets.section import ElidedLabel

SHOWN_JOBS = 3
"""Jobs shown at once; one per kind of machine part can run, the others wait."""


class StatusLine(QFrame):
    """One line of text and up to ``SHOWN_JOBS`` job bars."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self.setObjectName("status")
        self._bridge = context.bridge
        self.text = ElidedLabel("", "small")
        self.bars = [JobBar(context.bridge) for _ in range(SHOWN_JOBS)]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE + 4, 3, SPACE, 3)
        layout.setSpacing(0)
        line = QHBoxLayout()
        line.addWidget(self.text)
        layout.addLayout(line)
        for bar in self.bars:
            layout.addWidget(bar)
            bar.ended.connect(self._fill)
        self.text.setMinimumHeight(22)
        context.said.connect(self._say)
        context.bridge.started.connect(self._fill)

    def _say(self, text: str) -> None:
        self.text.setText(text)
        self._fill()

    def _fill(self) -> None:
        """Give each free bar a job that nobody shows yet."""
        shown = {bar.job_id for bar in self.bars}
        waiting = [job_id for job_id in self._bridge.jobs() if job_id not in shown]
        for bar in self.bars:
            if not bar.job_id and waiting:
                bar.follow(waiting.pop(0))
        self.text.setVisible(bool(self.text.text()) or not any(bar.job_id for bar in self.bars))
