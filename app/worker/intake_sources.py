"""Where the files of an import come from: folders as they are, archives unpacked into the project first.

Sources are only read. An archive is unpacked beside its final place and moved there whole, so that a stop leaves
nothing, and an archive that is here already is not unpacked again.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.domain.errors import Failed
from app.imaging import archives, dicomdir, reader, walk
from app.store.folders import staged
from app.store.project import Project
from app.worker.channel import Channel
from app.worker.intake_ledger import Ledger, shown

FOLDER = "sources"
_OWN = ("runs", "samples", "audits", "cache")
_ABANDONED_S = 24 * 3600
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A file to look at, and the place that it came with: what the person dropped, or an unpacked archive."""

    path: Path
    place: Path


class Sources:
    """Finds the files of one import.

    Attributes:
        places: what the person dropped, and the folders of unpacked archives.
    """

    def __init__(self, project: Project, ledger: Ledger, channel: Channel) -> None:
        self._root = project.root
        self._own = tuple(f"{project.root / name}{os.sep}" for name in _OWN)
        self._ledger = ledger
        self._channel = channel
        self._indexes: list[Path] = []
        self._program_files: dict[Path, frozenset[Path] | None] = {}
        self.places: list[Path] = []

    def find(self, paths: Sequence[Path]) -> Iterator[Found]:
        """All files under ``paths``, in their order, each once; what cannot be listed or unpacked is set aside.

        Raises:
            Refused: ``path-missing``.
            Stopped: the person stopped.
        """
        self._clear_abandoned()
        seen: set[Path] = set()
        for path in paths:
            self.places.append(path)
            for one in self._under(path):
                if one.path not in seen:
                    seen.add(one.path)
                    yield one

    def is_program_file(self, path: Path) -> bool:
        """Whether a file that is no image lies on a medium whose index does not name it: a viewer's own file."""
        on = [index for index in self._indexes if index.parent in path.parents]
        return bool(on) and not any((named := self._named(index)) is None or path in named for index in on)

    def tell_missing(self) -> None:
        """Set every index aside that references files which are not there: one line for all of them."""
        for index in self._indexes:
            self._named(index)

    def _under(self, path: Path) -> Iterator[Found]:
        notes = walk.Notes()
        for found in walk.files([path], notes):
            self._channel.check()
            if self._is_own(found):
                continue
            if archives.is_archive(found):
                yield from self._unpacked(found)
            else:
                yield Found(found, path)
        for folder, reason in notes.unreadable:
            self._ledger.refuse(folder, Failed("unreadable", path=shown(folder), detail=reason))
        self._indexes += [index for index in notes.indexes if index not in self._indexes]

    def _is_own(self, path: Path) -> bool:
        """What the project itself made, in case its folder lies among the images; its sources are no such thing."""
        place = str(path)
        return place.startswith(self._own) or os.path.dirname(place) == str(self._root)  # noqa: PTH120 - 20,000 times

    def _named(self, index: Path) -> frozenset[Path] | None:
        """The files that an index names; ``None`` where it cannot be read. What is wrong with it is told once."""
        if index not in self._program_files:
            try:
                read = _attended(lambda: dicomdir.read(index), self._channel.check)
                self._program_files[index] = read.present
                if read.missing:
                    error = Failed("dicomdir-missing", count=len(read.missing), first=read.missing[0])
                    self._ledger.refuse(index, error)
                else:
                    self._ledger.welcome(index)
            except Failed as error:
                self._program_files[index] = None
                self._ledger.refuse(index, error)
        return self._program_files[index]

    def _unpacked(self, archive: Path) -> Iterator[Found]:
        try:
            folder = self._unpack(archive)
        except Failed as error:
            self._ledger.refuse(archive, error)
            return
        except OSError as error:
            self._ledger.refuse(archive, Failed("unreadable", path=shown(archive), detail=error.strerror or str(error)))
            return
        self.places.append(folder)
        for one in self._under(folder):
            yield Found(one.path, folder)

    def _unpack(self, archive: Path) -> Path:
        """The folder of the archive's files; what of it is refused is set aside, one line for each reason."""
        planned = archives.plan(archive)
        self._channel.phase("Unpacking an archive")
        name = f"{archives.safe_name(archive.stem)[:40]}-{digest(archive, self._channel.check)[:8]}"
        folder = self._root / FOLDER / name
        if not folder.exists():
            with staged(folder) as temporary:
                archives.unpack(archive, planned, temporary, self._ticker(planned.size))
        missing = [one.info.filename for one in planned.entries if not (folder / one.place).exists()]
        refused = {**planned.refused, **({"archive-entry-damaged": missing} if missing else {})}
        self._ledger.welcome(archive)
        for code, names in refused.items():
            error = Failed(code, archive=archive.name, count=len(names), first=names[0])
            self._ledger.refuse(f"{archive}/{names[0].lstrip('/')}", error)
        return folder

    def _ticker(self, total: int) -> Callable[[int], None]:
        done = 0

        def tick(written: int) -> None:
            nonlocal done
            done += written
            self._channel.check()
            self._channel.progress(done >> 20, total >> 20)

        return tick

    def _clear_abandoned(self) -> None:
        """Throw away what a program that was ended while unpacking left behind."""
        for folder in (self._root / FOLDER).glob(".*.partial"):
            if time.time() - folder.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(folder, ignore_errors=True)


def digest(path: Path, check: Callable[[], None]) -> str:
    """SHA-256 of a file and of the voxels that lie beside it, if any; ``check`` is called every megabyte."""
    total = sha256()
    for part in reader.files(path):
        with part.open("rb") as file:
            while block := file.read(_BLOCK):
                check()
                total.update(block)
    return total.hexdigest()


def _attended(read: Callable[[], dicomdir.Index], check: Callable[[], None]) -> dicomdir.Index:
    """Read a large index, some seconds' work, on a thread of its own while this one hears a wish to stop."""
    ends: list[dicomdir.Index | Failed] = []

    def work() -> None:
        try:
            ends.append(read())
        except Failed as error:
            ends.append(error)

    thread = threading.Thread(target=work, name="index", daemon=True)
    thread.start()
    while thread.is_alive():
        check()
        thread.join(0.1)
    if not ends or isinstance(ends[0], Failed):
        raise Failed("dicomdir-damaged")
    return ends[0]
