"""What a person should know of a series' slices, one plain sentence each.

It says what is so and judges nothing: whether a stack can be cut in other planes is for ``geometry`` to tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.imaging import geometry, series_tags
from app.imaging.splitting import Slice

SECTIONAL = ("CT", "MR", "PT", "NM")
"""Modalities whose series are stacks of slices."""
_LEAST_SLICES = 3
NO_POSITIONS = "The files give no positions; the slices are in the order of their numbers."


def of(slices: Sequence[Slice], stack: geometry.Stack | None) -> tuple[str, ...]:
    """Sentences on the slices of a series; ``stack`` is how they lie, ``None`` where that is unknown."""
    return tuple(_said(slices, stack))


def _said(slices: Sequence[Slice], stack: geometry.Stack | None) -> Iterator[str]:
    content = slices[0].content
    count = len(slices)
    if stack is None:
        if count > 1 and content.modality in SECTIONAL and len(content.frames) < count:
            yield NO_POSITIONS
    elif count > 1 and stack.spacing_mm is None:
        yield f"All {count} images show the same place, one after another."
    else:
        yield from geometry.sentences(stack, count)
    if stack is not None and count < _LEAST_SLICES and content.modality in SECTIONAL and not content.apart:
        yield f"There {'is only 1 slice' if count == 1 else f'are only {count} slices'}, too few for a volume."
    if reason := content.tags.get(series_tags.UPTAKE):
        yield reason
    yield from _mixtures(slices)


def _mixtures(slices: Sequence[Slice]) -> Iterator[str]:
    slopes = _numbers(slices, "RescaleSlope")
    if len(slopes) > 1 and slices[0].content.modality != "PT":  # PET scales every slice by itself, as a rule
        yield f"The slices are scaled by different factors ({slopes[0]:g} to {slopes[-1]:g}); each by its own."
    positions = sorted({one.content.tags.get("PatientPosition", "") for one in slices} - {""})
    if len(positions) > 1:
        yield f"The patient lay differently for some of the slices ({', '.join(positions)})."


def _numbers(slices: Sequence[Slice], keyword: str) -> list[float]:
    """Different values of a numeric attribute, smallest first."""
    found = set()
    for text in {one.content.tags.get(keyword, "") for one in slices}:
        try:
            found.add(float(text))
        except ValueError:
            continue
    return sorted(found)
