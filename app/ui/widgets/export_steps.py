"""The three steps of an export as cards: check, sign off, export. Each says what it waits for.

They show what they are told and ask for what was pressed; the page decides what comes next.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QPushButton, QVBoxLayout, QWidget

from app.domain.export import ExportPlan
from app.ui.job_bridge import JobBridge
from app.ui.theme import set_role
from app.ui.view_models.export import plan_lines
from app.ui.view_models.export_found import Found
from app.ui.widgets.export_found import FoundView, figures
from app.ui.widgets.section import Card, button, label, row

CHECK_SENTENCE = "A trial run: it settles what would leave and makes a sheet to sign. Nothing is written to the target."
AFTER_CHECK = "Comes after the check."
CHANGED = "Something was changed since the check. Check again before you sign."
TICK = "I have looked at the pictures and read the sheet."
AFTER_SIGNING = "Comes after the signature."
ANOTHER = "For another export, check and sign again."
READY = "Checked and signed. Every written file is read again before anything gets its name."


def weigh(made: QPushButton, kind: str) -> None:
    """Give a button another weight; one of a room is the primary one."""
    made.setProperty("kind", kind)
    made.style().unpolish(made)
    made.style().polish(made)


class CheckStep(Card):
    """The estimate before, progress in words, and what was found."""

    def __init__(self, bridge: JobBridge) -> None:
        super().__init__("1. Check")
        self.text = label(CHECK_SENTENCE, "muted", wrap=True)
        self.estimate = QWidget()
        self.notices = label("", "small", wrap=True)
        self.every = QCheckBox("Look at every picture")
        self.every.setToolTip("Slower. Otherwise the check looks at a sample; the export itself looks at every one.")
        self.start = button("Check", "primary")
        self.remedy = button("")
        self.remedy.hide()
        self.found = FoundView(bridge)
        self._estimate_place = QVBoxLayout()
        self._estimate_place.addWidget(self.estimate)
        self.body.addWidget(self.text)
        self.body.addLayout(self._estimate_place)
        self.body.addWidget(self.notices)
        self.body.addWidget(self.found)
        self.body.addLayout(row(self.remedy, None, self.every, self.start))

    def show_text(self, text: str, role: str = "muted", *, action: str = "") -> None:
        """Say why nothing can be checked; ``action`` offers a button that leads to where that can be mended."""
        self._clear()
        self.remedy.setText(action)
        self.remedy.setVisible(bool(action))
        self.every.hide()
        set_role(self.text, role)
        self.text.setText(text)

    def show_plan(self, plan: ExportPlan, *, sampled: bool) -> None:
        """The quick estimate, before the check; ``sampled``: there are pictures that the check need not all look at."""
        self.show_text(CHECK_SENTENCE)
        self.every.setVisible(sampled)
        self._replace(figures(plan_lines(plan)))
        self.notices.setText("\n".join((*plan.notices, *plan.left_out)))
        self.notices.setVisible(bool(self.notices.text()))

    def show_found(self, found: Found) -> None:
        """The result of the check in place of the estimate."""
        self.show_text("Checked. Nothing has left. This is what would:", "")
        self.every.setVisible(found.sampled)
        self.found.show_found(found)

    def _clear(self) -> None:
        self._replace(QWidget())
        self.notices.hide()
        self.found.hide()

    def _replace(self, made: QWidget) -> None:
        old, self.estimate = self.estimate, made
        self._estimate_place.replaceWidget(old, made)
        old.hide()
        old.deleteLater()


class SignStep(Card):
    """The sheet to open, and the box to tick.

    Signals:
        signed(bool): the box was ticked or cleared.
    """

    signed = Signal(bool)

    def __init__(self) -> None:
        super().__init__("2. Sign off")
        self.text = label(AFTER_CHECK, "muted", wrap=True)
        self.sheet = button("Open the sheet", tip="Opens in your browser; it stays in the project on this computer")
        self.pdf = button("As PDF to print")
        self.tick = QCheckBox(TICK)
        self.tick.toggled.connect(self.signed)
        self.body.addWidget(self.text)
        self.body.addLayout(row(self.sheet, self.pdf, None))
        self.body.addWidget(self.tick)
        self.wait(AFTER_CHECK)

    def wait(self, why: str) -> None:
        """Nothing can be signed, for this reason."""
        self.tick.setChecked(False)
        self.text.setText(why)
        for piece in (self.sheet, self.pdf, self.tick):
            piece.setVisible(False)

    def offer(self) -> None:
        """A check can be signed."""
        self.text.setText("The sheet says all of this on paper, with the pictures and lines for two signatures.")
        for piece in (self.sheet, self.pdf, self.tick):
            piece.setVisible(True)


class ExportStep(Card):
    """The button, and afterwards where everything lies.

    Signals:
        folder_wanted(): show the finished export in the file manager.
    """

    folder_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("3. Export")
        self.text = label(AFTER_SIGNING, "muted", wrap=True)
        self.start = button("Export")
        self.done = QWidget()
        self.words = label("", "good", wrap=True)
        self.hash = label("", "small", wrap=True)
        self.hash.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.proof = label("", "small", wrap=True)
        self.folder = button("Open folder")
        self.copy = button("Copy hash", "quiet", tip="Copies the SHA-256 of the manifest")
        self._sha256 = ""
        self.folder.clicked.connect(self.folder_wanted)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._sha256))
        inside = QVBoxLayout(self.done)
        inside.setContentsMargins(0, 0, 0, 0)
        for piece in (self.words, self.hash, self.proof):
            inside.addWidget(piece)
        inside.addLayout(row(self.folder, self.copy, None))
        self.done.hide()
        self.body.addWidget(self.done)
        self.body.addWidget(self.text)
        self.body.addLayout(row(None, self.start))
        self.start.setEnabled(False)

    def allow(self, why_not: str) -> None:
        """Whether the export may start; ``why_not`` is said otherwise."""
        self.start.setEnabled(not why_not)
        weigh(self.start, "" if why_not else "primary")
        another = why_not == AFTER_SIGNING and not self.done.isHidden()
        self.text.setText(ANOTHER if another else why_not or READY)

    def show_done(self, words: str, sha256: str, proof: str) -> None:
        """Say where it lies, what proves it, and whether it was signed."""
        self._sha256 = sha256
        self.words.setText(words)
        self.hash.setText(f"SHA-256 of manifest.json, which has the hash of every other file: {_spaced(sha256)}")
        self.proof.setText(proof)
        self.text.setText(ANOTHER)
        self.done.show()


def _spaced(sha256: str) -> str:
    """In groups of eight, so that it wraps and can be compared by eye."""
    return " ".join(sha256[place : place + 8] for place in range(0, len(sha256), 8))
