"""An export before its first byte: what leaves, from where, under which plan. The export and its dry run share it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.deid.header import Deidentifier
from app.deid.leaks import Search
from app.deid.pseudonyms import Pseudonyms
from app.domain.export import ExportRequest, Format
from app.domain.study import Series
from app.services.export_rules import protection
from app.services.export_size import originals, sized
from app.store.library import Library
from app.store.project import Project
from app.worker import export_pages
from app.worker.channel import Channel
from app.worker.export_content import Content, content, plan_sha256, renamed
from app.worker.export_inspect import whole_series
from app.worker.export_sources import SourceFacts, Sources


@dataclass(frozen=True, slots=True)
class Task:
    """An export before its first byte, or a dry run of it.

    Attributes:
        project: it.
        content: what is to leave, with harmless class names.
        sources: where real images come from.
        facts: what is known of all sources.
        plan: hash of everything that decides what the export will be.
        bytes, files: upper estimates.
    """

    project: Project
    content: Content
    sources: Sources
    facts: SourceFacts
    plan: str
    bytes: int
    files: int

    def deidentifier(self) -> Deidentifier:
        """Cleans headers as the request asks."""
        return Deidentifier(self.project.secret, protection(self.content.request))

    def native_numbers(self, series: Series, group: Iterable[export_pages.Place]) -> tuple[int, ...]:
        """Native slices that images of a series are made from."""
        return whole_series(series, [place.item.index for place in group], self.content.cohort.recipe.plane)

    def places(self) -> tuple[export_pages.Place, ...]:
        """Real images in the order of the export; none where none were asked for."""
        content = self.content
        if content.data is None:
            return ()
        return export_pages.placed(content.cohort, content.request.splits, Pseudonyms(self.project.secret))


def prepared(project: Project, request: ExportRequest, channel: Channel) -> Task:
    """Decide what leaves, and read what the sources' headers say; nothing is written to the target.

    Raises:
        as ``export``.
    """
    found = content(project, request, channel)
    library = Library(project)
    sources = Sources(library, found.cohort)
    channel.phase("Reading the sources' headers")
    splits = {"train", *(item.split for item in found.items)} if found.samples else set(request.splits)
    facts = sources.facts(channel.check, splits)
    found = renamed(found, facts)
    sources.cohort = found.cohort  # from here on the classes carry their harmless names
    leaving = originals(library, found.cohort, found.items) if Format.DICOM in request.formats else {}
    size = sized(
        request,
        found.cohort.recipe.size,
        pictures=len(found.chosen.kept),
        items=len(found.items),
        prepared=sum(item.series not in leaving for item in found.items),
        sources=leaving,
    )
    return Task(project, found, sources, facts, plan_sha256(found, sources), size.bytes, size.files)


def forbidden(task: Task, more: frozenset[str] = frozenset()) -> Search:
    """Looks for what no file of an export may hold."""
    return Search({*task.facts.forbidden, *more, str(task.project.root), str(Path.home())} - {"/"})


class Counter:
    """Counts images as progress, and is where the work may be stopped."""

    def __init__(self, channel: Channel, total: int) -> None:
        self._channel = channel
        self._done = 0
        self._total = total

    def __call__(self, count: int = 1) -> None:
        """So many more are done.

        Raises:
            Stopped: it was asked for.
        """
        self._channel.check()
        self._done += count
        self._channel.progress(min(self._done, self._total), self._total)
