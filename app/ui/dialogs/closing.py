"""What the window asks, and shows, when it is closed while work is going on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QProgressBar, QVBoxLayout, QWidget

from app.ui.theme import SPACE
from app.ui.widgets.section import button, label, row

SENTENCES = {
    "train": "A training is running. If you stop it now, what was learnt is kept and you can resume later.",
    "sample": "Images are being generated. If you stop now, this set is dropped.",
    "import": "Images are being read. If you stop now, what was read is kept.",
    "sample-project": "The sample project is being made. If you stop now, it stays incomplete.",
    "audit": "A review is being measured. If you stop now, it has to be started again.",
    "export": "An export is being written. If you stop now, nothing of it is left behind.",
}
OTHER = "Work is going on. If you stop it now, it has to be started again."


class ClosingDialog(QDialog):
    """Asks first; after "Stop" it stays, says that the work is being ended, and the window closes it.

    Signals:
        stop_wanted(): the person chose to stop the work and close. "Keep working" rejects the dialog.
    """

    stop_wanted = Signal()

    def __init__(self, parent: QWidget, kinds: Sequence[str]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Work is going on")
        self.setMinimumWidth(460)
        self.stopping = False
        said = list(dict.fromkeys(SENTENCES.get(kind, OTHER) for kind in kinds))
        self.text = label("\n\n".join(said), wrap=True)
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.hide()
        keeps = "train" in kinds
        self.stop = button("Stop and keep what was learnt" if keeps else "Stop and close", "danger")
        self.keep = button("Keep working", "primary")
        self.keep.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * SPACE, 2 * SPACE, 3 * SPACE, 2 * SPACE)
        layout.setSpacing(2 * SPACE)
        layout.addWidget(self.text)
        layout.addWidget(self.progress)
        layout.addLayout(row(None, self.stop, self.keep))
        self.stop.clicked.connect(self._stop)
        self.keep.clicked.connect(self.reject)

    def _stop(self) -> None:
        self.stopping = True
        self.text.setText("Ending the work and saving what there is. The window closes by itself.")
        self.progress.show()
        self.stop.hide()
        self.keep.hide()
        self.stop_wanted.emit()

    def reject(self) -> None:
        """Not while the work is being ended: the window would stay behind half closed."""
        if not self.stopping:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The same for the window frame's own button."""
        if self.stopping:
            event.ignore()
        else:
            super().closeEvent(event)
