"""Exports: what would leave (the dry run), have it leave, and what left before."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from app.domain.cohort import Cohort
from app.domain.errors import BadUsage, Refused
from app.domain.export import ExportPlan, ExportRecord, ExportRequest, Format, Include
from app.domain.sample_set import SampleSetRecord
from app.domain.selection import Chosen, LeftOut, choose
from app.jobs.process import Job, OnMessage, OnOutcome
from app.services.audit import Audits
from app.services.cohorts import Cohorts
from app.services.generation import Generation
from app.services.history import COHORT
from app.services.starting import Starter
from app.store import cohorts as cohort_store
from app.store.folders import read_events, read_json

FILES_A_PICTURE = {Format.PNG: 1, Format.DICOM: 1, Format.NIFTI: 2}
CARDS = 4
"""README.txt, datacard.md, datacard.html and manifest.json."""
CARDS_BYTES = 40_000
HEADER_BYTES = {Format.PNG: 600, Format.DICOM: 2_500, Format.NIFTI: 1_500}
BITS_16 = 2
"""Bytes of a pixel; compressed formats stay below."""

PROFILES = ("basic",)
"""De-identification profiles: the allow-list alone."""

REAL_NOTICE = (
    "Real images are included. Their headers are left behind except for a short list of technical values, and their "
    "identifiers are replaced. The pictures themselves were NOT checked for burned-in text or recognisable faces: "
    "look at them before you share them."
)
UNREVIEWED_NOTICE = "The pictures have not been reviewed yet. They will be before anything is written."
NAMES_NOTICE = "Class names leave with the images: {names}. A patient's name or identifier in them is cut out."


class Exports:
    """The exports of a project."""

    def __init__(self, starter: Starter, cohorts: Cohorts, generation: Generation, audits: Audits) -> None:
        self._starter = starter
        self._cohorts = cohorts
        self._generation = generation
        self._audits = audits

    def plan(self, request: ExportRequest) -> ExportPlan:
        """What ``start`` would write, as far as it is known without looking at the pictures.

        Raises:
            BadUsage: ``export-needs-samples``, ``export-needs-cohort``, ``unknown-samples``, ``unknown-cohort``.
            Refused: ``folder-not-empty``, ``copies-found``, ``copies-unknown``, ``nothing-to-export``,
                ``no-real-images``, ``no-space``.
        """
        check_request(request)
        samples = self._generation.load(request.samples) if request.samples else None
        cohort = self._cohort(request, samples)
        notices: list[str] = []
        chosen = Chosen((), ())
        if samples is not None and Include.SYNTHETIC in request.include:
            chosen = self._chosen(samples, notices)
        real: dict[str, int] = {}
        if Include.REAL in request.include and cohort is not None:
            real = training_counts(cohort)
            notices.append(REAL_NOTICE)
        notices.append(NAMES_NOTICE.format(names=", ".join(sorted({*chosen.counts(), *real}))))
        pictures = len(chosen.kept) + sum(real.values())
        side = cohort.recipe.size if cohort is not None else self._side(request)
        kinds = bool(chosen.kept) + bool(real)
        plan = ExportPlan(
            files=pictures * sum(FILES_A_PICTURE[f] for f in request.formats) + kinds * len(request.formats) + CARDS,
            per_class=chosen.counts(),
            real_per_class=real,
            bytes=estimated_bytes(pictures, side, request.formats),
            left_out=summarised(chosen.left_out),
            notices=tuple(notices),
        )
        check_space(Path(request.out), plan.bytes)
        return plan

    def start(
        self, request: ExportRequest, *, on_message: OnMessage | None = None, on_outcome: OnOutcome | None = None
    ) -> Job:
        """Write the export in a worker. Raises as ``plan`` for what can be known at once.

        Raises:
            BadUsage: ``export-needs-samples``, ``export-needs-cohort``, ``unknown-samples``, ``unknown-cohort``.
            Refused: ``folder-not-empty``.
        """
        check_request(request)
        if request.samples:
            self._generation.load(request.samples)
        params = {"request": asdict(request)}
        return self._starter.start("export", params, on_message=on_message, on_outcome=on_outcome)

    def records(self) -> list[ExportRecord]:
        """What left the project, newest first."""
        lines = read_events(self._starter.project.exports_log)
        return [ExportRecord.from_json(line) for line in reversed(lines)]

    def _cohort(self, request: ExportRequest, samples: SampleSetRecord | None) -> Cohort | None:
        """The cohort as the run of the sample set learnt it; the present one where no run is involved."""
        if samples is not None:
            kept = self._starter.project.runs / samples.run / COHORT
            if kept.exists():
                learnt = cohort_store.from_json(read_json(kept))
                if request.cohort in (None, learnt.name):
                    return learnt
        return None if request.cohort is None else self._cohorts.load(request.cohort)

    def _chosen(self, samples: SampleSetRecord, notices: list[str]) -> Chosen:
        audit = self._audits.latest(samples.id)
        if audit is not None and audit.judged() == {sample.number for sample in samples.samples if sample.kept}:
            return choose(samples, audit)
        notices.append(UNREVIEWED_NOTICE)
        return Chosen(tuple(s for s in samples.samples if s.kept), ())

    def _side(self, request: ExportRequest) -> int:
        return int(self._generation.images(request.samples).shape[-1]) if request.samples else 0


def check_request(request: ExportRequest) -> None:
    """Refuse what cannot be carried out, before any work.

    Raises:
        BadUsage: ``export-needs-samples``, ``export-needs-cohort``, ``not-available`` (another profile).
        Refused: ``folder-not-empty``.
    """
    if Include.SYNTHETIC in request.include and not request.samples:
        raise BadUsage("export-needs-samples")
    if Include.REAL in request.include and not request.cohort:
        raise BadUsage("export-needs-cohort")
    if request.profile not in PROFILES:
        raise BadUsage("not-available", option=f"The de-identification profile “{request.profile}”")
    out = Path(request.out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refused("folder-not-empty", path=str(out))


def training_counts(cohort: Cohort) -> dict[str, int]:
    """Real images that may leave, per class.

    Raises:
        Refused: ``no-real-images``.
    """
    counts = {name: splits["train"] for name, splits in cohort.counts().items() if splits["train"]}
    if not counts:
        raise Refused("no-real-images", name=cohort.name)
    return counts


def estimated_bytes(pictures: int, side: int, formats: tuple[Format, ...]) -> int:
    """Upper estimate of an export's size."""
    return CARDS_BYTES + pictures * sum(side * side * BITS_16 + HEADER_BYTES[one] for one in formats)


def check_space(out: Path, needed: int) -> None:
    """Refuse where the disk of ``out`` has no room for ``needed`` bytes.

    Raises:
        Refused: ``no-space``.
    """
    there = next((folder for folder in (out, *out.parents) if folder.is_dir()), None)
    free = shutil.disk_usage(there).free if there is not None else needed
    if free < needed:
        raise Refused("no-space", path=str(out), free=free // 1_000_000, needed=-(-needed // 1_000_000))


def summarised(left_out: tuple[LeftOut, ...]) -> tuple[str, ...]:
    """One sentence per reason and class."""
    counted = Counter((one.label, one.reason) for one in left_out)
    return tuple(f"{count} of {label}: {reason}" for (label, reason), count in sorted(counted.items()))
