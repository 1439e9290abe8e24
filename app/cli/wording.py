"""Small pieces of text that the command line shares: durations, counts, notices."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain import wording
from app.jobs.messages import Notice


def clock(seconds: float) -> str:
    """A duration for people: "8 s", "2 min 5 s", "3 h 10 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int, one: str, many: str | None = None) -> str:
    """ "1 image", "3 images"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def per_class(counts: Mapping[str, int]) -> str:
    """ "12 glioma, 12 meningioma"."""
    return ", ".join(f"{number} {name}" for name, number in counts.items())


def notice_text(notice: Notice) -> str:
    """The sentence of a notice; its code where the table has none."""
    if notice.code in wording.SENTENCES:
        return wording.sentence(notice.code, notice.facts)
    return str(notice.facts.get("text", notice.code))
