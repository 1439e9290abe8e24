"""The export worker: from a request to a folder that may leave, or to nothing at all.

The order is the safety: audit, choose, write aside, check everything that was written, rename, log.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.deid.leaks import Search
from app.deid.pseudonyms import Pseudonyms
from app.domain.audit import AuditRecord
from app.domain.cohort import Cohort
from app.domain.errors import Failed
from app.domain.export import ExportRequest, Format, Include
from app.domain.run import RunRecord
from app.domain.sample_set import SampleSetRecord
from app.domain.selection import Chosen, choose, folder_names
from app.jobs.spec import JobSpec
from app.services.export import check_request, check_space, estimated_bytes, training_counts
from app.store import audits as audit_store
from app.store.cohorts import Cohorts
from app.store.library import Library
from app.store.project import Project
from app.worker import export_cards, export_classes, export_log, export_pages
from app.worker.audit import audit
from app.worker.audit_subject import learnt
from app.worker.channel import Channel
from app.worker.export_landing import landing
from app.worker.export_sources import SourceFacts, Sources
from app.worker.export_verify import verify
from app.worker.export_write import Expected, write_pages
from app.worker.prepare import ensure_prepared
from models.data.prepared import PreparedImages


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Carry out ``params["request"]`` (an ``ExportRequest`` as JSON)."""
    project = Project.open(Path(spec.project))
    try:
        return export(project, request_from(spec.params["request"]), channel)
    finally:
        project.close()


def request_from(record: dict[str, Any]) -> ExportRequest:
    """A request from its JSON values."""
    formats = tuple(Format(name) for name in record["formats"])
    include = tuple(Include(name) for name in record["include"])
    return ExportRequest(**{**record, "formats": formats, "include": include})


def export(project: Project, request: ExportRequest, channel: Channel) -> dict[str, Any]:
    """Write the export, or nothing.

    Raises:
        BadUsage: ``export-needs-samples``, ``export-needs-cohort``, ``unknown-samples``, ``unknown-cohort``.
        Refused: ``folder-not-empty``, ``copies-found``, ``copies-unknown``, ``nothing-to-export``,
            ``no-real-images``, ``no-space``, ``learnt-images-changed``.
        Failed: ``unwritable``, ``disk-full``, ``source-missing``, ``export-not-verified``, ``identity-in-export``.
        Stopped: nothing is left behind.
    """
    check_request(request)
    content = _content(project, request, channel)
    out = Path(request.out)
    check_space(out, estimated_bytes(content.pictures, content.cohort.recipe.size, request.formats))
    sources = Sources(Library(project), content.cohort)
    channel.phase("Reading the sources' headers")
    facts = sources.facts(channel.check)
    content = _renamed(content, facts)
    sources.cohort = content.cohort  # from here on the classes carry their harmless names
    with landing(out) as root:
        expected, story = _write(root, project, content, _Origins(sources, facts), channel)
        export_cards.write_cards(root, story)
        hashes = export_cards.hashed(root)
        manifest = export_cards.write_manifest(root, story, hashes)
        manifest_sha256 = audit_store.file_sha256(manifest)
        _verify(root, expected, hashes, _search(project, facts), channel)
    export_log.append(project, story, files=len(hashes) + 1, manifest_sha256=manifest_sha256)
    return {
        "out": str(out),
        "files": len(hashes) + 1,
        "manifest": str(out / export_cards.MANIFEST),
        "per_class": story.per_class,
        "real_per_class": story.real_per_class,
        "left_out": len(story.left_out),
    }


@dataclass(frozen=True, slots=True)
class _Content:
    """What is to leave: decided before the first byte is written."""

    request: ExportRequest
    cohort: Cohort
    real: dict[str, int]
    data: PreparedImages | None
    chosen: Chosen
    samples: SampleSetRecord | None
    audit: AuditRecord | None
    run: RunRecord | None

    @property
    def pictures(self) -> int:
        return len(self.chosen.kept) + sum(self.real.values())


@dataclass(frozen=True, slots=True)
class _Origins:
    sources: Sources
    facts: SourceFacts


