"""What the dry run of an export has found, in plain words, and what the person is to sign.

Tested without a window. It must not know Qt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from app.domain.deid import RULES
from app.domain.export import ExportCheck
from app.domain.wording import count
from app.ui.view_models import plain
from app.ui.view_models.export import SPLIT_TITLES, counts

PICTURES = "pictures"
"""Folder beside the sheet with the single pictures of its contact sheets."""
COVERED = "covered"
"""Ends the names of pictures in which something is blacked out."""

MISTAKEN = (
    "Something was taken for text in {many}. Bones and devices can look like letters to the search: look at what is "
    "blacked out below, and take images that it spoils out of the cohort."
)
FILESYSTEMS = {"vfat": "FAT", "fat": "FAT", "msdos": "FAT", "fat32": "FAT32"}


@dataclass(frozen=True, slots=True)
class Found:
    """A dry run as the room shows it.

    Attributes:
        lines: name and value.
        warnings: what to know before signing.
        stays: reason with how many images stay.
        rules: rule with how often it will do something.
        sampled: whether there are pictures that were not looked at.
    """

    lines: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    stays: tuple[tuple[str, str], ...]
    rules: tuple[tuple[str, str], ...]
    sampled: bool = False


def check_of(result: dict[str, Any]) -> ExportCheck:
    """The dry run from what its job returned."""
    known = {one.name: result[one.name] for one in fields(ExportCheck)}
    return ExportCheck(**{**known, "notices": tuple(known["notices"])})


def found(check: ExportCheck) -> Found:
    """A dry run in words."""
    return Found(
        lines=tuple(_lines(check)),
        warnings=(
            *check.notices,
            *([MISTAKEN.format(many=count(check.with_text, "picture"))] if check.with_text else []),
        ),
        stays=tuple((reason, count(many, "image")) for reason, many in check.left_out.items()),
        rules=tuple(
            (_sentence(RULES.get(rule, rule)), count(many, "time"))
            for rule, many in sorted(check.fired.items(), key=lambda one: (-one[1], one[0]))
        ),
        sampled=check.pixels_checked < check.pixels_total,
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _lines(check: ExportCheck) -> list[tuple[str, str]]:
    lines = []
    if check.per_class:
        lines.append(("Synthetic images", counts(check.per_class)))
    if check.real_per_class:
        splits = {SPLIT_TITLES.get(name, name).lower(): many for name, many in check.real_per_split.items()}
        lines += [
            ("Real images", counts(check.real_per_class)),
            ("Parts", plain.listed(splits)),
            ("Looked at", f"{check.pixels_checked:,} of {check.pixels_total:,} source images"),
            ("Text in pixels", _outcome(check.with_text, check, "blacked out", "none found")),
            ("Faces", _outcome(check.defaced, check, "taken out", "none found")),
        ]
    if check.originals:
        lines.append(("Headers", f"{count(check.originals, 'DICOM file')} cleaned for trial, none written"))
    lines.append(("Image files", f"{check.files:,}, about {plain.size(check.bytes)} at most"))
    lines.append(("Free there", _free(check)))
    return lines


def _outcome(many: int, check: ExportCheck, done: str, none: str) -> str:
    if not check.pixels_checked:
        return "not looked at"
    return f"in {count(many, 'image')}; it will be {done}" if many else none


def _free(check: ExportCheck) -> str:
    disk = FILESYSTEMS.get(check.filesystem, "")
    free = "unknown" if check.free is None else plain.size(check.free)
    return f"{free} ({disk} disk)" if disk else free


def captions(path: Path) -> tuple[str, str]:
    """What a picture of the contact sheet shows, from its name: a caption, and what else is said of it."""
    kind = "Real" if path.stem.startswith("real") else "Synthetic"
    return ("Blacked out", kind.lower()) if covered(path) else (kind, "")


def covered(path: Path) -> bool:
    """Whether something is blacked out in a picture of the contact sheet."""
    return path.stem.endswith(COVERED)


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Pictures in which something is blacked out first: they are to be looked at."""
    return sorted(paths, key=lambda path: (not covered(path), path.name))
