"""Inputs that were set aside, sorted by what happened to them: files that failed apart from objects that are kept.

Window and command line both list them this way, because a hospital's export holds hundreds of files that are no
pictures, and one list of them all would hide the two that are damaged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.study import Quarantined

KEPT = "kept-object"
"""Code of what is no picture and is kept in the list on purpose: segmentations, outlines, reports."""

TITLES = {
    "damaged-file": "Damaged files",
    "not-an-image": "Not images",
    "no-pixels": "DICOM without a picture",
    "not-a-picture": "Documents and other objects without a picture",
    "unsupported-kind": "Objects that are not used as pictures",
    "unsupported-coding": "Compressed in a way that cannot be decoded",
    "packed-file": "Packed files",
    "too-large": "Too large to be opened safely",
    "nifti-voxels": "Volumes of an unusual kind",
    "nifti-shape": "Volumes of an unusual shape",
    "volume-layout": "Volumes stored in an unusual way",
    "volume-data-missing": "Volumes without their voxels",
    "part-of-volume": "Voxels that belong to a header",
    "unreadable": "Could not be opened",
    "name-not-text": "Names that cannot be read",
    "being-written": "Still being written",
    "decoder-crashed": "Decoding crashed",
    "decoder-hung": "Decoding took too long",
    "decoder-memory": "Decoding needed too much memory",
    "same-uid-other-content": "Same identity as another file, other content",
    "source-vanished": "The source went away",
    "source-missing": "No longer there",
    "source-damaged": "Can no longer be read",
    "archive-damaged": "Damaged archives",
    "archive-bomb": "Archives that would unpack to far too much",
    "archive-no-room": "Archives that do not fit on the disk",
    "archive-outside": "Archives that reach outside of themselves",
    "archive-link": "Archives with links",
    "archive-encrypted": "Encrypted archives",
    "archive-nested": "Archives inside archives",
    "archive-entry-damaged": "Archives with damaged files",
    "dicomdir-missing": "Named by the index of a disc, but not there",
    "dicomdir-damaged": "Indexes of discs that cannot be read",
}
"""What a group is called; a code that is not named here is called by its first sentence."""


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """Inputs with one reason.

    Attributes:
        code: of the reason.
        title: what the group is called.
        inputs: its members, by path.
        kept: no failure: an object that is kept for later.
    """

    code: str
    title: str
    inputs: tuple[Quarantined, ...]
    kept: bool


def grouped(inputs: Iterable[Quarantined]) -> list[ReasonGroup]:
    """Groups by reason, failures first, each the larger first. Kept objects are told apart by what they hold."""
    found: dict[tuple[str, str], list[Quarantined]] = defaultdict(list)
    for one in inputs:
        found[one.code, one.reason if one.code == KEPT else ""].append(one)
    groups = [_group(code, members) for (code, _reason), members in found.items()]
    return sorted(groups, key=lambda group: (group.kept, -len(group.inputs), group.title))


def _group(code: str, members: list[Quarantined]) -> ReasonGroup:
    inputs = tuple(sorted(members, key=lambda one: one.path))
    return ReasonGroup(code, TITLES.get(code) or _first_words(inputs[0].reason), inputs, code == KEPT)


def _first_words(reason: str) -> str:
    """ "The file holds a report. It …" as "A report"; any other reason by its first sentence."""
    words = reason.split(". ", maxsplit=1)[0].rstrip(".").removeprefix("The file holds ")
    return words[:1].upper() + words[1:]