def _content(project: Project, request: ExportRequest, channel: Channel) -> _Content:
    samples, judged, run_record, cohort = None, None, None, None
    chosen = Chosen((), ())
    if request.samples and Include.SYNTHETIC in request.include:
        samples = audit_store.load_samples(project, request.samples)
        run_record, cohort = learnt(project, samples)
        judged = audit_store.speaking_audit(project, samples) or audit(project, samples.id, channel)
        chosen = choose(samples, judged)
    if request.cohort and (cohort is None or (Include.REAL in request.include and cohort.name != request.cohort)):
        cohort = Cohorts(project).load(request.cohort)
    assert cohort is not None  # check_request: there are samples or a cohort
    real: dict[str, int] = {}
    data = None
    if Include.REAL in request.include:
        real = training_counts(cohort)
        data = PreparedImages.open(ensure_prepared(project, cohort, channel))
    return _Content(request, cohort, real, data, chosen, samples, judged, run_record)


def _renamed(content: _Content, facts: SourceFacts) -> _Content:
    """The same content without identities in its class names."""
    search = Search({*facts.names, *facts.forbidden})
    names = export_classes.harmless_names(content.cohort.classes, search)
    if not names:
        return content
    cohort = export_classes.rename_cohort(content.cohort, names)
    renamed = replace(content, cohort=cohort, real=training_counts(cohort) if content.real else {})
    if content.samples is None or content.audit is None or content.run is None:
        return renamed
    samples = export_classes.rename_samples(content.samples, names)
    return replace(
        renamed,
        samples=samples,
        audit=export_classes.rename_audit(content.audit, names),
        run=export_classes.rename_run(content.run, names),
        chosen=choose(samples, content.audit),
    )


def _write(
    root: Path, project: Project, content: _Content, origins: _Origins, channel: Channel
) -> tuple[list[Expected], export_cards.Story]:
    request = content.request
    folders = folder_names({*content.chosen.counts(), *content.real})
    names = Pseudonyms(project.secret)
    counter = _Counter(channel, content.pictures)
    channel.phase("Writing images")
    expected: list[Expected] = []
    per_class: dict[str, int] = {}
    real_per_class: dict[str, int] = {}
    if content.samples is not None and content.audit is not None:
        images = _judged_images(project, content.audit)
        pages = export_pages.synthetic(content.samples, content.chosen.kept, images, origins.facts, names)
        written, per_class = write_pages(root, pages, request.formats, folders, counter)
        expected += written
    if content.data is not None:
        pages = export_pages.real(content.data, origins.sources, names)
        written, real_per_class = write_pages(root, pages, request.formats, folders, counter)
        expected += written
    story = export_cards.Story(
        request=request,
        per_class=per_class,
        real_per_class=real_per_class,
        folders=folders,
        left_out=content.chosen.left_out,
        kinds=origins.facts.kinds,
        recipe=content.cohort.recipe.to_json(),
        patients=content.cohort.patients()["train"] if content.cohort.patients_known else None,
        samples=content.samples,
        audit=content.audit,
        run=content.run,
        removed=origins.sources.removed() if content.real else 0,
    )
    return expected, story


def _judged_images(project: Project, judged: AuditRecord) -> Any:
    """The pictures that the audit spoke for; hashed once more right before they are used."""
    if audit_store.images_sha256(project, judged.samples) != judged.samples_sha256:
        raise Failed("samples-changed", samples=judged.samples)
    return np.load(project.samples / judged.samples / audit_store.IMAGES_FILE, mmap_mode="r", allow_pickle=False)


def _search(project: Project, facts: SourceFacts) -> Search:
    return Search({*facts.forbidden, str(project.root), str(Path.home())} - {"/"})


def _verify(root: Path, expected: list[Expected], hashes: dict[str, str], search: Search, channel: Channel) -> None:
    channel.phase("Checking what was written")
    verify(root, expected, hashes, search, _Counter(channel, len(hashes) + 1))


class _Counter:
    """Counts calls as progress, and is where the work may be stopped."""

    def __init__(self, channel: Channel, total: int) -> None:
        self._channel = channel
        self._done = 0
        self._total = total

    def __call__(self) -> None:
        self._channel.check()
        self._done += 1
        self._channel.progress(self._done, self._total)
