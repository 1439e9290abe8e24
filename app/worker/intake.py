"""Import: finds files, reads each once, sets aside what cannot be read, and fills the library.

Source files are only read. Pictures and volumes enter the library while the import runs; DICOM files enter at the
end, as a series can only be sorted and judged when all of its files are known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from app.domain.errors import Failed, Refused
from app.domain.study import Quarantined, SourceKind, Study
from app.imaging import reader, series, slices, walk, windowing
from app.imaging.content import FileContent
from app.jobs.spec import JobSpec
from app.store.library import Library
from app.store.project import Project
from app.worker.channel import Channel

BATCH = 200
"""Pictures that enter the library together."""


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Import ``params["paths"]`` into the project; see ``import_paths``."""
    project = Project.open(Path(spec.project))
    try:
        return import_paths(project, [Path(path) for path in spec.params["paths"]], channel)
    finally:
        project.close()


def import_paths(project: Project, paths: Sequence[Path], channel: Channel) -> dict[str, Any]:
    """Take every readable image under ``paths`` into the library.

    Returns:
        ``found`` files, of them ``imported``, ``skipped`` (here already) and ``quarantined`` (list of path, code and
        reason), and the number of ``studies`` that they belong to.

    Raises:
        Refused: ``nothing-to-import``, ``path-missing``.
        Stopped: the person stopped; what had entered the library stays.
    """
    channel.phase("Looking for images")
    found = list(_outside(walk.files(paths), project, channel))
    if not found:
        raise Refused("nothing-to-import", path=", ".join(str(path) for path in paths))
    channel.phase("Reading images")
    intake = _Intake(project)
    for number, path in enumerate(found):
        channel.check()
        channel.progress(number, len(found))
        intake.take(path)
    channel.phase("Sorting series")
    intake.finish(channel.check)
    channel.progress(len(found), len(found))
    return {
        "found": len(found),
        "imported": intake.imported,
        "skipped": intake.skipped,
        "quarantined": [{"path": q.path, "code": q.code, "reason": q.reason} for q in intake.set_aside],
        "studies": len(intake.studies),
    }


def _outside(found: Iterator[Path], project: Project, channel: Channel) -> Iterator[Path]:
    """Leave out what the project itself made, in case its folder lies among the images; its sample is no such thing."""
    own = [project.root / name for name in ("runs", "samples", "audits", "cache")]
    for path in found:
        channel.check()
        if path.parent != project.root and not any(folder in path.parents for folder in own):
            yield path


class _Intake:
    """One import under way.

    Attributes:
        imported, skipped: files counted so far.
        set_aside: inputs that could not be read.
        studies: keys of the studies that files of this import belong to.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._library = Library(project)
        self._hashes = self._library.known_hashes()
        self._uids = self._library.known_uids()
        self._was_set_aside = {q.path for q in self._library.quarantined()}
        self._repeat = bool(self._hashes)
        self._pictures: list[FileContent] = []
        self._dicom: list[FileContent] = []
        self.imported = self.skipped = 0
        self.set_aside: list[Quarantined] = []
        self.studies: set[str] = set()

    def take(self, path: Path) -> None:
        """Read a file, or count it as here already, or set it aside."""
        try:
            content = None if self._repeat and _digest(path) in self._hashes else reader.read(path)
        except Failed as error:
            self.set_aside.append(Quarantined(str(path), error.code, str(error)))
            return
        if content is None or self._is_known(content):
            self.skipped += 1
        else:
            self._accept(content)
        if str(path) in self._was_set_aside:
            self._library.dismiss(str(path))

    def finish(self, check: Callable[[], None]) -> None:
        """Let everything read into the library, and remember what was set aside."""
        self._library.set_aside(self.set_aside)
        self._flush_pictures()
        for study in self._enter(self._dicom):
            for one in study.series:
                check()
                self._picture_of(one.key)

    def _is_known(self, content: FileContent) -> bool:
        return content.sha256 in self._hashes or content.sop_instance_uid in self._uids

    def _accept(self, content: FileContent) -> None:
        self.imported += 1
        self._hashes.add(content.sha256)
        if content.sop_instance_uid:
            self._uids.add(content.sop_instance_uid)
        if content.kind is SourceKind.DICOM:
            self._dicom.append(content)
            return
        self._pictures.append(content)
        if len(self._pictures) >= BATCH or content.kind is SourceKind.NIFTI:
            self._flush_pictures()

    def _flush_pictures(self) -> None:
        for study in self._enter(self._pictures):
            for one in study.series:
                self._picture_of(one.key)
        self._pictures = []

    def _enter(self, contents: Sequence[FileContent]) -> list[Study]:
        grouped = series.group(contents, self._project.secret)
        self._library.add_studies(grouped)
        self.studies.update(study.key for study in grouped)
        return grouped

    def _picture_of(self, key: str) -> None:
        """Write the thumbnail of a series: the middle slice of all that the library has of it."""
        one = self._library.series(key)
        middle = slices.load_slice(one, len(one.instances) // 2)
        picture = windowing.thumbnail(middle.pixels, middle.default_window)
        Image.fromarray(picture).save(self._project.thumbnails / f"{key}.png")


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise Failed("unreadable", path=str(path), detail=error.strerror or str(error)) from error
