"""What is to leave: decided, and tied to one hash, before the first byte is written or the first pixel checked."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from app.deid.leaks import Search
from app.domain.audit import AuditRecord
from app.domain.cohort import Cohort, Item
from app.domain.export import ExportRequest, Include
from app.domain.run import RunRecord
from app.domain.sample_set import SampleSetRecord
from app.domain.selection import Chosen, choose
from app.services.export_rules import real_items
from app.store import audits as audit_store
from app.store.cohorts import Cohorts
from app.store.project import Project
from app.worker import export_classes
from app.worker.audit import audit
from app.worker.audit_subject import learnt
from app.worker.channel import Channel
from app.worker.export_landing import Claim
from app.worker.export_pages import PROGRAM
from app.worker.export_sources import SourceFacts, Sources
from app.worker.prepare import ensure_prepared
from models.data.prepared import PreparedImages

FORMAT = 1
"""Raised when the same content is written in another way: a staging folder of before is of no use then."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is to leave.

    Attributes:
        request: what was asked.
        cohort: whose real images leave, or from whose the synthetic ones were learnt.
        items: real images that leave unless their check fails.
        data: prepared pictures of the cohort; ``None`` without real images.
        chosen: synthetic pictures that leave, and those that stay.
        samples, audit, run: where synthetic pictures come from; ``None`` without any.
    """

    request: ExportRequest
    cohort: Cohort
    items: tuple[Item, ...]
    data: PreparedImages | None
    chosen: Chosen
    samples: SampleSetRecord | None
    audit: AuditRecord | None
    run: RunRecord | None

    @property
    def pictures(self) -> int:
        """Pictures of both kinds."""
        return len(self.chosen.kept) + len(self.items)

    @property
    def real(self) -> dict[str, int]:
        """Real images per class."""
        return dict(Counter(item.label for item in self.items))

    @property
    def per_split(self) -> dict[str, int]:
        """Real images per split."""
        return dict(Counter(item.split for item in self.items))


def content(project: Project, request: ExportRequest, channel: Channel) -> Content:
    """Settle what leaves, with an audit of the synthetic pictures where none speaks for them yet.

    Raises:
        BadUsage: ``unknown-samples``, ``unknown-cohort``.
        Refused: ``copies-found``, ``copies-unknown``, ``nothing-to-export``, ``no-real-images``,
            ``learnt-images-changed``.
        Failed: ``source-missing``, ``source-damaged``.
        Stopped: from ``channel``.
    """
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
    items: tuple[Item, ...] = ()
    data = None
    if Include.REAL in request.include:
        items = real_items(cohort, request.splits)
        data = PreparedImages.open(ensure_prepared(project, cohort, channel))
    return Content(request, cohort, items, data, chosen, samples, judged, run_record)


def renamed(content: Content, facts: SourceFacts) -> Content:
    """The same content without identities in its class names."""
    search = Search({*facts.names, *facts.forbidden})
    names = export_classes.harmless_names(content.cohort.classes, search)
    if not names:
        return content
    cohort = export_classes.rename_cohort(content.cohort, names)
    items = real_items(cohort, content.request.splits) if content.items else ()
    harmless = replace(content, cohort=cohort, items=items)
    if content.samples is None or content.audit is None or content.run is None:
        return harmless
    samples = export_classes.rename_samples(content.samples, names)
    return replace(
        harmless,
        samples=samples,
        audit=export_classes.rename_audit(content.audit, names),
        run=export_classes.rename_run(content.run, names),
        chosen=choose(samples, content.audit),
    )


def plan_sha256(content: Content, sources: Sources) -> str:
    """Hash of everything that decides what the export will be; where it goes to is no part of it."""
    request = {key: value for key, value in content.request.to_json().items() if key != "out"}
    items = [[item.series, item.index, item.label, item.split, item.patient] for item in content.items]
    files = {
        key: [[one.sha256, one.index] for one in series.instances] if (series := sources.of_key(key)) else None
        for key in dict.fromkeys(item.series for item in content.items)
    }
    synthetic: list[Any] = []
    if content.samples is not None and content.audit is not None:
        kept = [sample.number for sample in content.chosen.kept]
        synthetic = [content.samples.id, content.audit.samples_sha256, content.audit.id, kept]
    recipe = content.cohort.recipe.to_json()
    told = json.dumps([FORMAT, PROGRAM, request, recipe, items, files, synthetic], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def claim(project: Project, plan: str) -> Claim:
    """Whose work a staging folder for this plan is; neither part tells anything without the project's secret."""

    def keyed(*parts: str) -> str:
        return hmac.new(project.secret, "\x1f".join(("export-staging", *parts)).encode(), hashlib.sha256).hexdigest()

    return Claim(owner=keyed("owner")[:32], key=keyed("plan", plan)[:12])
