"""One verdict: the question, the answer by sign, word and colour, its sentence, and the figures behind it."""

from __future__ import annotations

from PySide6.QtWidgets import QFormLayout, QHBoxLayout

from app.domain.audit import Level
from app.ui.theme import SPACE, set_role
from app.ui.view_models.review import Card as VerdictText
from app.ui.widgets.folding import Folding
from app.ui.widgets.section import Card, label

_ROLES = {Level.PASS: "good", Level.CAUTION: "caution", Level.FAIL: "bad", Level.UNKNOWN: "muted"}


class VerdictCard(Card):
    """Draws one verdict."""

    def __init__(self, verdict: VerdictText) -> None:
        super().__init__()
        self.verdict = verdict
        head = QHBoxLayout()
        head.addWidget(label(verdict.title, "heading"), 1)
        self.level = label(f"{verdict.sign}  {verdict.word}")
        set_role(self.level, _ROLES[verdict.level])
        self.level.setStyleSheet("font-weight: 600;")
        head.addWidget(self.level)
        self.body.addLayout(head)
        self.body.addWidget(label(verdict.sentence, wrap=True))
        if verdict.figures:
            self.body.addWidget(Folding("Figures", _figures(verdict)))
        self.body.addStretch(1)
        self.setAccessibleName(f"{verdict.title} {verdict.word}. {verdict.sentence}")


def _figures(verdict: VerdictText) -> Card:
    content = Card()
    content.setProperty("role", "")
    content.body.setContentsMargins(SPACE, 0, 0, 0)
    form = QFormLayout()
    form.setVerticalSpacing(2)
    for name, value in verdict.figures:
        form.addRow(label(name, "small"), label(value, "small"))
    content.body.addLayout(form)
    return content
