"""The audit worker: measures a sample set against the cohort that its run learnt, judges it, and writes the report.

Only the measuring knows torch (``models.evaluate``); the judging is ``app.domain.audit_rules``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain import audit_rules
from app.domain.audit import AuditRecord, Verdict
from app.jobs.spec import JobSpec
from app.store import audits as audit_store
from app.store.folders import new_id, now, staged, write_json
from app.store.project import Project
from app.versions import versions
from app.worker import audit_report
from app.worker.ancestry import Ancestry
from app.worker.audit_subject import Subject, load_subject
from app.worker.channel import Channel
from models.data.prepared import PreparedImages
from models.evaluate.measures import FEWEST, Measures, measure
from models.evaluate.neighbours import CopyCheck


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Judge ``params["samples"]`` as audit ``params["audit"]``."""
    project = Project.open(Path(spec.project))
    try:
        record = audit(project, spec.params["samples"], channel, audit_id=spec.params.get("audit"))
        verdicts = record.to_json()["verdicts"]
        return {
            "audit": record.id,
            "verdicts": verdicts,
            "metrics": {verdict["metric"]: verdict["figures"] for verdict in verdicts},
            "report": str(project.audits / record.id / audit_store.REPORT_FILE),
        }
    finally:
        project.close()


def audit(project: Project, samples_id: str, channel: Channel, *, audit_id: str | None = None) -> AuditRecord:
    """Measure and judge the kept pictures of a sample set, and leave ``audits/<id>/``.

    Raises:
        BadUsage: ``unknown-samples``, ``unknown-run``.
        Refused: ``nothing-to-export`` (every picture was thrown out), ``learnt-images-changed``.
        Failed: a source has gone.
        Stopped: nothing is left behind.
    """
    subject = load_subject(project, samples_id, channel)
    channel.phase("Measuring")
    ancestry = Ancestry(project, project.runs / subject.run.id, channel)
    figures = measure(subject.data, subject.images, subject.labels, seed=0, on_progress=_checked(channel))
    figures = _with_ancestors(figures, ancestry, subject.images)
    channel.check()
    record = _record(audit_id or new_id("audit"), subject, figures)
    channel.phase("Writing the report")
    with staged(project.audits / record.id) as folder:
        write_json(folder / audit_store.AUDIT_FILE, record.to_json())
        write_json(folder / "measures.json", figures.to_json())
        audit_report.write(folder, subject, record, figures, channel)
    return record


def _with_ancestors(figures: Measures, ancestry: Ancestry, images: NDArray[np.float32]) -> Measures:
    """Copies of what stands behind the run count like copies of what it learnt itself."""
    own = figures.copies
    if own is None:
        return figures
    if not ancestry.is_whole:
        return replace(figures, copies=None, missing={**figures.missing, "copies": "start-unknown"})
    both = np.asarray(own.suspect) | ancestry.suspects(images)
    return replace(figures, copies=replace(own, suspect=tuple(map(bool, both)), share=float(both.mean())))


def _checked(channel: Channel) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        channel.check()
        channel.progress(done, total)

    return progress


def _record(audit_id: str, subject: Subject, figures: Measures) -> AuditRecord:
    found = figures.copies
    numbers = [sample.number for sample in subject.kept]
    suspected: tuple[int, ...] = ()
    nearest = tuple((number, -1, 0.0) for number in numbers)
    if found is not None:
        suspected = tuple(n for n, suspect in zip(numbers, found.suspect, strict=True) if suspect)
        nearest = tuple(zip(numbers, found.nearest, found.distance, strict=True))
    return AuditRecord(
        id=audit_id,
        samples=subject.samples.id,
        samples_sha256=subject.samples_sha256,
        created=now(),
        verdicts=_verdicts(subject, figures),
        suspected_copies=suspected,
        nearest=nearest,
        reference=found.reference if found is not None else "",
        versions=versions(),
    )


def strange_share(data: PreparedImages, distances: Sequence[float]) -> float | None:
    """Share of pictures that are further from every training image than 19 of 20 unseen real images are.

    Args:
        data: the prepared cohort.
        distances: of each picture to its nearest training image, as ``CopyCheck`` measures it.

    Returns:
        0.05 is what real images have; ``None`` where fewer than ``FEWEST`` images were kept unseen.
    """
    unseen = np.concatenate([data.subset("val"), data.subset("test")])
    if len(unseen) < FEWEST or not len(distances):
        return None
    usual = float(np.quantile(CopyCheck(data).nearest(data.images(unseen)).distance, 0.95))
    return float(np.mean(np.asarray(distances) > usual))


def _verdicts(subject: Subject, figures: Measures) -> tuple[Verdict, ...]:
    missing = figures.missing
    found = figures.copies
    copy_figures = None
    strange = None if found is None else strange_share(subject.data, found.distance)
    if found is not None:
        copy_figures = audit_rules.CopyFigures(
            generated=len(subject.kept),
            suspected=sum(found.suspect),
            screened_out=subject.samples.screened_out,
            reference=found.reference,
            references=found.n_reference,
        )
    return (
        audit_rules.fidelity(
            figures.frechet, figures.frechet_floor, figures.n_compared, missing.get("frechet", ""), strange
        ),
        audit_rules.classes(figures.accuracy, figures.agreement, missing.get("accuracy", "")),
        audit_rules.copies(copy_figures, missing.get("copies", "")),
    )
