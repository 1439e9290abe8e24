"""What a benchmark says: a measured value, a peer's value in the same run, their ratio, and the ratio wanted.

Machines differ and are busy; ratios of medians that were taken in turn are what can be compared. A peer that is not
installed leaves its figure without a ratio and says so, never with a remembered number.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        name: what was measured.
        ours: our value, in ``unit``.
        peer_name: program, library or limit that it is held against.
        peer: the peer's value in the same unit; ``None`` where the peer is not installed.
        ratio: how many times better ours is (for a limit: limit / ours); ``None`` where there is nothing to compare.
        wanted: ratio that was asked for; ``None`` where the figure only informs.
        unit: unit of ``ours`` and ``peer``.
        note: what a reader must know.
    """

    name: str
    ours: float
    peer_name: str
    peer: float | None
    ratio: float | None
    wanted: float | None
    unit: str = "/s"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the ratio is what was asked for; ``None`` where that cannot be said."""
        return None if self.ratio is None or self.wanted is None else self.ratio >= self.wanted


def interleaved(repeats: int, contenders: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each contender: all of them once a round, the order turned by one from round to round.

    The first round warms caches and imports and is not counted; Python's cyclic collector rests inside a measurement.
    """
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(repeats + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            taken = _timed(contenders[name])
            if number:
                seconds[name].append(taken)
    return {name: statistics.median(values) for name, values in seconds.items()}


def _timed(contender: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        result = contender()
        taken = time.perf_counter() - began
    finally:
        gc.enable()
    del result
    return taken


def faster(name: str, count: int, seconds: tuple[float, float], peer_name: str, wanted: float | None) -> Figure:
    """A figure of throughput: ``count`` things in ``seconds`` (ours, peer's)."""
    ours, peer = seconds
    return Figure(name, count / ours, peer_name, count / peer, peer / ours, wanted)


def absent(name: str, ours: float, peer_name: str, wanted: float | None, why: str) -> Figure:
    """A figure whose peer is not here."""
    return Figure(name, ours, peer_name, None, None, wanted, note=why)


def table(figures: Sequence[Figure]) -> str:
    """The figures for a person, one a line."""
    head = ("figure", "ours", "against", "theirs", "ratio", "wanted", "", "")
    rows = [head, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _row(figure: Figure) -> tuple[str, ...]:
    verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
    return (
        figure.name,
        _number(figure.ours, figure.unit),
        figure.peer_name,
        _number(figure.peer, figure.unit),
        "-" if figure.ratio is None else f"{figure.ratio:.2f}x",
        "-" if figure.wanted is None else f"{figure.wanted:g}x",
        verdict,
        figure.note,
    )


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:,.{0 if abs(value) >= 100 else 2}f} {unit}".strip()
