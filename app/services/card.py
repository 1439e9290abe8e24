"""A card: a short document in sections, told once and rendered as Markdown and as a page.

It must not know what the cards of an export say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.services import report


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; ``soft`` for small print."""

    kind: ClassVar[str] = "text"
    text: str
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    kind: ClassVar[str] = "points"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; cells are ready texts, and columns after the first are aligned as ``numbers`` says."""

    kind: ClassVar[str] = "table"
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict: a title, a level ("pass", "caution", "fail", "unknown"), how the level is called, and a sentence."""

    kind: ClassVar[str] = "finding"
    title: str
    level: str
    called: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to copy."""

    kind: ClassVar[str] = "code"
    language: str
    text: str


Block = Text | Points | Table | Finding | Code


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A document.

    Attributes:
        title: its heading.
        summary: the paragraph below it.
        sections: the rest; those without blocks are left out.
        footer: small print at the end.
    """

    title: str
    summary: str
    sections: tuple[Section, ...]
    footer: str = ""

    def markdown(self) -> str:
        """The card as CommonMark with tables."""
        return report.render("card.md", self._facts())

    def page(self) -> str:
        """The card as one HTML file that needs nothing else."""
        return report.render("card.html", {**self._facts(), "style": report.style()})

    def _facts(self) -> Mapping[str, object]:
        return {"card": self, "sections": [section for section in self.sections if section.blocks]}
