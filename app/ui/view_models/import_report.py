"""What came of an import, in words: one or two sentences for the message, and all warnings as lines to unfold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.set_aside import grouped
from app.domain.study import Quarantined, SeriesLine
from app.jobs.outcome import Outcome
from app.ui.phrases import count
from app.ui.view_models.library import series_title

MOST = 500
"""Files named for one reason; the Set-aside list has all of them."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What is told at the end of an import.

    Attributes:
        text: one or two sentences.
        level: "info", "caution" or "bad".
        details: everything that was odd, a line each; "" where nothing was.
    """

    text: str
    level: str
    details: str = ""


def report(outcome: Outcome, warned: Sequence[SeriesLine] = ()) -> ImportReport:
    """The report of one import; ``warned`` are the series that it brought and that have warnings."""
    rows = outcome.result.get("quarantined", ())
    aside = [Quarantined(str(r["path"]), str(r.get("code", "")), str(r["reason"])) for r in rows]
    text, level = _sentences(outcome, aside)
    if outcome.state != "done" and not outcome.result:
        return ImportReport(text, level)
    if warned and outcome.state == "done":
        text += f" {count(len(warned), 'series has a warning', 'series have warnings')}."
    return ImportReport(text, level, "\n".join([*_aside_lines(aside), *_warning_lines(warned)]))


def newly_warned(before: Mapping[str, tuple[str, ...]], lines: Iterable[SeriesLine]) -> list[SeriesLine]:
    """Series whose warnings are not those of before the import (series key to warnings)."""
    return [line for line in lines if line.warnings and before.get(line.key) != line.warnings]


def _sentences(outcome: Outcome, aside: Sequence[Quarantined]) -> tuple[str, str]:
    if outcome.state == "stopped":
        return "Stopped. What was read is kept.", "info"
    if outcome.state != "done":
        return outcome.sentence(), "bad"
    result = outcome.result
    imported, studies = int(result.get("imported", 0)), int(result.get("studies", 0))
    files = count(imported, "file")
    text = f"Read {files}." if studies == imported else f"Read {files} in {count(studies, 'study', 'studies')}."
    if imported == 0:
        text = "Nothing new was read."
    if skipped := int(result.get("skipped", 0)):
        text += f" {count(skipped, 'file')} skipped: already in the library, or not images."
    if left := int(result.get("unchecked", 0)):
        text += f" {count(left, 'file')} still to be checked: import them again."
    return _with_aside(text, aside)


def _with_aside(text: str, aside: Sequence[Quarantined]) -> tuple[str, str]:
    """Failures and kept objects are told apart; only failures need care."""
    groups = grouped(aside)
    failed = sum(len(group.inputs) for group in groups if not group.kept)
    kept = len(aside) - failed
    if failed:
        text += f" {count(failed, 'file was', 'files were')} set aside; the details say why."
    if kept:
        text += f" {count(kept, 'object')} without a picture kept for later."
    return text, "caution" if failed else "info"


def _aside_lines(aside: Sequence[Quarantined]) -> list[str]:
    lines = []
    for group in grouped(aside):
        lines.append(f"{group.title} ({len(group.inputs):,})")
        lines += [f"    {one.path}: {one.reason}" for one in group.inputs[:MOST]]
        if len(group.inputs) > MOST:
            lines.append(f"    and {len(group.inputs) - MOST:,} more, listed under “Set aside”")
    return lines


def _warning_lines(warned: Sequence[SeriesLine]) -> list[str]:
    if not warned:
        return []
    lines = [f"Series with warnings ({len(warned):,})"]
    for line in warned[:MOST]:
        named = " · ".join(dict.fromkeys(filter(None, (line.study_label, series_title(line)))))
        lines += [f"    {named}: {warning}" for warning in line.warnings]
    if len(warned) > MOST:
        lines.append(f"    and {len(warned) - MOST:,} more; filter the library by “With warnings”")
    return lines
