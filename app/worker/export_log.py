"""What the project keeps of an export: its line of the log, from the story that its cards tell."""

from __future__ import annotations

from app.domain.export import ExportRecord
from app.store.folders import now
from app.worker.export_cards import Story
from app.worker.export_pages import PROGRAM


def record(story: Story, *, files: int, manifest_sha256: str, plan_sha256: str) -> ExportRecord:
    """The line of an export; its place in the chain is not known yet.

    Args:
        story: what the cards tell.
        files: files written, the manifest included.
        manifest_sha256: hash of the manifest.
        plan_sha256: hash of what decided the content.
    """
    request, real = story.request, bool(story.real_per_class)
    return ExportRecord(
        t=now(),
        out=request.out,
        samples=request.samples or "",
        cohort=request.cohort or "",
        files=files,
        per_class=story.per_class,
        real_per_class=story.real_per_class,
        left_out=len(story.left_out),
        manifest_sha256=manifest_sha256,
        previous="",
        profile=request.profile if real else "",
        options=request.options if real else (),
        formats=tuple(str(one) for one in request.formats),
        plan_sha256=plan_sha256,
        overrides=(request.reason,) if request.reason else (),
        program=PROGRAM,
    )
