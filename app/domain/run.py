"""Run: one training, with its recipe, seed, versions, checkpoints and events."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class RunState(StrEnum):
    """Where a run stands; read from its folder, never stored twice."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Its worker ended without a last word: the program was closed or killed. It can be resumed."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """``run.json``: everything needed to do the training again.

    Attributes:
        id: folder name (time and a short random part, no identity).
        cohort: name of the cohort.
        prepared: folder of the prepared arrays, relative to the project.
        family: registry name, already chosen where the person said "auto".
        reason: why that family and size, one sentence.
        budget_s: training seconds allowed, or ``None``.
        steps: training steps allowed, or ``None``.
        seed: seed of everything random.
        device: "cpu", "cuda:0", "mps".
        created: ISO time (UTC).
        versions: program and library versions.
        recipe: the cohort's recipe as JSON.
        classes: class names in label order.
        devices: how many devices share every step.
        start: what the run began with besides its pictures (``models.start.taken.Taken``, the file's name, and the id
            of the run of this project that it belongs to); empty where it began anew.
        faces: what became of faces in the series that it learnt from (``app.domain.heads.tally``); empty where none
            could show one, or where an earlier version made the record.
    """

    id: str
    cohort: str
    prepared: str
    family: str
    reason: str
    budget_s: float | None
    steps: int | None
    seed: int
    device: str
    created: str
    versions: dict[str, str] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    devices: int = 1
    start: dict[str, Any] = field(default_factory=dict)
    faces: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> RunRecord:
        """Inverse of ``to_json``."""
        return cls(**{**record, "classes": tuple(record["classes"])})
