"""Deleting a patient, in words: what will go, what was made from them and stays, and what became of it afterwards.

No name of a patient is known here, and none is shown: the studies say who is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.ui.phrases import count

if TYPE_CHECKING:
    from app.services.patients import Deleted
    from app.services.traces import LearntFrom, Traces

MOST = 20
"""Names listed of one kind."""


def question(found: Traces) -> str:
    """The sentence above the details."""
    images = count(sum(line.images for line in found.series), "image")
    studies = count(len({line.study for line in found.series}), "study", "studies")
    text = f"Delete this patient everywhere in the project: {studies} with {images}? This cannot be undone."
    trained = sum(bool(run.images.get("train")) for run in found.runs)
    if trained:
        text += f" {count(trained, 'run has', 'runs have')} learnt from these images and may remember them."
    return text


def consequences(found: Traces) -> str:
    """Everything that goes and everything that stays, under headings."""
    gone = [*_studies(found), "Labels, tags, thumbnails and prepared pictures of them"]
    if found.copies:
        gone.append(f"{count(found.copies, 'file')} that the project itself holds (from archives, or the sample)")
    gone += _each("Their images in the cohort", found.cohorts)
    gone += _each("Pictures of them in the audit", found.audits)
    stays = _each("Sample set, drawn from a run that learnt from them:", found.samples)
    stays += _each("Real images exported to", found.exports)
    stays += _each("Your own files in", found.originals)
    return "\n".join(
        [
            *_section("This is deleted", gone),
            *_section("Trained on images of this patient", [_run(run) for run in found.runs], _ABOUT_RUNS),
            *_section("This stays; delete it yourself where it must go", stays),
        ]
    ).strip()


def done(gone: Deleted) -> str:
    """What is told afterwards."""
    text = f"The patient is deleted: {gone.series:,} series with {count(gone.images, 'image')}."
    if gone.cohorts:
        text += f" Smaller now: {', '.join(gone.cohorts[:MOST])}."
    if gone.runs:
        text += f" {count(gone.runs, 'run')} that learnt from them can no longer go on or be drawn from."
    if gone.originals:
        text += " Your own files stay where they are."
    return text


_ABOUT_RUNS = "The record of a run stays, without the patient; such a run cannot go on or be drawn from any more."


def _studies(found: Traces) -> list[str]:
    labels = dict.fromkeys(line.study_label or line.description or "a study" for line in found.series)
    return _each("Study", tuple(labels))


def _run(run: LearntFrom) -> str:
    uses = (("train", "learnt from"), ("val", "watched with"), ("test", "judged with"))
    used = [f"{words} {count(run.images[split], 'image')}" for split, words in uses if split in run.images]
    return f"{run.run} (cohort “{run.cohort}”): {', '.join(used)}"


def _each(what: str, names: Sequence[str]) -> list[str]:
    more = [f"and {len(names) - MOST:,} more"] if len(names) > MOST else []
    return [*(f"{what} {name}" for name in names[:MOST]), *more]


def _section(title: str, lines: Iterable[str], about: str = "") -> list[str]:
    inside = [f"    {line}" for line in lines]
    return [title, *inside, *([f"    {about}"] if about else []), ""] if inside else []
