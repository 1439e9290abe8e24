"""Audits: have a sample set judged, and find the judgement that still speaks for it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from app.domain.audit import AuditRecord
from app.domain.errors import BadUsage
from app.jobs.process import Job, OnMessage, OnOutcome
from app.services.generation import IMAGES, Generation
from app.services.starting import Starter
from app.store.folders import new_id, read_json

RECORD = "audit.json"
REPORT = "report.html"


class Audits:
    """The audits of a project."""

    def __init__(self, starter: Starter, generation: Generation) -> None:
        self._starter = starter
        self._generation = generation
        self._hashes: dict[tuple[str, int, int], str] = {}

    def start(
        self, samples_id: str, *, on_message: OnMessage | None = None, on_outcome: OnOutcome | None = None
    ) -> Job:
        """Judge a sample set in a worker; ``job.spec.params["audit"]`` is the id of the audit to be.

        Raises:
            BadUsage: ``unknown-samples``.
        """
        self._generation.load(samples_id)
        params = {"samples": samples_id, "audit": new_id("audit")}
        return self._starter.start("audit", params, on_message=on_message, on_outcome=on_outcome)

    def latest(self, samples_id: str) -> AuditRecord | None:
        """The newest audit that was made of these very pictures; ``None`` where there is none.

        Raises:
            BadUsage: ``unknown-samples``.
        """
        self._generation.load(samples_id)
        digest = self._sha256(self._starter.project.samples / samples_id / IMAGES)
        return next((a for a in self.records() if a.samples == samples_id and a.samples_sha256 == digest), None)

    def records(self) -> list[AuditRecord]:
        """All audits, newest first."""
        paths = self._starter.project.audits.glob(f"[!.]*/{RECORD}")
        found = [AuditRecord.from_json(read_json(path)) for path in paths]
        return sorted(found, key=lambda record: (record.created, record.id), reverse=True)

    def report_path(self, audit_id: str) -> Path:
        """The report page of an audit.

        Raises:
            BadUsage: ``unknown-audit``.
        """
        folder = self._starter.project.audits / audit_id
        if not audit_id or Path(audit_id).name != audit_id or not (folder / RECORD).exists():
            raise BadUsage("unknown-audit", audit=audit_id)
        return folder / REPORT

    def _sha256(self, path: Path) -> str:
        """Hash of a file, read again only where the file has changed."""
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns)
        if key not in self._hashes:
            with path.open("rb") as file:
                self._hashes[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._hashes[key]
