"""Slices that show one place several times (time points, phases, b-values, directions) told apart.

It knows what scanners write to tell repetitions apart and how they number them; geometry is in ``splitting``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Protocol, TypeVar

from app.imaging.content import Frame

COUNTERS = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "time point",
    "DiffusionBValue",
    "EffectiveEchoTime",
    "ComplexImageComponent",
)
"""Attributes that say nothing but which repetition a slice is of; others may differ from slice to slice."""
_WORDS = {
    "TemporalPositionIdentifier": "time point {value}",
    "TemporalPositionIndex": "time point {value}",
    "time point": "time point {value}",
    "AcquisitionNumber": "acquisition {value}",
    "TriggerTime": "phase {rank}",
    "DiffusionBValue": "b {value}",
    "DiffusionGradientOrientation": "direction {rank}",
    "EffectiveEchoTime": "echo {value} ms",
    "ComplexImageComponent": "{value}",
    "NominalCardiacTriggerDelayTime": "phase {rank}",
    "AcquisitionTime": "time point {rank}",
    "ContentTime": "time point {rank}",
    "repetition": "repetition {value}",
}
_FILLED = 0.8
"""Share of (place, repetition) pairs that must be there before slices without attributes are dealt by number."""


class Placed(Protocol):
    """A slice with the number of its place."""

    @property
    def frame(self) -> Frame:
        """Its facts."""

    @property
    def place(self) -> int:
        """Number of its place."""


Kind = TypeVar("Kind", bound=Placed)
Choice = tuple[tuple[str, str], ...]
Told = tuple[Choice, list[Kind]]


def apart(slices: Sequence[Kind]) -> list[Told[Kind]]:
    """Split a stack that shows places several times into stacks that show each once, with what tells them apart.

    A stack of a single place is a movie and stays one, as do repetitions that nothing tells apart.
    """
    whole: list[Told[Kind]] = [((), list(slices))]
    is_placed = all(one.frame.position is not None for one in slices)
    if not is_placed or _most(slices) == 1 or len({one.place for one in slices}) == 1:
        return whole
    names = tuple(dict.fromkeys(name for one in slices for name, _ in one.frame.moments))
    told = _by_attributes(list(slices), names) or _by_number(slices) or whole
    return sorted(told, key=lambda pair: [natural(value) for _, value in pair[0]])


def identity(choice: Choice, slices: Sequence[Kind]) -> Choice:
    """What tells a part from its siblings, told by its own slices: all that they agree on.

    It is the same whether the siblings are there or not. A single slice agrees with itself on everything, so of that
    only counters and what it was chosen by count. The first of numbered repetitions is the one without a number.
    """
    agreed = dict(slices[0].frame.moments)
    for one in slices[1:]:
        own = dict(one.frame.moments)
        agreed = {name: value for name, value in agreed.items() if own.get(name) == value}
    if len(slices) == 1:
        agreed = {name: value for name, value in agreed.items() if name in COUNTERS}
    return tuple(sorted({**agreed, **dict(choice)}.items() - {("repetition", "1")}))


def words(choice: Choice, siblings: Sequence[Choice]) -> tuple[str, ...]:
    """``choice`` as a person reads it: "time point 3", "b 1000"."""
    said = []
    for name, value in choice:
        values = {dict(other).get(name, "") for other in siblings}
        if len(values) > 1:
            rank = sorted(values, key=natural).index(value) + 1
            said.append(_WORDS.get(name, name + " {value}").format(value=_short(value), rank=rank))
    return tuple(said)


def times(frame: Frame) -> list[tuple[bool, float, str]]:
    """Sort key that puts pictures of one place in the order in which they were taken."""
    return [natural(value) for _, value in frame.moments]


def natural(value: str) -> tuple[bool, float, str]:
    """Sort key that puts numbers in their order, before words."""
    number = _number(value)
    return number is None, number or 0.0, value


def by_value(slices: Sequence[Kind], name: str) -> dict[str, list[Kind]]:
    """Slices by what they say of the attribute ``name``; "" where they say nothing."""
    parts: dict[str, list[Kind]] = defaultdict(list)
    for one in slices:
        parts[next((value for found, value in one.frame.moments if found == name), "")].append(one)
    return parts


def _most(slices: Sequence[Kind]) -> int:
    return max(Counter(one.place for one in slices).values())


def _by_attributes(slices: list[Kind], names: Sequence[str]) -> list[Told[Kind]]:
    """Parts that show each place once, told apart by as few attributes as it takes; nothing where none do."""
    most = _most(slices)
    if most == 1:
        return [((), slices)]
    ways = [(name, by_value(slices, name)) for name in names]
    ways = [(name, parts) for name, parts in ways if _is_likely(name, parts, most)]
    for name, parts in sorted(ways, key=lambda way: "" in way[1] or max(map(_most, way[1].values())) > 1):
        rest = [other for other in names if other != name]
        finer = [(value, _by_attributes(part, rest)) for value, part in parts.items()]
        if all(found for _, found in finer):
            return [(((name, value), *choice), part) for value, found in finer for choice, part in found]
    return []


def _is_likely(name: str, parts: dict[str, list[Kind]], most: int) -> bool:
    """Whether an attribute numbers repetitions rather than slices."""
    deepest = max(map(_most, parts.values()))
    slices = sum(map(len, parts.values()))
    return deepest < most and len(parts) * deepest <= 2 * most and (name in COUNTERS or slices >= 2 * len(parts))


def _by_number(slices: Sequence[Kind]) -> list[Told[Kind]]:
    """Repetitions by instance number: all places over and over, or every place's repetitions in a row.

    Numbers that files fell out of still tell; where they follow neither order, the n-th slice of every place makes
    the n-th stack, provided that all places are there equally often.
    """
    numbers = [one.frame.order for one in slices]
    places, most = len({one.place for one in slices}), _most(slices)
    if len(set(numbers)) < len(numbers) or len(numbers) < _FILLED * places * most:
        return []
    first = min(numbers)
    start = first if first > max(places, most) else min(first, 1.0)
    rounds = [divmod(int(number - start), places) for number in numbers]
    if _is_bijective([(step, one.place) for (_, step), one in zip(rounds, slices, strict=True)]):
        return _dealt(slices, [turn for turn, _ in rounds])
    rows = [divmod(int(number - start), most) for number in numbers]
    if _is_bijective([(block, one.place) for (block, _), one in zip(rows, slices, strict=True)]):
        return _dealt(slices, [turn for _, turn in rows])
    return _by_rank(slices) if len(numbers) == places * most else []


def _is_bijective(pairs: Sequence[tuple[Hashable, Hashable]]) -> bool:
    unique = set(pairs)
    return len({one for one, _ in unique}) == len(unique) == len({other for _, other in unique})


def _by_rank(slices: Sequence[Kind]) -> list[Told[Kind]]:
    seen: Counter[int] = Counter()
    ordered = sorted(slices, key=lambda one: one.frame.order)
    turns = []
    for one in ordered:
        turns.append(seen[one.place])
        seen[one.place] += 1
    return _dealt(ordered, turns)


def _dealt(slices: Sequence[Kind], turns: Sequence[int]) -> list[Told[Kind]]:
    parts: dict[int, list[Kind]] = defaultdict(list)
    for turn, one in zip(turns, slices, strict=True):
        parts[turn].append(one)
    return [((("repetition", str(turn + 1)),), part) for turn, part in sorted(parts.items())]


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _short(value: str) -> str:
    number = _number(value)
    return value if number is None else f"{number:g}"
