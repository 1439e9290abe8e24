"""Which pictures may leave, and under which names: the rules of an export, without files.

Fails closed: where nothing is known about copies, nothing leaves.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.audit import AuditRecord, Level
from app.domain.errors import Refused
from app.domain.sample_set import Sample, SampleSetRecord

_DEVICE_NAMES = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)$")
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture that stays, and why.

    Attributes:
        number: position in the sample set.
        label: its class.
        reason: a sentence.
    """

    number: int
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The pictures of a sample set that leave, and those that stay."""

    kept: tuple[Sample, ...]
    left_out: tuple[LeftOut, ...]

    def counts(self) -> dict[str, int]:
        """Pictures that leave, per class."""
        return dict(Counter(sample.label for sample in self.kept))


def choose(samples: SampleSetRecord, audit: AuditRecord) -> Chosen:
    """Apply an audit to a sample set.

    Args:
        samples: the set as it is now.
        audit: an audit of exactly its kept pictures.

    Raises:
        Refused: ``copies-found`` (the model copies), ``copies-unknown`` (nothing to compare with, so copies cannot
            be ruled out), ``nothing-to-export``.
    """
    level = audit.level("copies")
    if level is Level.FAIL:
        raise Refused("copies-found", count=len(audit.suspected_copies), samples=samples.id)
    if level is Level.UNKNOWN:
        raise Refused("copies-unknown", samples=samples.id)
    suspected = set(audit.suspected_copies)
    judged = audit.judged()
    kept: list[Sample] = []
    left: list[LeftOut] = []
    for sample in samples.samples:
        if not sample.kept:
            left.append(LeftOut(sample.number, sample.label, "Thrown out by hand."))
        elif sample.number in suspected or sample.number not in judged:
            left.append(LeftOut(sample.number, sample.label, "Suspected copy of a training image."))
        else:
            kept.append(sample)
    if not kept:
        raise Refused("nothing-to-export", samples=samples.id)
    return Chosen(tuple(kept), tuple(left))


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """A folder name for every class that Windows, macOS, Linux and a FAT stick all take, different for each class."""
    result: dict[str, str] = {}
    taken: set[str] = set()
    for label in sorted(set(labels)):
        plain = "".join(c if c.isalnum() or c in " -_()+" else "_" for c in unicodedata.normalize("NFC", label))
        name = plain.strip(" .")[:LONGEST_NAME] or "class"
        if _DEVICE_NAMES.match(name):
            name = f"{name}_"
        unique, number = name, 2
        while unique.casefold() in taken:
            unique, number = f"{name}_{number}", number + 1
        taken.add(unique.casefold())
        result[label] = unique
    return result
