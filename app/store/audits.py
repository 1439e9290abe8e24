"""Audits and sample sets as they lie in the project: found, read, and tied to the pictures that they speak for.

It must not know how pictures are judged or exported.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from app.domain.audit import AuditRecord
from app.domain.errors import BadUsage
from app.domain.sample_set import SampleSetRecord
from app.store.folders import read_json
from app.store.project import Project

SAMPLES_FILE = "samples.json"
IMAGES_FILE = "images.npy"
AUDIT_FILE = "audit.json"
REPORT_FILE = "report.html"
BLOCK = 1 << 20


def load_samples(project: Project, samples_id: str) -> SampleSetRecord:
    """The record of a sample set.

    Raises:
        BadUsage: ``unknown-samples``.
    """
    known = sorted(path.parent.name for path in project.samples.glob(f"*/{SAMPLES_FILE}"))
    if samples_id not in known:
        raise BadUsage("unknown-samples", samples=samples_id, known=", ".join(known) or "none")
    return SampleSetRecord.from_json(read_json(project.samples / samples_id / SAMPLES_FILE))


def images_sha256(project: Project, samples_id: str) -> str:
    """Hash of the pictures of a sample set."""
    return file_sha256(project.samples / samples_id / IMAGES_FILE)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def audit_records(project: Project) -> list[AuditRecord]:
    """All audits, newest first."""
    found = [AuditRecord.from_json(read_json(path)) for path in project.audits.glob(f"*/{AUDIT_FILE}")]
    return sorted(found, key=lambda record: (record.created, record.id), reverse=True)


def speaking_audit(project: Project, samples: SampleSetRecord) -> AuditRecord | None:
    """The newest audit that speaks for a sample set as it is now: the same pictures, and exactly those kept."""
    kept = {sample.number for sample in samples.samples if sample.kept}
    of_set = [record for record in audit_records(project) if record.samples == samples.id]
    if not of_set:
        return None
    digest = images_sha256(project, samples.id)
    return next((one for one in of_set if one.samples_sha256 == digest and one.judged() == kept), None)
