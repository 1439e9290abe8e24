"""The texts in the corners of a pane: what is shown, in which window, where it lies, and the value under the cursor."""

from __future__ import annotations

from app.domain.recipe import Plane
from app.domain.study import Series
from app.ui.view_models.library import series_title
from app.ui.view_models.planes import (
    NAMES,
    THREE,
    Point,
    native_place_text,
    place_text,
    slice_place_text,
    value_text,
)
from app.ui.widgets.plane_pane import PlanePane


def show_pixel(pane: PlanePane, series: Series, pixel: tuple[int, int], point: Point | None) -> None:
    """Value, number and place of a pixel (row, column); (-1, -1) takes the text away."""
    row, column = pixel
    text = ""
    if row >= 0:
        text = f"{value_text(pane.canvas.value_at(row, column), series.unit)}\nx {column}, y {row}"
        text += f"\n{place_text(point)}" if point is not None else ""
    title, window, _, place = pane.canvas.texts
    pane.canvas.set_texts(title, window, text, place)


def show_place(pane: PlanePane, series: Series | None, corner: Point | None, *, is_main: bool) -> None:
    """Title and window (in the large pane), plane, and where the slice lies; ``corner`` is its first pixel's place."""
    low, high = pane.canvas.window_limits
    window = f"C {(low + high) / 2:.4g}  W {high - low:.4g}" if is_main and series is not None else ""
    pane.canvas.set_texts(_title(pane, series, is_main), window, pane.canvas.texts[2], _place(pane, series, corner))


def _title(pane: PlanePane, series: Series | None, is_main: bool) -> str:
    if series is None:
        return ""
    parts = (series_title(series) if is_main else "", NAMES[pane.plane] if pane.plane is not Plane.NATIVE else "")
    return "\n".join(part for part in parts if part)


def _place(pane: PlanePane, series: Series | None, corner: Point | None) -> str:
    """Where the slice lies, in millimetres along the way across the slices."""
    if series is None or not pane.count:
        return ""
    if pane.plane in THREE:
        return slice_place_text(pane.plane, corner) if corner is not None else ""
    return native_place_text(series, pane.index)
