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

_DEVICE_NAMES = re.compile(r"(?i)^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)$")
"""Names that Windows keeps for devices (Microsoft, Naming Files, Paths, and Namespaces)."""
_SPLIT_WORDS = re.compile(
    r"(?i)(?<![^-._ 0-9])(train|training|validation|valid|dev|val|test|testing|eval|evaluation)(?![^-._ 0-9])"
)
"""What Hugging Face's imagefolder takes for a split in a folder's name, between its separators (``datasets``,
data_files.py, SPLIT_KEYWORDS and NON_WORDS_CHARS).
"""
_NO_WORD = re.compile(r"(?i)^([\d_ ().+-]*|\d+(e[+-]?\d+)|-?(nan|inf|infinity)|n_?a|null|none|true|false|_na_)$")
"""What a reader of tables takes for a number, a truth value or nothing (pandas.read_csv, na_values)."""
_WHOLE_NUMBER = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
LONGEST_NAME = 48
LONGEST_BYTES = 120


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
        raise Refused("copies-found", samples=samples.id, **_copied(audit))
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


def _copied(audit: AuditRecord) -> dict[str, int]:
    """How many suspected copies there were among how many pictures, those included that were replaced at once."""
    figures = next((verdict.figures for verdict in audit.verdicts if verdict.metric == "copies"), {})
    replaced, left = int(figures.get("screened out") or 0), len(audit.suspected_copies)
    return {"count": left + replaced, "drawn": len(audit.judged()) + replaced}


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """A folder name for every class that every system and every reader of class folders takes for what it is.

    Windows, macOS, Linux and a FAT stick take it: no reserved character or device name, no dot or space at an end, 48
    characters or 120 bytes of UTF-8 of the class's name at most, different from every other class whatever the case.
    Below a folder whose own path has 100 characters or less, the paths of an export then stay under 240.

    Readers take it: it has no word that Hugging Face's imagefolder takes for a split wherever it stands in a path (a
    class "test" would be tested on, not learnt from), and it reads as a word in a table, not as a number, a truth
    value or a missing one ("None", "NA"), unless all classes are whole numbers. It begins with no sign that a
    spreadsheet or a shell acts on.
    """
    result: dict[str, str] = {}
    taken: set[str] = set()
    distinct = sorted(set(labels))
    numbered = all(_WHOLE_NUMBER.fullmatch(label) for label in distinct)
    for label in distinct:
        name = label if numbered else _folder_name(label)
        unique, number = name, 2
        while unique.casefold() in taken:
            unique, number = f"{name}_{number}", number + 1
        taken.add(unique.casefold())
        result[label] = unique
    return result


def _folder_name(label: str) -> str:
    plain = "".join(c if c.isalnum() or c in " -_()+" else "_" for c in unicodedata.normalize("NFC", label))
    name = _SPLIT_WORDS.sub(lambda word: f"{word[0]}set", _cut(plain.lstrip(" -_+")).rstrip(" "))
    if not name:
        return "class"
    if _DEVICE_NAMES.match(name):
        return f"{name}_"
    return f"class {name}" if _NO_WORD.match(name) else name


def _cut(name: str) -> str:
    """Its beginning, as long as a folder name may be."""
    return name[:LONGEST_NAME].encode("utf-8")[:LONGEST_BYTES].decode("utf-8", "ignore")
