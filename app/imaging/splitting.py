"""Which slices of one DICOM series belong together: one stack for each geometry, contrast and time.

Headers carry rounding errors and scanners number slices as they please, so nothing is split by exposure, instance
number or slice location; numbers are only asked where slices repeat a place. What a part is called (its identity)
depends on its own slices alone: siblings that come or go leave it as it is. It must not know files or keys.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from app.imaging import geometry, repetitions
from app.imaging.content import FileContent, Frame

SAME_TURN = 0.01
"""Direction cosines that differ by less are one orientation (about half a degree)."""
SAME_SPACING = 0.002
"""Share by which pixel spacings of one stack may differ."""
_LEAST_STACK = 3
"""Slices from which an acquisition counts as a stack of its own."""
_MOST_STACKS = 6


class Slice(NamedTuple):
    """A frame with the file that it came from.

    Attributes:
        content, frame: see there.
        distance: along the normal, ``None`` where unknown.
        place: number of its place in the stack, counted along the normal; 0 where unknown.
    """

    content: FileContent
    frame: Frame
    distance: float | None
    place: int = 0


class Part(NamedTuple):
    """Slices that make one series.

    Attributes:
        slices: in no order.
        signature: what all of them have in common.
        identity: what tells them from other parts of the same signature.
        words: the same for a person; empty for the only part.
    """

    slices: list[Slice]
    signature: tuple[Hashable, ...]
    identity: tuple[tuple[str, str], ...]
    words: tuple[str, ...]


def slice_of(content: FileContent, frame: Frame) -> Slice:
    """A frame with its distance along the normal."""
    at = frame.position
    return Slice(content, frame, None if at is None else geometry.along_normal(at, frame.orientation))


def split(slices: Sequence[Slice]) -> list[Part]:
    """The parts of one series: each shows every place once, or is a movie of one place, or is left irregular."""
    found = []
    for signature, members in _stacks(slices).items():
        numbered = _numbered(members)
        told = repetitions.apart(numbered)
        if len(told) == 1:
            told = _acquisitions(numbered) or told
        for choice, part in told:
            words = repetitions.words(choice, [other for other, _ in told])
            found.append(Part(part, signature, repetitions.identity(choice, part), words))
    return found


def _stacks(slices: Sequence[Slice]) -> dict[tuple[Hashable, ...], list[Slice]]:
    """Slices by what the slices of a stack have in common."""
    turns = _common((one.frame.orientation for one in slices), _same_turn)
    sizes = _common((one.frame.spacing_mm for one in slices), _same_spacing)
    turn_names = {value: tuple(round(cosine, 2) + 0.0 for cosine in centre) for value, centre in turns.items()}
    size_names = {value: tuple(float(f"{size:.4g}") for size in centre) for value, centre in sizes.items()}
    result: dict[tuple[Hashable, ...], list[Slice]] = defaultdict(list)
    for one in slices:
        content, frame = one.content, one.frame
        signature = (
            frame.rows,
            frame.columns,
            turn_names[frame.orientation],
            size_names[frame.spacing_mm],
            content.variant,
            content.modality,
            "" if content.unit in ("stored", "rescaled") else content.unit,  # slopes may differ inside a stack
            content.frame_of_reference_uid,
            content.apart,
        )
        result[signature].append(one)
    return result


Numbers = tuple[float, ...]
Same = Callable[[Numbers, Numbers], bool]
Value = TypeVar("Value", bound=Numbers | None)


def _same_turn(one: Numbers, other: Numbers) -> bool:
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(abs(a - b) <= SAME_TURN for a, b in pairs)


def _same_spacing(one: Numbers, other: Numbers) -> bool:
    pairs = zip(one, other, strict=False)
    return len(one) == len(other) and all(abs(a - b) <= SAME_SPACING * max(a, b) for a, b in pairs)


def _common(values: Iterable[Value], same: Same) -> dict[Value, Numbers]:
    """Each value with the most frequent one that is nearly the same; rounding alone would cut at its borders."""
    exact = Counter(values)
    rounded = {value: () if value is None else tuple(round(n, 4) for n in value) for value in exact}
    counts: Counter[Numbers] = Counter()
    for value, count in exact.items():
        counts[rounded[value]] += count
    centres: list[Numbers] = []
    nearest = {}
    for number, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        centre = next((one for one in centres if same(one, number)), None)
        if centre is None:
            centres.append(centre := number)
        nearest[number] = centre
    return {value: nearest[number] for value, number in rounded.items()}


def _numbered(slices: Sequence[Slice]) -> list[Slice]:
    """The slices with the numbers of their places, in order along the normal."""
    if any(one.distance is None for one in slices):
        return list(slices)
    result: list[Slice] = []
    for one in sorted(slices, key=lambda s: s.distance or 0.0):
        last = result[-1] if result else one
        further = (one.distance or 0.0) - (last.distance or 0.0) > geometry.SAME_PLACE_MM
        result.append(one._replace(place=last.place + further))
    return result


def _acquisitions(slices: Sequence[Slice]) -> list[repetitions.Told[Slice]]:
    """The acquisitions of an uneven stack where each is an even one by itself; nothing where that does not help.

    A missing slice makes no stack uneven, so a file that falls out splits nothing.
    """
    if not _uneven(slices):
        return []
    for name in ("TemporalPositionIdentifier", "AcquisitionNumber"):
        parts = repetitions.by_value(slices, name)
        few = 1 < len(parts) <= _MOST_STACKS and min(len(part) for part in parts.values()) >= _LEAST_STACK
        if few and not any(_uneven(part) for part in parts.values()):
            return [(((name, value),), part) for value, part in parts.items()]
    return []


def _uneven(slices: Sequence[Slice]) -> bool:
    distances = sorted(one.distance for one in slices if one.distance is not None)
    return len(distances) > 1 and geometry.describe(distances).uneven_mm is not None
