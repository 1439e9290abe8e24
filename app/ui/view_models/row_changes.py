"""What turns one list of keys into another: blocks to take out, then blocks to put in.

A view that is told of blocks keeps its selection and its place; one that is given a new list loses both.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

Block = tuple[int, int]
"""First and last row, both included."""

MOST_BLOCKS = 200
"""More blocks than this cost a view more than a new list does."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Steps in the order in which they are taken.

    Attributes:
        removed: blocks of the old list, the last one first.
        inserted: blocks of the new list, the first one first.
    """

    removed: tuple[Block, ...]
    inserted: tuple[Block, ...]


def changes(old: Sequence[Hashable], new: Sequence[Hashable], most: int = MOST_BLOCKS) -> Changes | None:
    """The steps from ``old`` to ``new`` (each key once in each); ``None`` where the order of what stays differs,
    or more than ``most`` blocks would be needed."""
    here, wanted = set(old), set(new)
    staying = [key for key in old if key in wanted]
    if staying != [key for key in new if key in here]:
        return None
    removed = blocks(number for number, key in enumerate(old) if key not in wanted)
    inserted = blocks(number for number, key in enumerate(new) if key not in here)
    if len(removed) + len(inserted) > most:
        return None
    return Changes(tuple(reversed(removed)), tuple(inserted))


def blocks(numbers: Iterable[int]) -> list[Block]:
    """Rising numbers as unbroken runs."""
    found: list[Block] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
