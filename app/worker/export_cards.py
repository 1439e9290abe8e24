"""The cards of an export, in Markdown and as pages. They hold no time, so equal exports have equal cards."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from app.services import report
from app.services.card import Card
from app.worker import export_statements as say
from app.worker.export_card_text import data_card
from app.worker.export_model_card import audit_page, model_card
from app.worker.export_pages import PROGRAM
from app.worker.export_story import Deidentification, Story, Tally
from app.worker.export_write import Expected

__all__ = ["Deidentification", "Story", "write_cards"]


def write_cards(root: Path, story: Story, files: Iterable[Expected]) -> None:
    """Write ``README.txt``, ``datacard.md`` and ``.html``, and with synthetic images ``modelcard.md`` and ``.html``
    and ``audit.html``.

    Args:
        root: folder of the export.
        story: what they tell.
        files: its images.

    Raises:
        OSError: a file cannot be written.
    """
    tally = Tally.of(files)
    cards = {"datacard": data_card(story, tally), "modelcard": model_card(story, tally)}
    for name, card in cards.items():
        if card is not None:
            _write(root / f"{name}.md", card.markdown())
            _write(root / f"{name}.html", card.page())
    findings: Card | None = audit_page(story)
    if findings is not None:
        _write(root / "audit.html", findings.page())
    facts = {"story": story, "program": PROGRAM, "summary": say.summary(story, tally)}
    _write(root / "README.txt", report.render("readme.md", facts))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
