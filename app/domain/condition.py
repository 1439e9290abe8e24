"""Attributes: what a generated image can be asked to show besides its class, such as sex, age or scanner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.errors import BadUsage

Value = str | float
"""A category, or a number."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a cohort, as its training images have it.

    Attributes:
        name: as the person called it.
        values: its categories in order; empty where it is a number.
        low, high: of a number, its range in the training images.
        known: training images whose value is known.
    """

    name: str
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    known: int = 0

    def place(self, value: Value | None) -> float | None:
        """The number of a category, or the number itself; ``None`` where it is unknown or no category of training."""
        if isinstance(value, str):
            return float(self.values.index(value)) if value in self.values else None
        return None if self.values else value

    def told(self, place: float) -> Value:
        """The inverse of ``place``."""
        return self.values[int(place)] if self.values else place

    def choices(self) -> str:
        """What may be asked of it, in words: "F, M" or "21 to 84"."""
        return ", ".join(self.values) if self.values else f"{self.low:g} to {self.high:g}"

    def read(self, text: str) -> Value:
        """The value that a person wrote.

        Raises:
            BadUsage: ``bad-attribute-value``: no category of the training images, or outside of their range.
        """
        wanted = text.strip()
        if self.values:
            found = next((value for value in self.values if value.casefold() == wanted.casefold()), None)
            if found is not None:
                return found
        else:
            number = _number(wanted)
            if number is not None and self.low <= number <= self.high:
                return number
        raise BadUsage("bad-attribute-value", name=self.name, text=text, known=self.choices())


def described(training: Iterable[Mapping[str, Value]], names: Iterable[str]) -> tuple[Attribute, ...]:
    """The attributes called ``names``, in the order of the alphabet, by what the training images have.

    An attribute that no training image has is left out: nothing can be learnt of it.
    """
    found: dict[str, list[Value]] = {name: [] for name in sorted(names)}
    for row in training:
        for name, value in row.items():
            found[name].append(value)
    return tuple(_described(name, values) for name, values in found.items() if values)


def asked(attributes: Sequence[Attribute], wanted: Mapping[str, str]) -> dict[str, Value]:
    """What is asked for, checked against what there is; names in any case.

    Raises:
        BadUsage: ``unknown-attribute``, ``bad-attribute-value``.
    """
    by_name = {attribute.name.casefold(): attribute for attribute in attributes}
    result: dict[str, Value] = {}
    for name, text in wanted.items():
        attribute = by_name.get(name.strip().casefold())
        if attribute is None:
            known = "; ".join(f"{one.name} ({one.choices()})" for one in attributes)
            raise BadUsage("unknown-attribute", name=name, known=known or "none")
        result[attribute.name] = attribute.read(text)
    return result


def _described(name: str, values: Sequence[Value]) -> Attribute:
    numbers = [value for value in values if not isinstance(value, str)]
    if numbers:
        return Attribute(name, (), min(numbers), max(numbers), len(numbers))
    return Attribute(name, tuple(sorted({str(value) for value in values})), known=len(values))


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
