"""Writing the images of an export: real ones cleaned first, then pictures in every format.

Each file is entered into the ledger of the staging folder when it is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from app.deid.pseudonyms import Pseudonyms
from app.domain.audit import AuditRecord
from app.domain.deid import Profile
from app.domain.errors import Failed, Refused
from app.domain.export import Format
from app.domain.selection import folder_names
from app.domain.study import SourceKind
from app.imaging.credentials import Signer
from app.imaging.picture import Origin
from app.services.export_rules import protection
from app.store import audits as audit_store
from app.store.project import Project
from app.worker import export_pages
from app.worker.channel import Channel
from app.worker.export_inspect import Inspector
from app.worker.export_landing import Staging
from app.worker.export_layout import Places
from app.worker.export_memory import Memory
from app.worker.export_originals import Originals
from app.worker.export_pages import PROGRAM, VERSION, Leaving
from app.worker.export_real import RealImages, RealPart
from app.worker.export_story import Deidentification, Story
from app.worker.export_task import Counter, Task
from app.worker.export_write import Expected, write_pages

SIGNABLE = (Format.PNG, Format.TIFF)


@dataclass(frozen=True, slots=True)
class Written:
    """Image files on the disk, and what is to be told and checked of them.

    Attributes:
        files: all of them.
        story: what the cards tell.
        pixels: path to the digest of the stored values, of DICOM sources that left as themselves.
        identities: texts of their headers that must not be found outside.
    """

    files: list[Expected]
    story: Story
    pixels: dict[str, str]
    identities: frozenset[str] = field(repr=False)


class Maker:
    """Writes the images of a task into a staging folder, those that stand in its ledger excepted."""

    def __init__(self, task: Task, staging: Staging, channel: Channel) -> None:
        self._task = task
        self._staging = staging
        self._channel = channel
        content = task.content
        self._request = content.request
        self._folders = folder_names({*content.chosen.counts(), *content.real})
        self._places = Places(self._folders)
        self._names = Pseudonyms(task.project.secret)
        self._storage = content.request.storage
        self._original: Originals | None = None
        self._signer = Signer(task.project.secret) if content.request.signed else None

    def write(self) -> Written:
        """Write all images.

        Raises:
            Refused: ``nothing-was-checked``: no image is left to export.
            Failed: a source has gone or is damaged.
            OSError: a file cannot be written.
        """
        content, request = self._task.content, self._request
        real = self._cleaned()
        self._channel.phase("Writing images")
        counter = Counter(self._channel, len(content.chosen.kept) + len(real.places))
        files: list[Expected] = []
        per_class: dict[str, int] = {}
        if content.samples is not None and content.audit is not None:
            images = _judged_images(self._task.project, content.audit)
            pages = export_pages.synthetic(
                content.samples, content.chosen.kept, images, self._task.facts, self._names, storage=self._storage
            )
            made, per_class = self._pages(pages, request.formats, counter)
            files += made
        files += self._real_pages(real, counter)
        files += self._original.written if self._original else []
        if not files:
            raise Refused("nothing-was-checked", count=len(real.left_out))
        identities = frozenset(self._original.identities) if self._original else frozenset()
        return Written(files, self._story(per_class, real), self._original.pixels if self._original else {}, identities)

    def _cleaned(self) -> RealPart:
        """Look at the real images; DICOM sources are written on the way."""
        task, content = self._task, self._task.content
        if content.data is None:
            return RealPart()
        self._channel.phase("Checking and cleaning real images")
        if Format.DICOM in self._request.formats:
            strict = self._request.profile == Profile.MAXIMUM
            self._original = Originals(task.deidentifier(), self._staging, self._places, strict)
        places = task.places()
        counter = Counter(self._channel, len(places))
        inspector = Inspector(Memory(task.project), self._channel.check)
        images = RealImages(content, task.sources, inspector, self._original)
        return images.cleaned(places, counter)

    def _real_pages(self, real: RealPart, counter: Counter) -> list[Expected]:
        """Prepared slices; in DICOM only those that have no DICOM file of their own."""
        task, data = self._task, self._task.content.data
        if data is None:
            return []
        own = {place.number for place in real.places if self._has_file(place)}
        others = tuple(form for form in self._request.formats if form is not Format.DICOM)
        found: list[Expected] = []
        for places, formats in (
            ([one for one in real.places if one.number in own], others),
            ([one for one in real.places if one.number not in own], self._request.formats),
        ):
            pages = export_pages.real(
                data,
                task.sources,
                self._names,
                places,
                cleaned=real.cleaned,
                checks=real.checks,
                storage=self._storage,
            )
            found += self._pages(pages, formats, counter)[0]
        return found

    def _has_file(self, place: export_pages.Place) -> bool:
        series = self._task.sources.series(place.item)
        return self._original is not None and series is not None and series.kind is SourceKind.DICOM

    def _pages(
        self, pages: Iterator[Leaving], formats: tuple[Format, ...], counter: Counter
    ) -> tuple[list[Expected], dict[str, int]]:
        if not formats:
            return [], {}
        staging = self._staging
        known = {name: digest for name, digest in staging.hashes.items() if staging.has(sidecar(name))}
        files, counts = write_pages(
            staging.root, pages, formats, self._places, counter, known=known, on_file=self._noted
        )
        return [replace(file, sha256=staging.hashes[file.path]) for file in files], counts

    def _noted(self, file: Expected) -> None:
        """A picture is there: sign it where that was asked for, which changes it, and enter it into the ledger."""
        staging, written = self._staging, file.sha256
        if self._signer is not None and file.synthetic and file.format in SIGNABLE and not staging.has(file.path):
            self._signer.sign(staging.root / file.path, _origin(file))
            written = ""
        staging.note(file.path, written)
        staging.note(sidecar(file.path))

    def _story(self, per_class: dict[str, int], real: RealPart) -> Story:
        content, request = self._task.content, self._request
        cohort = content.cohort
        told = None
        if content.data is not None:
            told = Deidentification(
                profile=request.profile,
                options=tuple(sorted(protection(request).options)),
                fired=dict(sorted(self._original.fired.items())) if self._original else {},
                text=dict(sorted(real.text.items())),
                faces=dict(sorted(real.faces.items())),
                left_out=real.why,
                overrides=(request.reason,) if request.reason else (),
            )
        return Story(
            request=request,
            per_class=per_class,
            real_per_class=real.per_class(),
            folders=self._folders,
            left_out=(*content.chosen.left_out, *real.left_out),
            kinds=self._task.facts.kinds,
            recipe=cohort.recipe.to_json(),
            patients=cohort.patients()["train"] if cohort.patients_known else None,
            samples=content.samples,
            audit=content.audit,
            run=content.run,
            removed=self._task.sources.removed() if content.items else 0,
            deidentification=told,
        )


def _origin(file: Expected) -> Origin:
    told = file.facts
    seed = told.get("seed")
    return Origin(
        True,
        PROGRAM,
        VERSION,
        str(told.get("run", "")),
        str(told.get("samples", "")),
        str(told.get("checkpoint_sha256", "")),
        seed if isinstance(seed, int) else None,
    )


def sidecar(name: str) -> str:
    """The side-car of a file; its own name where it has none."""
    return name.removesuffix(".nii.gz") + ".json" if name.endswith(".nii.gz") else name


def _judged_images(project: Project, judged: AuditRecord) -> Any:
    """The pictures that the audit spoke for; hashed once more right before they are used."""
    if audit_store.images_sha256(project, judged.samples) != judged.samples_sha256:
        raise Failed("samples-changed", samples=judged.samples)
    return np.load(project.samples / judged.samples / audit_store.IMAGES_FILE, mmap_mode="r", allow_pickle=False)
