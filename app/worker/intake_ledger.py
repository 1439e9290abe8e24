"""What came of every file of an import: counted, or set aside with its reason, and told at the end.

Files that are gone with their disk are told once for the place they came from, not one by one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from app.domain.errors import Failed
from app.domain.study import Quarantined
from app.store.library import Library
from app.worker.channel import Channel


class Ledger:
    """The book of one import.

    Attributes:
        found: files that were looked for.
        imported: files that are in the library now and were checked by this import.
        skipped: files that were here already, or are nobody's images.
        left: files in the library that could not be checked yet.
        studies: keys of the studies that files of this import belong to.
    """

    def __init__(self, library: Library) -> None:
        self.found = self.imported = self.skipped = self.left = 0
        self.studies: set[str] = set()
        self._library = library
        self._was_aside = {one.path for one in library.quarantined()}
        self._aside: dict[str, Quarantined] = {}
        self._unsaved: list[Quarantined] = []
        self._gone: Counter[Path] = Counter()

    def refuse(self, path: Path | str, error: Failed) -> None:
        """Set a file aside."""
        one = Quarantined(shown(path), error.code, str(error))
        self._aside[one.path] = one
        self._unsaved.append(one)

    def welcome(self, path: Path | str) -> None:
        """A file is in the library or needs no place in it: what was said of it before is over."""
        text = shown(path)
        if text in self._was_aside:
            self._was_aside.discard(text)
            self._library.dismiss(text)

    def gone(self, place: Path) -> None:
        """One more file of ``place`` is not there any more."""
        self._gone[place] += 1

    def save(self) -> None:
        """Keep what was set aside since the last time."""
        self._library.set_aside(self._unsaved)
        self._unsaved = []

    def close(self, places: Iterable[Path], channel: Channel) -> None:
        """Say what was set aside: one notice for each reason, and one line for each place that went away."""
        for place in places:
            if place not in self._gone:
                self.welcome(place)
        for place, count in self._gone.items():
            self.refuse(place, Failed("source-vanished", path=shown(place), count=count))
            channel.notice("source-vanished", path=shown(place), count=count)
        self.save()
        by_code: dict[str, list[Quarantined]] = {}
        for one in self._aside.values():
            by_code.setdefault(one.code, []).append(one)
        for code, members in by_code.items():
            if code != "source-vanished":
                channel.notice("files-set-aside", count=len(members), reason=members[0].reason)

    def result(self) -> dict[str, Any]:
        """What the command line promises of an import."""
        return {
            "found": self.found,
            "imported": self.imported,
            "skipped": self.skipped,
            "quarantined": [{"path": q.path, "code": q.code, "reason": q.reason} for q in self._aside.values()],
            "unchecked": self.left,
            "studies": len(self.studies),
        }


def shown(path: Path | str) -> str:
    """A path as text that a database and a screen can take, also where its bytes are no text ("M\\xfcller")."""
    return os.fsencode(path).decode("utf-8", "backslashreplace") if not is_text(path) else str(path)


def is_text(path: Path | str) -> bool:
    """Whether the path is text: names on old disks may be bytes of a forgotten code page."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
