"""Every slice of the library that could join a cohort, before anybody has labelled it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
        without_plane: descriptions of series that cannot be cut in the plane.
    """

    slices: tuple[Candidate, ...]
    without_plane: tuple[str, ...]


def candidates(studies: Iterable[Study], plane: Plane) -> Candidates:
    """The slices of every series in ``plane``; no file is read, so empty slices of a volume are among them."""
    slices: list[Candidate] = []
    left_out: list[str] = []
    for study in studies:
        for series in study.series:
            try:
                slices.extend(_slices(study, series, plane))
            except Refused:
                left_out.append(series.description or study.label)
    return Candidates(tuple(slices), tuple(left_out))


def _slices(study: Study, series: Series, plane: Plane) -> Iterator[Candidate]:
    if plane is Plane.NATIVE:
        for index, instance in enumerate(series.instances):
            yield Candidate(study, series, index, instance.path)
        return
    from app.imaging.slices import slice_count

    for index in range(slice_count(series, plane)):
        yield Candidate(study, series, index, series.instances[0].path)


def chosen(slices: Iterable[Candidate], under: Sequence[Path], series: Sequence[str]) -> list[int]:
    """Numbers of the slices that lie below one of ``under`` and in one of ``series`` (each: all where empty)."""
    roots = [path.expanduser().absolute() for path in under]
    keys = set(series)
    return [
        number
        for number, one in enumerate(slices)
        if (not keys or one.series.key in keys)
        and (not roots or any(Path(one.source).is_relative_to(root) for root in roots))
    ]
