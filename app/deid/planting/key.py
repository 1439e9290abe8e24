"""The answer key of the de-identification self-test: what stands where, and what has to happen to it.

The ten kinds of action are those of the MIDI-B challenge (Medical Image De-Identification Benchmark, 2024). The key
is plain data, so that it can be written as JSON and judged by somebody else; it holds invented identities only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What has to happen to one thing that a file holds."""

    DATE_SHIFTED = "date_shifted"
    PATID_CONSISTENT = "patid_consistent"
    PIXELS_HIDDEN = "pixels_hidden"
    PIXELS_RETAINED = "pixels_retained"
    TAG_RETAINED = "tag_retained"
    TEXT_NOTNULL = "text_notnull"
    TEXT_REMOVED = "text_removed"
    TEXT_RETAINED = "text_retained"
    UID_CHANGED = "uid_changed"
    UID_CONSISTENT = "uid_consistent"


@dataclass(frozen=True, slots=True)
class Entry:
    """One required action.

    Attributes:
        file: name of the planted file.
        where: path of an element, tags and item numbers by turns: "00400275/0/00321060"; "pixels" for its pixels;
            "name", "preamble", "meta" and "tail" for what stands around the data set.
        action: what has to happen.
        what: the texts that must be gone, or must still be there; the original date, identifier or UID; for
            ``pixels_hidden`` the box of the text, "row,column,row,column", ends excluded.
        person: whose file it is, so that dates and identifiers can be compared over the files of one.
    """

    file: str
    where: str
    action: Action
    what: tuple[str, ...]
    person: str


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """All required actions, and what must not be found in the bytes of a file.

    Attributes:
        entries: the required actions.
        identities: by file, the texts of which none may be left.
    """

    entries: tuple[Entry, ...] = ()
    identities: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The key as JSON holds it."""
        return {
            "entries": [asdict(entry) for entry in self.entries],
            "identities": {file: list(texts) for file, texts in self.identities.items()},
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> AnswerKey:
        """The key that ``to_json`` wrote."""
        return cls(
            tuple(
                Entry(**{**entry, "action": Action(entry["action"]), "what": tuple(entry["what"])})
                for entry in document["entries"]
            ),
            {file: tuple(texts) for file, texts in document["identities"].items()},
        )
