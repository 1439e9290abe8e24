"""The pictures of an audit: pairs, sheets and plots, as PNG bytes. Arrays in, bytes out; it knows no files."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

mpl.use("agg")

SIDE = 96
"""Small pictures are enlarged, pixel by pixel, to about this side."""
GAP = 4
COLUMNS = 6
INK, SOFT, ACCENT, WARN = "#1d2733", "#8a97a5", "#2b6cb0", "#b3302a"

Grey = NDArray[np.uint8]


def grey(image: NDArray[np.floating[Any]]) -> Grey:
    """``(C, H, W)`` in [-1, 1] to ``(H, W)`` uint8 (channels averaged), enlarged by a whole factor."""
    plane = np.clip(image.mean(axis=0), -1, 1)
    levels = np.rint((plane + 1) * 127.5).astype(np.uint8)
    factor = max(1, SIDE // levels.shape[0])
    return np.repeat(np.repeat(levels, factor, axis=0), factor, axis=1)


def side_by_side(left: NDArray[np.floating[Any]], right: NDArray[np.floating[Any]]) -> bytes:
    """Two pictures with a white gap."""
    one, two = grey(left), grey(right)
    gap = np.full((one.shape[0], GAP), 255, dtype=np.uint8)
    return png(np.hstack([one, gap, two]))


def sheet(images: Sequence[NDArray[np.floating[Any]]], columns: int = COLUMNS) -> bytes:
    """Pictures in rows, on white."""
    cells = [grey(image) for image in images]
    side = cells[0].shape[0]
    rows = -(-len(cells) // columns)
    wide = min(columns, len(cells))
    canvas = np.full((rows * (side + GAP) - GAP, wide * (side + GAP) - GAP), 255, dtype=np.uint8)
    for number, cell in enumerate(cells):
        top, left = (number // columns) * (side + GAP), (number % columns) * (side + GAP)
        canvas[top : top + side, left : left + side] = cell
    return png(canvas)


def png(pixels: Grey) -> bytes:
    """Grey pixels as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def class_bars(accuracy: Mapping[str, float | None], agreement: Mapping[str, float | None]) -> bytes:
    """Per class: how often the classifier is right on unseen real images and agrees on generated ones."""
    names = list(agreement)
    figure = Figure(figsize=(6.4, 0.62 * len(names) + 1.1), dpi=110, layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    for offset, values, color, text in (
        (-0.19, accuracy, SOFT, "unseen real images"),
        (0.19, agreement, ACCENT, "generated images"),
    ):
        shares = [100 * (values.get(name) or 0.0) for name in names]
        bars = axes.barh(places + offset, shares, height=0.34, color=color, label=text)
        axes.bar_label(bars, labels=[_percent(values.get(name)) for name in names], padding=3, fontsize=8, color=INK)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_xlabel("given the right class, %")
    _finish(axes)
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    return _figure_png(figure)


def distance_plot(distances: Sequence[float], threshold: float, reference: str) -> bytes:
    """How near the pictures lie to their nearest training image, and where a suspected copy begins."""
    figure = Figure(figsize=(6.4, 2.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.hist(distances, bins=min(40, max(8, len(distances) // 4)), color=ACCENT)
    axes.axvline(threshold, color=WARN, linewidth=1.5)
    axes.annotate(
        f"nearest of the {reference} images",
        (threshold, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4, 2),
        textcoords="offset points",
        fontsize=8,
        color=WARN,
    )
    axes.set_xlim(left=0)
    axes.set_xlabel("distance to the nearest training image (left of the line: suspected copy)")
    axes.set_ylabel("pictures")
    _finish(axes)
    return _figure_png(figure)


def _percent(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.0%}"


def _finish(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(SOFT)
    axes.tick_params(colors=INK, labelsize=8)
    axes.xaxis.label.set_size(8)
    axes.yaxis.label.set_size(8)


def _figure_png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
