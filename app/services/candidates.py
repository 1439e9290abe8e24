"""Every slice of the library that could join a cohort, before anybody has labelled it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import Refused
from app.domain.recipe import Plane
from app.domain.study import Series, Study


@dataclass(frozen=True, slots=True)
class Candidate:
    """One slice, with where it comes from and whom it shows."""

    study: Study
    series: Series
    index: int
    source: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """What there is.

    Attributes:
        slices: the slices.
        without_plane: series that cannot be cut in the plane.
    """

    slices: tuple[Candidate, ...]
    without_plane: tuple[Series, ...]


def candidates(studies: Iterable[Study], plane: Plane) -> Candidates:
    """The slices of every series in ``plane``; no file is read, so empty slices of a volume are among them."""
    slices: list[Candidate] = []
    left_out: list[Series] = []
    for study in studies:
        for series in study.series:
            try:
                slices.extend(_slices(study, series, plane))
            except Refused:
                left_out.append(series)
    return Candidates(tuple(slices), tuple(left_out))


def _slices(study: Study, series: Series, plane: Plane) -> Iterator[Candidate]:
    if plane is Plane.NATIVE:
        for index, instance in enumerate(series.instances):
            yield Candidate(study, series, index, instance.path)
        return
    from app.imaging.slices import slice_count

    for index in range(slice_count(series, plane)):
        yield Candidate(study, series, index, series.instances[0].path)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person wants of the library: below one of ``under`` and one of ``series`` (each: all where empty)."""

    under: Sequence[Path] = ()
    series: Sequence[str] = ()

    def numbers(self, slices: Iterable[Candidate]) -> list[int]:
        """Numbers of the slices that are wanted."""
        wanted = self._wanted()
        return [number for number, one in enumerate(slices) if wanted(one.series, one.source)]

    def of(self, series: Iterable[Series]) -> list[Series]:
        """The series that are wanted."""
        wanted = self._wanted()
        return [one for one in series if wanted(one, one.instances[0].path)]

    def _wanted(self) -> Callable[[Series, str], bool]:
        roots = [path.expanduser().absolute() for path in self.under]
        keys = set(self.series)

        def wanted(series: Series, source: str) -> bool:
            inside = not roots or any(Path(source).is_relative_to(root) for root in roots)
            return inside and (not keys or series.key in keys)

        return wanted
