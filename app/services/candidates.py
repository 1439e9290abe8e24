"""Every slice of the library that could join a cohort, before anybody has labelled it, and why some may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import Refused
from app.domain.recipe import Plane
from app.domain.study import Series, Study
from app.domain.wording import count


@dataclass(frozen=True, slots=True)
class Candidate:
    """One slice, with where it comes from and whom it shows.

    Attributes:
        checked: its pixels were decoded and found whole; for a cut through a volume, those of the whole volume.
    """

    study: Study
    series: Series
    index: int
    source: str
    checked: bool = True

    @property
    def fit(self) -> bool:
        """Whether anything may be learnt from it."""
        return self.checked and not self.series.apart


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
            yield Candidate(study, series, index, instance.path, bool(instance.sha256))
        return
    from app.imaging.slices import slice_count

    checked = all(instance.sha256 for instance in series.instances)
    for index in range(slice_count(series, plane)):
        yield Candidate(study, series, index, series.instances[0].path, checked)


def unfit(slices: Iterable[Candidate]) -> list[str]:
    """One sentence for every reason why some of these slices cannot join a cohort."""
    apart: dict[str, str] = {}
    unchecked = 0
    for one in slices:
        if one.series.apart:
            apart[one.series.key] = one.series.apart
        elif not one.checked:
            unchecked += 1
    notices = []
    if apart:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(Counter(apart.values()).items()))
        notices.append(f"{len(apart)} series hold no images to learn from and are left out: {kinds}.")
    if unchecked:
        notices.append(
            f"{count(unchecked, 'image is', 'images are')} left out, because whether their pixels are whole was not "
            "checked yet. Let their import end, or import them again."
        )
    return notices


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person wants of the library: below one of ``under`` and one of ``series`` (each: all where empty)."""

    under: Sequence[Path] = ()
    series: Sequence[str] = ()

    def numbers(self, slices: Iterable[Candidate]) -> list[int]:
        """Numbers of the slices that are wanted, fit or not."""
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
