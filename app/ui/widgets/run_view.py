"""One run as it learns: the two lines of the plot, the pictures it draws by now, figures, and what can be asked."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from app.ui.job_bridge import JobBridge
from app.ui.theme import SPACE
from app.ui.view_models.train import RunLine, RunWatch
from app.ui.widgets.loss_plot import LossPlot
from app.ui.widgets.preview_grid import PreviewGrid
from app.ui.widgets.section import Card, ElidedLabel, button, label, row

_TIPS = {
    "Resume": "Go on from the last saved point",
    "Start again": "Nothing was saved; the training begins anew",
    "Train longer": "Go on for as long as is chosen at the left",
}


class RunView(QWidget):
    """Draws a ``RunWatch``; knows no service.

    Signals:
        stop_wanted(), preview_wanted(), resume_wanted(), generate_wanted(): the buttons.
    """

    stop_wanted = Signal()
    preview_wanted = Signal()
    resume_wanted = Signal()
    generate_wanted = Signal()

    def __init__(self, bridge: JobBridge) -> None:
        super().__init__()
        self._live = False
        self.title = ElidedLabel("", "heading")
        self.detail = label("", "small", wrap=True)
        self.began = label("", "small", wrap=True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the training")
        self.facts = label("", wrap=True)
        self.notices = label("", "caution", wrap=True)
        self.plot = LossPlot()
        self.reading = label("", "small", wrap=True)
        self.previews = PreviewGrid(bridge)
        self.classes = label("", "small", wrap=True)
        self.stop = button("Stop and keep", tip="End now; what was learnt so far stays and can be used")
        self.preview = button("Preview now", tip="Draw the sample pictures at the next step")
        self.resume = button("Resume")
        self.generate = button("Generate images", "primary", tip="Draw images with this run")
        self.stop.clicked.connect(self.stop_wanted)
        self.preview.clicked.connect(self.preview_wanted)
        self.resume.clicked.connect(self.resume_wanted)
        self.generate.clicked.connect(self.generate_wanted)
        self._lay_out()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.title)
        texts.addWidget(self.detail)
        texts.addWidget(self.began)
        head = QHBoxLayout()
        head.addLayout(texts, 1)
        head.addLayout(row(self.preview, self.stop, self.resume, self.generate))
        pictures = Card("What it draws by now")
        pictures.body.addWidget(self.previews, 1)
        pictures.body.addWidget(self.classes)
        curve = Card("How far it has learnt")
        curve.body.addWidget(self.plot, 1)
        curve.body.addWidget(self.reading)
        panels = QHBoxLayout()
        panels.setSpacing(2 * SPACE)
        panels.addWidget(pictures, 1)
        panels.addWidget(curve, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE)
        layout.addLayout(head)
        layout.addWidget(self.progress)
        layout.addWidget(self.facts)
        layout.addWidget(self.notices)
        layout.addLayout(panels, 1)

    def show_line(self, line: RunLine, classes: tuple[str, ...], *, live: bool) -> None:
        """Name the run and offer what can be done with it; ``live`` = its worker is ours and has not ended."""
        self._live = live
        self.title.setText(line.title)
        self.detail.setText(f"{line.detail} · {line.reason}" if line.reason else line.detail)
        self.began.setText(line.began)
        self.began.setVisible(bool(line.began))
        self.classes.setText(f"Rows, from the top: {', '.join(classes)}" if classes else "")
        self.reading.setText(line.curve)
        self.stop.setVisible(live)
        self.preview.setVisible(live)
        self.progress.setVisible(live)
        self.resume.setText(line.again)
        self.resume.setToolTip(_TIPS.get(line.again, ""))
        self.resume.setVisible(bool(line.again) and not live)
        self.generate.setVisible(line.usable and not live)

    def show_stopping(self) -> None:
        """Stop was asked; the worker is saving."""
        self.stop.setEnabled(False)
        self.stop.setText("Saving…")

    def show_watch(self, watch: RunWatch, root: Path) -> None:
        """Draw what was heard; previews lie relative to ``root``."""
        self.plot.set_points(watch.loss, watch.held_out)
        self.previews.set_history([(step, root / path) for step, path in watch.previews])
        self.notices.setText("\n".join(watch.notices))
        self.notices.setVisible(bool(watch.notices))
        self.facts.setText("   ·   ".join(watch.facts(live=self._live)))
        self.facts.setVisible(bool(self.facts.text()))
        progress = watch.progress
        self.progress.setRange(0, progress.total if progress else 0)
        self.progress.setValue(progress.done if progress else 0)

    def reset(self) -> None:
        """Another run is shown: the buttons start anew."""
        self.stop.setEnabled(True)
        self.stop.setText("Stop and keep")
