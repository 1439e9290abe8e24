"""Audit: measured evidence on a sample set, and the rules that turn it into verdicts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """What a person may conclude."""

    PASS = "pass"
    CAUTION = "caution"
    FAIL = "fail"
    UNKNOWN = "unknown"
    """Too few images to say anything."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One metric, judged.

    Attributes:
        metric: "fidelity", "classes" or "copies".
        level: the conclusion.
        sentence: the conclusion in plain words, with its figures.
        figures: the numbers behind it.
    """

    metric: str
    level: Level
    sentence: str
    figures: dict[str, float | int | str | None]


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """``audit.json``.

    Attributes:
        id: folder name.
        samples: the sample set judged.
        samples_sha256: hash of its ``images.npy``; an audit speaks for these pictures only.
        created: ISO time (UTC).
        verdicts: one per metric.
        suspected_copies: numbers of the pictures that are nearer to a training image than any held-out image is.
        nearest: for every picture, the nearest training image: (number, training source index, distance).
        reference: what the copy rule compared with ("held-out", "other patients", "neighbouring slices").
    """

    id: str
    samples: str
    samples_sha256: str
    created: str
    verdicts: tuple[Verdict, ...]
    suspected_copies: tuple[int, ...]
    nearest: tuple[tuple[int, int, float], ...]
    reference: str
    versions: dict[str, str]

    def level(self, metric: str) -> Level:
        """Level of one metric; ``UNKNOWN`` where it was not measured."""
        return next((v.level for v in self.verdicts if v.metric == metric), Level.UNKNOWN)

    def judged(self) -> set[int]:
        """Numbers of the pictures that the audit looked at."""
        return {number for number, _, _ in self.nearest}

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> AuditRecord:
        """Inverse of ``to_json``."""
        verdicts = tuple(Verdict(**{**v, "level": Level(v["level"])}) for v in record["verdicts"])
        return cls(
            **{
                **record,
                "verdicts": verdicts,
                "suspected_copies": tuple(record["suspected_copies"]),
                "nearest": tuple((int(a), int(b), float(c)) for a, b, c in record["nearest"]),
            }
        )
