"""The project's log of what left: one JSON line an export, each tied to the line before by its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from app.domain.export import ExportRecord
from app.store.folders import now
from app.store.project import Project
from app.worker.export_cards import Story


def append(project: Project, story: Story, *, files: int, manifest_sha256: str) -> ExportRecord:
    """Add a line.

    Raises:
        OSError: the log cannot be written.
    """
    path = project.exports_log
    lines = path.read_bytes().splitlines() if path.exists() else []
    record = ExportRecord(
        t=now(),
        out=story.request.out,
        samples=story.request.samples or "",
        cohort=story.request.cohort or "",
        files=files,
        per_class=story.per_class,
        real_per_class=story.real_per_class,
        left_out=len(story.left_out),
        manifest_sha256=manifest_sha256,
        previous=hashlib.sha256(lines[-1]).hexdigest() if lines else "",
    )
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
    return record
