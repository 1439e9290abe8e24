"""Heads among what was learnt from, as records and sentences speak of them: which series could show a face, and what
became of it. It knows no pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from app.domain.run import RunRecord
from app.domain.study import SourceKind
from app.domain.wording import count

NOT_CHECKED, NO_HEAD, DEFACED = "not-checked", "no-head", "defaced"
KEPT = "kept"
"""The person wanted faces kept, so nobody looked for one."""

EARLIER = (
    "The model was trained before this program took faces out of heads: if it learnt from CT or MR of heads, look at "
    "its pictures for parts of a face before you share them."
)
"""Of a run whose record says nothing of faces."""

CUTTING = frozenset({"CT", "MR", "PT"})
"""Modalities (0008,0060) whose stacks hold a skin surface that a face could be rendered from."""


def may_show_a_face(kind: SourceKind, modality: str) -> bool:
    """Whether a series could show a face: a stack of slices, as far as its kind and modality tell.

    A plain image file is none; NIfTI, NRRD and MetaImage are, though they name no modality.
    """
    if kind is SourceKind.IMAGE:
        return False
    return modality in CUTTING or (not modality and kind is not SourceKind.DICOM)


def tally(states: Iterable[str]) -> dict[str, int]:
    """State to series, sorted by name."""
    return dict(sorted(Counter(states).items()))


def remark(run: RunRecord) -> str:
    """What is to be said of the pictures that a run drew; "" where no face can be in what it learnt from."""
    if "deface" not in run.recipe:
        return EARLIER
    kept, unsure = run.faces.get(KEPT, 0), run.faces.get(NOT_CHECKED, 0)
    said = [
        f"{count(kept, 'series', 'series')} without looking for faces" if kept else "",
        f"{count(unsure, 'series', 'series')} that could not be checked for a face" if unsure else "",
    ]
    learnt = " and from ".join(part for part in said if part)
    if not learnt:
        return ""
    return f"The model learnt from {learnt}: look at its pictures for parts of a face before you share them."
