"""What an audit judges and what it compares with: a sample set, its run, and the very images that the run learnt.

It reads; it measures and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.cohort import Cohort
from app.domain.errors import BadUsage, Refused
from app.domain.run import RunRecord
from app.domain.sample_set import Sample, SampleSetRecord
from app.services.history import COHORT, RECORD
from app.store import audits as audit_store
from app.store import cohorts as cohort_store
from app.store.folders import read_json
from app.store.project import Project
from app.worker.channel import Channel
from app.worker.prepare import ensure_prepared
from models.data.prepared import PreparedImages


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything that is judged, and what it is compared with.

    Attributes:
        samples: the sample set; kept: its pictures that were not thrown out.
        samples_sha256: hash of all its pictures.
        images: float32 ``(n, C, H, W)`` of ``kept``, in their order; labels: class indices.
        run, cohort, data: what the pictures were learnt from.
    """

    samples: SampleSetRecord
    kept: tuple[Sample, ...]
    samples_sha256: str
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    run: RunRecord
    cohort: Cohort
    data: PreparedImages


def load_subject(project: Project, samples_id: str, channel: Channel) -> Subject:
    """Read a sample set with the images that its run was trained on (prepared again where the cache was emptied).

    Raises:
        BadUsage: ``unknown-samples``, ``unknown-run``.
        Refused: ``nothing-to-export``, ``learnt-images-changed``.
    """
    samples = audit_store.load_samples(project, samples_id)
    kept = tuple(sample for sample in samples.samples if sample.kept)
    if not kept:
        raise Refused("nothing-to-export", samples=samples_id)
    run_record, cohort = learnt(project, samples)
    data = learnt_images(project, run_record, cohort, channel)
    images = np.load(project.samples / samples_id / audit_store.IMAGES_FILE, mmap_mode="r", allow_pickle=False)
    return Subject(
        samples=samples,
        kept=kept,
        samples_sha256=audit_store.images_sha256(project, samples_id),
        images=np.asarray(images[[sample.number for sample in kept]], dtype=np.float32),
        labels=np.asarray([data.classes.index(sample.label) for sample in kept], dtype=np.int64),
        run=run_record,
        cohort=cohort,
        data=data,
    )


def learnt(project: Project, samples: SampleSetRecord) -> tuple[RunRecord, Cohort]:
    """The run of a sample set, and the cohort as it was learnt.

    Raises:
        BadUsage: ``unknown-run``.
    """
    folder = project.runs / samples.run
    if not (folder / RECORD).exists():
        raise BadUsage("unknown-run", run=samples.run, known="")
    return RunRecord.from_json(read_json(folder / RECORD)), cohort_store.from_json(read_json(folder / COHORT))


def learnt_images(project: Project, record: RunRecord, cohort: Cohort, channel: Channel) -> PreparedImages:
    """The very images that a run was trained on; prepared again where the cache was emptied.

    Raises:
        Refused: ``learnt-images-changed``: they cannot be made again as they were, so copies cannot be ruled out.
        Failed: a source has gone.
    """
    before = project.root / record.prepared
    if record.prepared and (before / "prepared.json").exists():
        return PreparedImages.open(before)
    folder = ensure_prepared(project, cohort, channel)
    if record.prepared and before.name != folder.name:
        raise Refused("learnt-images-changed", run=record.id)
    return PreparedImages.open(folder)
