"""How every service starts its worker jobs: one place that knows the folders and the callbacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.jobs.process import Job, OnMessage, OnOutcome, Runner
from app.jobs.spec import JobSpec, Resource
from app.store.folders import new_id
from app.store.project import Project


class Starter:
    """Starts jobs for one project."""

    def __init__(self, project: Project, runner: Runner) -> None:
        self.project = project
        self.runner = runner

    def start(
        self,
        kind: str,
        params: dict[str, Any],
        *,
        resource: Resource = "cpu",
        folder: Path | None = None,
        on_message: OnMessage | None = None,
        on_outcome: OnOutcome | None = None,
    ) -> Job:
        """Start a job; its folder is in the cache where none is given."""
        where = folder if folder is not None else self.project.jobs / new_id(kind)
        spec = JobSpec(kind, str(self.project.root), str(where), params, resource)
        return self.runner.start(spec, on_message, on_outcome)
