"""What the Review room shows, as plain values: verdict cards, pairs, and whether the audit still speaks.

Tested without a window. It must not know Qt, and it judges nothing: levels and sentences come from the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.audit import AuditRecord, Level, Verdict
from app.domain.sample_set import SampleSetRecord
from app.ui import phrases

TITLES = {
    "fidelity": "Do they look real?",
    "classes": "Do they show their class?",
    "copies": "Are they new?",
}
"""The question behind each metric."""

LEVEL_WORDS = {
    Level.PASS: ("✓", "Good"),
    Level.CAUTION: ("!", "Caution"),
    Level.FAIL: ("✕", "Not good enough"),
    Level.UNKNOWN: ("?", "Cannot tell"),
}
"""Sign and word of a level: never colour alone."""


@dataclass(frozen=True, slots=True)
class Card:
    """One verdict, ready to be drawn.

    Attributes:
        title: the question.
        level: for the colour.
        sign, word: the level without colour.
        sentence: the answer in plain words.
        figures: (name, value) behind it.
    """

    title: str
    level: Level
    sign: str
    word: str
    sentence: str
    figures: tuple[tuple[str, str], ...]


def card(verdict: Verdict) -> Card:
    """A verdict as a card."""
    sign, word = LEVEL_WORDS[verdict.level]
    figures = tuple((_name(key), _value(value)) for key, value in verdict.figures.items() if value is not None)
    title = TITLES.get(verdict.metric, _name(verdict.metric))
    return Card(title, verdict.level, sign, word, verdict.sentence, figures)


def _name(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _value(value: float | int | str) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else value


@dataclass(frozen=True, slots=True)
class Pair:
    """A generated picture beside the training image nearest to it.

    Attributes:
        number: position of the picture in its sample set.
        label: class asked for.
        distance: in the units of the copy rule; smaller is nearer.
        suspected: whether the copy rule marks it.
        kept: false where the person threw it out since.
    """

    number: int
    label: str
    distance: float
    suspected: bool
    kept: bool


def pairs(audit: AuditRecord, samples: SampleSetRecord) -> list[Pair]:
    """All pairs of an audit: suspected copies first, then nearest first."""
    by_number = {sample.number: sample for sample in samples.samples}
    suspected = set(audit.suspected_copies)
    found = [
        Pair(number, by_number[number].label, distance, number in suspected, by_number[number].kept)
        for number, _, distance in audit.nearest
        if number in by_number
    ]
    return sorted(found, key=lambda pair: (not pair.suspected, pair.distance))


def newest(records: Sequence[AuditRecord], samples_id: str) -> AuditRecord | None:
    """The last audit made of a sample set, whether it still matches or not."""
    made = [record for record in records if record.samples == samples_id]
    return max(made, key=lambda record: record.created, default=None)


def staleness(audit: AuditRecord | None, *, matches: bool, samples: SampleSetRecord) -> str:
    """Why an audit no longer speaks for the set as it is now; "" where it does.

    Args:
        audit: the last audit of the set.
        matches: whether its pictures are still the ones judged.
        samples: the set as it is now.
    """
    if audit is None:
        return ""
    if not matches:
        return "The pictures changed after this review. Run it again before you rely on it."
    kept = {sample.number for sample in samples.samples if sample.kept}
    unjudged, gone = len(kept - audit.judged()), len(audit.judged() - kept)
    if unjudged:
        return f"{phrases.count(unjudged, 'image was', 'images were')} not judged by this review. Run it again."
    if gone:
        thrown = phrases.count(gone, "image was", "images were")
        return f"{thrown} thrown out after this review; its figures still count them. Run it again for new figures."
    return ""
