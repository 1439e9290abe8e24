"""The export worker: from a request to a folder that may leave, or to nothing at all.

The order is the safety: audit, choose, look at pixels, write aside, check everything that was written, announce,
rename, log.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from app.domain.errors import Refused
from app.domain.export import ExportRequest
from app.jobs.spec import JobSpec
from app.services.export_place import check_space
from app.services.export_rules import check_request
from app.store import audits as audit_store
from app.store import exports as export_store
from app.store.exports import MANIFEST
from app.store.project import Project
from app.worker import export_log
from app.worker.channel import Channel
from app.worker.export_content import claim
from app.worker.export_landing import Staging, landing
from app.worker.export_making import Maker, Written
from app.worker.export_manifest import describe
from app.worker.export_task import Counter, Task, forbidden, prepared
from app.worker.export_verify import verify
from app.worker.export_zip import zip_folder

ARCHIVE, PACKED = "export.zip", "packed"


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Carry out ``params["request"]`` (an ``ExportRequest`` as JSON); ``params["plan"]`` is the one that was signed."""
    project = Project.open(Path(spec.project))
    try:
        request = ExportRequest.from_json(spec.params["request"])
        return export(project, request, channel, signed=str(spec.params.get("plan", "")))
    finally:
        project.close()


def export(project: Project, request: ExportRequest, channel: Channel, *, signed: str = "") -> dict[str, Any]:
    """Write the export, or nothing; where a person signed a plan, exactly that one.

    Raises:
        BadUsage: ``export-needs-samples``, ``export-needs-cohort``, ``unknown-samples``, ``unknown-cohort``,
            ``not-available``.
        Refused: ``folder-not-empty``, ``copies-found``, ``copies-unknown``, ``nothing-to-export``,
            ``no-real-images``, ``no-space``, ``learnt-images-changed``, ``export-running``, ``nothing-was-checked``,
            ``plan-changed``.
        Failed: ``unwritable``, ``disk-full``, ``source-missing``, ``source-damaged``, ``export-not-verified``,
            ``identity-in-export``.
        Stopped: nothing is left behind.
    """
    check_request(request)
    export_store.verify_chain(project)  # an export whose process was killed after its rename gets its line
    task = prepared(project, request, channel)
    if signed and task.plan != signed:
        raise Refused("plan-changed")
    out = Path(request.out)
    check_space(out, task.bytes)
    with landing(out, claim(project, task.plan)) as staging:
        written = Maker(task, staging, channel).write()
        hashes = describe(staging.root, written.story, written.files)
        manifest_sha256 = audit_store.file_sha256(staging.root / MANIFEST)
        _verify(staging.root, written, hashes, task, channel)
        record = export_log.record(
            written.story, files=len(hashes) + 1, manifest_sha256=manifest_sha256, plan_sha256=task.plan
        )
        if request.zipped:
            _packed(staging, channel, len(hashes) + 1)
        export_store.announce(project, record)
    export_store.append(project, record)
    return {
        "out": str(out),
        "files": len(hashes) + 1,
        "manifest": str(out / MANIFEST),
        "per_class": written.story.per_class,
        "real_per_class": written.story.real_per_class,
        "left_out": len(written.story.left_out),
        "plan_sha256": task.plan,
    }


def _packed(staging: Staging, channel: Channel, files: int) -> None:
    """One archive, read again, in the place of the folder; the manifest lies beside it as well."""
    channel.phase("Packing")
    packed = staging.root.with_name(PACKED)
    packed.mkdir()
    zip_folder(staging.root, packed / ARCHIVE, Counter(channel, 2 * files))
    shutil.copyfile(staging.root / MANIFEST, packed / MANIFEST)
    staging.root = packed


def _verify(root: Path, written: Written, hashes: dict[str, str], task: Task, channel: Channel) -> None:
    channel.phase("Checking what was written")
    counter = Counter(channel, len(hashes) + 1)
    verify(root, written.files, hashes, forbidden(task, written.identities), counter, pixels=written.pixels)
