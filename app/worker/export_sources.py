"""What an export must know of the sources: how their values are to be written, and what must never be found outside.

It reads headers of the sources of a cohort's images, of every split. Their identities stay in memory and are only
searched for; nothing here is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.deid import engine
from app.deid.rules import AllowList
from app.domain.cohort import SPLITS, Cohort, Item
from app.domain.errors import BadUsage
from app.domain.recipe import Plane
from app.domain.study import Instance, Series, SourceKind
from app.store.library import Library

LOSSY_ENDINGS = (".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the training images have in common; "" or the cautious value where they differ.

    Attributes:
        modality, unit, bits, plane, lossy: as in ``Picture``.
        kinds: how many training images came from DICOM, NIfTI and plain image files.
        forbidden: texts that must not be found in anything that leaves.
        names: single words of patients' names, which no class may be called.
    """

    modality: str
    unit: str
    bits: int
    plane: Plane
    lossy: bool
    kinds: dict[str, int]
    forbidden: frozenset[str] = field(default=frozenset(), repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)


class Sources:
    """The sources of one cohort's images; each file is looked at once."""

    def __init__(self, library: Library, cohort: Cohort) -> None:
        self.cohort = cohort
        self._library = library
        self._series: dict[str, Series | None] = {}
        self._screened: dict[str, engine.Screened] = {}

    def series(self, item: Item) -> Series | None:
        """The series of an item; ``None`` where it has been removed from the library since."""
        return self.of_key(item.series)

    def of_key(self, key: str) -> Series | None:
        """The series of a key; ``None`` where it has been removed from the library since."""
        if key not in self._series:
            try:
                self._series[key] = self._library.series(key)
            except BadUsage:
                self._series[key] = None
        return self._series[key]

    def screened(self, item: Item) -> engine.Screened:
        """The header behind an item after the allow-list; nothing where the source is no DICOM file."""
        series = self.series(item)
        if series is None or series.kind is not SourceKind.DICOM:
            return engine.Screened({}, 0)
        path = _instance(series, item.index).path
        if path not in self._screened:
            self._screened[path] = engine.screen(engine.read_header(Path(path)), AllowList.of(series.modality))
        return self._screened[path]

    def removed(self) -> int:
        """Attributes that were left behind in all headers looked at so far."""
        return sum(one.removed for one in self._screened.values())

    def facts(self, check: Callable[[], None], splits: Collection[str] = SPLITS) -> SourceFacts:
        """Look at the images of some splits; one header a series is read for the identities.

        What the pictures have in common is that of the training images, from which synthetic ones were learnt.

        Args:
            check: called for every series; may raise to stop.
            splits: of the images that leave or were learnt from.

        Raises:
            Failed: a source has gone or is damaged.
            Stopped: from ``check``.
        """
        items = [item for item in self.cohort.items if item.split in splits]
        train = [item for item in items if item.split == "train"]
        every = {item.series: series for item in items if (series := self.series(item)) is not None}
        found = {item.series: every[item.series] for item in train if item.series in every}
        forbidden: set[str] = set()
        names: set[str] = set()
        for item in {item.series: item for item in items}.values():
            check()
            forbidden |= self.screened(item).identities
            names |= self.screened(item).names
        for item in items:
            forbidden |= _places(item.source)
        for one in every.values():
            forbidden |= {instance.sop_instance_uid for instance in one.instances}
        return SourceFacts(
            modality=_common((one.modality for one in found.values()), ""),
            unit=_common((one.unit for one in found.values()), "stored"),
            bits=max((one.bits for one in found.values()), default=16),
            plane=self.cohort.recipe.plane,
            lossy=any(is_lossy(one) for one in found.values()),
            kinds=_kinds(train, found),
            forbidden=frozenset(forbidden - {""}),
            names=frozenset(names),
        )


def is_lossy(series: Series) -> bool:
    """Whether a series was ever compressed with loss, as far as its files tell."""
    ending = Path(series.instances[0].path).suffix.lower() if series.instances else ""
    return series.tags.get("LossyImageCompression") == "01" or ending in LOSSY_ENDINGS


def _instance(series: Series, index: int) -> Instance:
    """The instance of a native slice; any of the series for a slice that was cut from its volume."""
    return series.instances[min(index, len(series.instances) - 1)]


def _common(values: Iterable[Any], otherwise: str) -> str:
    distinct = set(values)
    return str(distinct.pop()) if len(distinct) == 1 else otherwise


def _kinds(items: Iterable[Item], found: dict[str, Series]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for item in items:
        kind = str(found[item.series].kind) if item.series in found else "unknown"
        counted[kind] = counted.get(kind, 0) + 1
    return counted


def _places(source: str) -> set[str]:
    """Where a source lies: its path, its folder unless that has one short name only, and its file name unless that is
    a mere number (ours are too).
    """
    path = Path(source)
    folder = {str(path.parent)} if len(path.parent.parts) > 2 else set()
    name = set() if path.name.split(".")[0].isdigit() else {path.name}
    return {source} | folder | name
