"""The four working rooms' services without processes: training, generation, audit and export that a test drives."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from app.domain.audit import AuditRecord, Level, Verdict
from app.domain.cohort import Cohort
from app.domain.condition import Attribute
from app.domain.errors import Refused
from app.domain.export import ExportPlan, ExportRecord, ExportRequest, Include
from app.domain.recipe import Recipe
from app.domain.run import RunRecord, RunState
from app.domain.sample_set import Sample, SampleSetRecord
from app.jobs.messages import Message
from app.services.priors import Prior
from app.store.exports import Chain
from tests.helpers.fake_services import FakeJob, FakeServices, Jobs, two_classes

CLASSES = ("nodule", "normal")


@dataclass(frozen=True)
class Run:
    """``services.training.RunInfo`` as the rooms read it."""

    record: RunRecord
    state: RunState
    last_step: int = 40
    checkpoint: Path | None = Path("checkpoints/step-000040")
    folder: Path = Path("run")
    seconds: float = 120.0


def run_record(run_id: str, cohort: str = "chest", family: str = "vae") -> RunRecord:
    created = "2026-11-21T12:15:00+00:00"
    return RunRecord(run_id, cohort, "prepared", family, "", 600.0, None, 0, "cpu", created, classes=CLASSES)


def sample_set(set_id: str, run_id: str, per_class: int = 3) -> SampleSetRecord:
    labels = [name for name in CLASSES for _ in range(per_class)]
    samples = tuple(Sample(number, name, number) for number, name in enumerate(labels))
    return SampleSetRecord(
        set_id, run_id, "step-000040", "ab", None, None, 0, "2026-11-21T12:20:00+00:00", 2, (0.0, 1.0), None, samples
    )  # fmt: skip


class FakeTraining:
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._numbers = itertools.count(1)
        self.held: list[Run] = []
        self.histories: dict[str, list[Message]] = {}
        self.asked: list[dict[str, Any]] = []
        self.resumed: list[str] = []
        self.more: list[dict[str, Any]] = []
        self.refuse: Refused | None = None
        self.starts: list[Prior] = []

    def priors(self, family: str, size: int, channels: int = 1, *, runs: list[Run] | None = None) -> list[Prior]:
        fitting = (one for one in self.starts if one.size == size or one.family == "diffusion")
        return [one for one in fitting if family in ("auto", one.family)]

    def start(self, cohort: Cohort, *, on_message: Any = None, on_outcome: Any = None, **options: Any) -> FakeJob:
        if self.refuse is not None:
            raise self.refuse
        self.asked.append({"cohort": cohort.name, **options})
        run_id = f"run-{next(self._numbers)}"
        self.held.insert(0, Run(run_record(run_id, cohort.name), RunState.RUNNING, checkpoint=None, seconds=0))
        return self._jobs.start("train", {"run": run_id}, on_message, on_outcome)

    def resume(self, run_id: str, *, on_message: Any = None, on_outcome: Any = None, **more: Any) -> FakeJob:
        self.resumed.append(run_id)
        self.more.append(more)
        self.becomes(run_id, RunState.RUNNING)
        return self._jobs.start("train", {"run": run_id}, on_message, on_outcome)

    def becomes(self, run_id: str, state: RunState, checkpoint: Path | None = Path("checkpoints/a")) -> None:
        self.held = [
            replace(one, state=state, checkpoint=checkpoint) if one.record.id == run_id else one for one in self.held
        ]

    def runs(self) -> list[Run]:
        return list(self.held)

    def run(self, run_id: str) -> Run:
        return next(one for one in self.held if one.record.id == run_id)

    def history(self, run_id: str) -> list[Message]:
        return list(self.histories.get(run_id, []))


class FakeGeneration:
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self.held: dict[str, SampleSetRecord] = {}
        self.asked: list[dict[str, Any]] = []
        self.known: dict[str, tuple[Attribute, ...]] = {}

    def attributes(self, run_id: str) -> tuple[Attribute, ...]:
        return self.known.get(run_id, ())

    def start(self, run_id: str, *, on_message: Any = None, on_outcome: Any = None, **options: Any) -> FakeJob:
        self.asked.append({"run": run_id, **options})
        return self._jobs.start("sample", {"samples": f"set-{len(self.asked)}"}, on_message, on_outcome)

    def sets(self) -> list[SampleSetRecord]:
        return list(self.held.values())

    def load(self, set_id: str) -> SampleSetRecord:
        return self.held[set_id]

    def images(self, set_id: str) -> np.ndarray:
        count = len(self.held[set_id].samples)
        return np.linspace(-1, 1, count * 64, dtype=np.float32).reshape(count, 1, 8, 8)

    def throw_out(self, set_id: str, numbers: Sequence[int], kept: bool = False) -> None:
        record = self.held[set_id]
        samples = tuple(replace(one, kept=kept) if one.number in numbers else one for one in record.samples)
        self.held[set_id] = replace(record, samples=samples)


class FakeAudits:
    def __init__(self, jobs: Jobs, root: Path) -> None:
        self._jobs = jobs
        self._root = root
        self.held: list[AuditRecord] = []
        self.matching = True

    def start(self, set_id: str, *, on_message: Any = None, on_outcome: Any = None) -> FakeJob:
        return self._jobs.start("audit", {"samples": set_id, "audit": "audit-1"}, on_message, on_outcome)

    def latest(self, set_id: str) -> AuditRecord | None:
        return next((one for one in self.held if one.samples == set_id), None) if self.matching else None

    def records(self) -> list[AuditRecord]:
        return list(self.held)

    def report_path(self, audit_id: str) -> Path:
        return self._root / audit_id / "report.html"

    def add(self, samples: SampleSetRecord) -> AuditRecord:
        """An audit with one verdict of every level; pictures 0 and 4 are the nearest, 4 is a suspected copy."""
        verdicts = (
            Verdict("fidelity", Level.PASS, "They look like real ones.", {"frechet": 1.234567}),
            Verdict("classes", Level.CAUTION, "Normal is often taken for nodule.", {"agreement": 0.7, "images": 1200}),
            Verdict("copies", Level.FAIL, "One image is nearly a training image.", {"suspected": 1}),
            Verdict("variety", Level.UNKNOWN, "Too few images to say.", {"spread": None}),
        )
        distances = {0: 0.1, 4: 0.3}
        nearest = tuple((one.number, 7, distances.get(one.number, 1.0 + one.number)) for one in samples.samples)
        made = AuditRecord("audit-1", samples.id, "ab", "2026-11-21T12:30:00+00:00", verdicts, (4,), nearest, "", {})
        folder = self._root / made.id / "pairs"
        folder.mkdir(parents=True)
        for one in samples.samples:
            Image.new("L", (16, 8), 20 * one.number).save(folder / f"{one.number}.png")
        self.held.append(made)
        return made


PLAN = "ab" * 32
"""What the fake checks and exports say they are."""


def checked(request: ExportRequest, **changes: Any) -> dict[str, Any]:
    """What a dry run returns: five synthetic pictures and, where asked for, twelve real ones of which two stay."""
    real = Include.REAL in request.include
    values: dict[str, Any] = {
        "id": "export-check-1",
        "request": request.to_json(),
        "plan_sha256": PLAN,
        "files": 6,
        "bytes": 12_300,
        "per_class": {"nodule": 3, "normal": 2} if Include.SYNTHETIC in request.include else {},
        "real_per_class": {"nodule": 12} if real else {},
        "real_per_split": {"train": 10, "test": 2} if real else {},
        "originals": 4 if real else 0,
        "fired": {"removed": 40, "uid": 12} if real else {},
        "left_out": {"Its pixels could not be checked for burned-in text.": 2} if real else {},
        "pixels_checked": 6 if real else 0,
        "pixels_total": 12 if real else 0,
        "with_text": 1 if real else 0,
        "defaced": 0,
        "notices": ["The target disk is formatted as FAT."],
        "filesystem": "vfat",
        "free": 64_000_000,
        "html": "exports/export-check-1/signoff.html",
        "pdf": "exports/export-check-1/signoff.pdf",
    }
    return values | changes


class FakeExports:
    """``refuse`` is what the estimate says; jobs are driven by the test."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self.plans: list[ExportRequest] = []
        self.checks: list[tuple[ExportRequest, bool]] = []
        self.asked: list[ExportRequest] = []
        self.signed: list[str] = []
        self.refuse: Refused | None = None
        self.held: list[ExportRecord] = []
        self.broken: int | None = None

    def plan(self, request: ExportRequest) -> ExportPlan:
        self.plans.append(request)
        if self.refuse is not None:
            raise self.refuse
        real = {"nodule": 12} if Include.REAL in request.include else {}
        return ExportPlan(6, {"nodule": 3, "normal": 2}, real, 12_300, ("Image 4 is a suspected copy.",), ("Look.",))

    def check(
        self, request: ExportRequest, *, pixels: bool = False, on_message: Any = None, on_outcome: Any = None
    ) -> FakeJob:
        self.checks.append((request, pixels))
        return self._jobs.start("export-check", {}, on_message, on_outcome)

    def start(
        self, request: ExportRequest, *, plan: str = "", on_message: Any = None, on_outcome: Any = None
    ) -> FakeJob:
        self.asked.append(request)
        self.signed.append(plan)
        return self._jobs.start("export", {}, on_message, on_outcome)

    def records(self) -> list[ExportRecord]:
        return list(self.held)

    def verify_log(self) -> Chain:
        holds = f"{len(self.held)} in the log; no line was changed or removed."
        return Chain(len(self.held), self.broken, holds if self.broken is None else "The log was changed at line 1.")


@dataclass
class WorkingServices(FakeServices):
    """A project in ``root`` with one cohort, "chest", of two classes."""

    root: Path = field(default_factory=Path)

    def __post_init__(self) -> None:
        super().__init__(two_classes())
        self.project = SimpleNamespace(root=self.root, audits=self.root / "audits")
        self.cohorts.make("chest", Recipe(size=32))
        self.training = FakeTraining(self.jobs)
        self.generation = FakeGeneration(self.jobs)
        self.audits = FakeAudits(self.jobs, self.root / "audits")
        self.exports = FakeExports(self.jobs)
        self.hardware = SimpleNamespace(devices=lambda: [SimpleNamespace(id="cpu", name="Processor")])

    def trained(self, run_id: str = "run-0", state: RunState = RunState.DONE) -> Run:
        made = Run(run_record(run_id), state)
        self.training.held.insert(0, made)
        return made

    def drawn(self, set_id: str = "set-0") -> SampleSetRecord:
        run = self.training.held[0] if self.training.held else self.trained()
        made = sample_set(set_id, run.record.id)
        self.generation.held[set_id] = made
        return made
