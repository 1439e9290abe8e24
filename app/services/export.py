"""Exports: what would leave (the dry run), have it leave, and what left before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from app.domain.cohort import Cohort, Item
from app.domain.deid import Profile
from app.domain.export import ExportPlan, ExportRecord, ExportRequest, Format, Include
from app.domain.heads import remark
from app.domain.run import RunRecord
from app.domain.sample_set import SampleSetRecord
from app.domain.selection import Chosen, choose
from app.jobs.process import Job, OnMessage, OnOutcome
from app.services.audit import Audits
from app.services.cohorts import Cohorts
from app.services.export_place import Place, check_space, warnings
from app.services.export_rules import check_request, real_items, summarised
from app.services.export_size import Size, originals, sized
from app.services.generation import Generation
from app.services.history import COHORT, RECORD
from app.services.starting import Starter
from app.store import cohorts as cohort_store
from app.store import exports as export_store
from app.store.exports import Chain
from app.store.folders import read_json
from app.store.library import Library

LONGEST_PATH = 120
"""Characters of the longest path below an export: kind, format, split, class, file."""

REAL_NOTICES = {
    Profile.MAXIMUM: (
        "Real images are included. Every header is cleaned, and every picture is checked for burned-in text and for "
        "faces. An image that cannot be checked does not leave."
    ),
    Profile.RESEARCH: (
        "Real images are included, with dates shifted, sex and a band of ages kept. Every picture is checked for "
        "burned-in text and for faces. An image that cannot be checked leaves as well, and says in its header that "
        "its patient's identity was not removed."
    ),
}
UNREVIEWED_NOTICE = "The pictures have not been reviewed yet. They will be before anything is written."
NAMES_NOTICE = "Class names leave with the images: {names}. A patient's name or identifier in them is cut out."


class Exports:
    """The exports of a project."""

    def __init__(self, starter: Starter, cohorts: Cohorts, generation: Generation, audits: Audits) -> None:
        self._starter = starter
        self._cohorts = cohorts
        self._generation = generation
        self._audits = audits

    def plan(self, request: ExportRequest) -> ExportPlan:
        """What ``start`` would write, as far as it is known without looking at the pictures: a quick estimate.

        Raises:
            BadUsage: ``export-needs-samples``, ``export-needs-cohort``, ``unknown-samples``, ``unknown-cohort``,
                ``not-available`` (profile, option or split).
            Refused: ``folder-not-empty``, ``copies-found``, ``copies-unknown``, ``nothing-to-export``,
                ``no-real-images``, ``no-space``.
        """
        check_request(request)
        samples = self._generation.load(request.samples) if request.samples else None
        cohort = self._cohort(request, samples)
        notices: list[str] = []
        chosen = Chosen((), ())
        if samples is not None and Include.SYNTHETIC in request.include:
            chosen = self._chosen(samples, notices)
            notices += self._faces(samples)
        items: tuple[Item, ...] = ()
        if Include.REAL in request.include and cohort is not None:
            items = real_items(cohort, request.splits)
            notices.append(REAL_NOTICES[Profile(request.profile)])
        real = dict(Counter(item.label for item in items))
        notices.append(NAMES_NOTICE.format(names=", ".join(sorted({*chosen.counts(), *real}))))
        size = self._sized(request, cohort, chosen, items)
        place = Place.of(Path(request.out))
        check_space(Path(request.out), size.bytes, place)
        notices += warnings(
            Path(request.out),
            place,
            largest=size.bytes if request.zipped else 0,
            in_a_folder=max([*chosen.counts().values(), *real.values()], default=0),
            longest=LONGEST_PATH,
        )
        return ExportPlan(
            files=size.files,
            per_class=chosen.counts(),
            real_per_class=real,
            bytes=size.bytes,
            left_out=summarised(chosen.left_out),
            notices=tuple(notices),
            real_per_split=dict(Counter(item.split for item in items)),
            filesystem=place.filesystem,
            free=place.free,
        )

    def check(
        self,
        request: ExportRequest,
        *,
        pixels: bool = False,
        on_message: OnMessage | None = None,
        on_outcome: OnOutcome | None = None,
    ) -> Job:
        """The full dry run in a worker: every header is cleaned without writing, and a sign-off sheet made.

        Args:
            request: what would leave.
            pixels: look at the pixels of every source image, and not of a few only.
            on_message, on_outcome: as in ``start``.

        Raises:
            BadUsage, Refused: as ``start``.
        """
        return self._begin("export-check", request, {"pixels": pixels}, on_message, on_outcome)

    def start(
        self,
        request: ExportRequest,
        *,
        plan: str = "",
        on_message: OnMessage | None = None,
        on_outcome: OnOutcome | None = None,
    ) -> Job:
        """Write the export in a worker. Raises as ``plan`` for what can be known at once.

        Args:
            request: what leaves.
            plan: hash of the plan that a person signed; the worker refuses (``plan-changed``) where the project no
                longer gives that one. "" for whatever it gives.
            on_message, on_outcome: what the worker says, and how it ends.

        Raises:
            BadUsage: ``export-needs-samples``, ``export-needs-cohort``, ``unknown-samples``, ``unknown-cohort``.
            Refused: ``folder-not-empty``.
        """
        return self._begin("export", request, {"plan": plan}, on_message, on_outcome)

    def records(self) -> list[ExportRecord]:
        """What left the project, newest first."""
        return export_store.records(self._starter.project)

    def verify_log(self) -> Chain:
        """Whether a line of the export log was changed or removed."""
        return export_store.verify_chain(self._starter.project)

    def _begin(
        self,
        kind: str,
        request: ExportRequest,
        params: Mapping[str, bool | str],
        on_message: OnMessage | None,
        on_outcome: OnOutcome | None,
    ) -> Job:
        check_request(request)
        if request.samples:
            self._generation.load(request.samples)
        asked = {"request": request.to_json(), **params}
        return self._starter.start(kind, asked, on_message=on_message, on_outcome=on_outcome)

    def _cohort(self, request: ExportRequest, samples: SampleSetRecord | None) -> Cohort | None:
        """The cohort as the run of the sample set learnt it; the present one where no run is involved."""
        if samples is not None:
            kept = self._starter.project.runs / samples.run / COHORT
            if kept.exists():
                learnt = cohort_store.from_json(read_json(kept))
                if request.cohort in (None, learnt.name):
                    return learnt
        return None if request.cohort is None else self._cohorts.load(request.cohort)

    def _faces(self, samples: SampleSetRecord) -> list[str]:
        """Whether the model may have seen faces; nothing where the record of its run is gone."""
        path = self._starter.project.runs / samples.run / RECORD
        said = remark(RunRecord.from_json(read_json(path))) if path.exists() else ""
        return [said] if said else []

    def _chosen(self, samples: SampleSetRecord, notices: list[str]) -> Chosen:
        audit = self._audits.latest(samples.id)
        if audit is not None and audit.judged() == {sample.number for sample in samples.samples if sample.kept}:
            return choose(samples, audit)
        notices.append(UNREVIEWED_NOTICE)
        return Chosen(tuple(s for s in samples.samples if s.kept), ())

    def _sized(self, request: ExportRequest, cohort: Cohort | None, chosen: Chosen, items: tuple[Item, ...]) -> Size:
        asked = request.samples or ""
        side = cohort.recipe.size if cohort is not None else int(self._generation.images(asked).shape[-1])
        leaving = originals(Library(self._starter.project), cohort, items) if Format.DICOM in request.formats else {}
        prepared = sum(item.series not in leaving for item in items)
        return sized(request, side, pictures=len(chosen.kept), items=len(items), prepared=prepared, sources=leaving)
