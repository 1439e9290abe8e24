"""The sample project: makes the invented patients inside the project folder, then imports them like any others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.imaging import phantom
from app.jobs.spec import JobSpec
from app.store.project import Project
from app.worker.channel import Channel
from app.worker.intake import import_paths

FOLDER = "sample"


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Write ``params["patients"]`` patients under ``sample/seed-<params["seed"]>`` and import them."""
    project = Project.open(Path(spec.project))
    try:
        channel.phase("Scanning invented patients")

        def on_progress(done: int, total: int) -> None:
            channel.check()
            channel.progress(done, total)

        folder = project.root / FOLDER / f"seed-{spec.params.get('seed', 0)}"
        wanted = {
            name: int(spec.params[name]) for name in ("patients", "slices", "size", "seed") if name in spec.params
        }
        phantom.make(folder, on_progress=on_progress, **wanted)
        return import_paths(project, [folder], channel)
    finally:
        project.close()
