"""What a model is told of each picture besides its class: what the person asked for, the rest as it occurs together.

An attribute that nobody asked for is not left open: each picture takes the values of one training image of its class,
one of those nearest to what was asked, so that a sample set has the mixture of the cohort and no impossible
combinations. It must not know how pictures are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.condition import Attribute, Value
from models.api import Attribute as Told
from models.data.prepared import AttributeFacts, PreparedImages

NEAR = 0.1
"""How much further than the nearest training image, in ranges of a number, one may be and still lend its values."""


class Asking:
    """The attributes of a sample set, one picture after another."""

    def __init__(self, data: PreparedImages, attributes: Sequence[Told], asked: Mapping[str, Value]) -> None:
        """``attributes`` are those of the model; ``asked`` was checked against those of the run."""
        self._scales = [AttributeFacts(one.name, one.values, one.low, one.high) for one in attributes]
        known = [Attribute(one.name, one.values, one.low, one.high) for one in attributes]
        self._known = known
        self._asked = {at: one.place(asked[one.name]) for at, one in enumerate(known) if one.name in asked}
        self._train = data.subset("train")
        self._labels = data.labels[self._train]
        self._rows = _places(data, known)[self._train]

    def of(self, labels: Sequence[int], seeds: Sequence[int]) -> NDArray[np.float32]:
        """``(n, K)`` as the model takes it; NaN where nothing is known. It depends on each label and seed alone."""
        rows = [
            [self._scaled(at, value) for at, value in enumerate(self._row(*one))]
            for one in zip(labels, seeds, strict=True)
        ]
        return np.asarray(rows, dtype=np.float32).reshape(len(labels), len(self._known))

    def words(self, label: int, seed: int) -> dict[str, Value]:
        """The same of one picture, for its record."""
        told = zip(self._known, self._row(label, seed), strict=True)
        return {one.name: one.told(float(place)) for one, place in told if not np.isnan(place)}

    def _row(self, label: int, seed: int) -> NDArray[np.float64]:
        rows = self._rows[self._labels == label]
        row = np.full(len(self._known), np.nan)
        if len(rows) and len(row):
            near = self._near(rows)
            row = near[np.random.default_rng(seed).integers(len(near))].copy()
        for at, place in self._asked.items():
            row[at] = np.nan if place is None else place
        return row

    def _near(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rows nearest to what was asked: a wrong or unknown category counts as far as a whole range."""
        away = np.zeros(len(rows))
        for at, place in self._asked.items():
            one = self._known[at]
            column, wanted = rows[:, at], np.nan if place is None else place
            apart = (column != wanted).astype(float) if one.values else abs(column - wanted) / (one.high - one.low or 1)
            away += np.nan_to_num(np.minimum(apart, 1.0), nan=1.0)
        near: NDArray[np.float64] = rows[away <= away.min() + NEAR]
        return near

    def _scaled(self, at: int, place: float) -> float:
        return self._scales[at].scaled(None if np.isnan(place) else float(place))


def _places(data: PreparedImages, wanted: Sequence[Attribute]) -> NDArray[np.float64]:
    """``(N, K)``: what is known of every image, as places of ``wanted``; NaN where nothing is."""
    columns = {one.name: (at, one) for at, one in enumerate(data.facts.attributes)}
    result = np.full((len(data), len(wanted)), np.nan)
    for to, one in enumerate(wanted):
        if one.name not in columns:
            continue
        at, facts = columns[one.name]
        own = Attribute(facts.name, facts.values, facts.low, facts.high)
        for number, row in enumerate(data.facts.values):
            value = row[at]
            place = None if value is None else one.place(own.told(value))
            result[number, to] = np.nan if place is None else place
    return result
