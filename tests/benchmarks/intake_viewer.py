"""Showing: a new frame with a new window against pyqtgraph's ImageView, and scrolling a volume at 30 frames a second.

Everything runs on Qt's raster engine without a screen (platform "offscreen"), with real events and real painting.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from app.domain.recipe import Plane
from app.domain.study import Instance, Series, SourceKind
from app.imaging.volume import Volume
from app.imaging.windowing import Shades
from app.ui import theme
from app.ui.job_bridge import JobBridge
from app.ui.widgets.plane_pane import PlanePane
from app.ui.widgets.slice_canvas import SliceCanvas
from app.ui.widgets.viewer import SliceViewer
from tests.benchmarks.figures import Figure, interleaved

SIDE, SLICES = 512, 300
WIDGET = 760
HERTZ = 30
FRAMES = 40
"""Frames that one measured round shows, so that a round is long enough for the clock."""
PEER = "pyqtgraph ImageView"


def measure(repeats: int) -> list[Figure]:
    """Frames of 16 bits with new windows, and a volume scrolled from end to end."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, theme.DARK)
    return [*_frames(repeats), _scrolling(three=False), _scrolling(three=True)]


def _frames(repeats: int) -> list[Figure]:
    random = np.random.default_rng(0)
    stored = [random.normal(0, 400, (SIDE, SIDE)).astype(np.int16) for _ in range(5)]
    windows = [(-100.0 - n, 300.0 + 2 * n) for n in range(7)]
    asked = [(stored[n % 5], *windows[n % 7]) for n in range(FRAMES)]
    shades, canvas = Shades(), SliceCanvas()
    canvas.resize(WIDGET, WIDGET)
    canvas.show()
    QApplication.processEvents()

    def to_picture() -> None:
        for pixels, low, high in asked:
            QImage(shades.fill(pixels, low, high).data, SIDE, SIDE, 4 * SIDE, QImage.Format.Format_RGB32)

    def painted() -> None:
        for pixels, low, high in asked:
            canvas.show_slice(pixels.astype(np.float32), (1.0, 1.0))
            canvas.set_window(low, high)
            canvas.repaint()

    names = (f"A {SIDE}x{SIDE} 16-bit frame with a new window, to a picture", "The same, painted into the widget")
    ours = {names[0]: to_picture, names[1]: painted}
    theirs = _peer(asked)
    seconds = interleaved(repeats, ours | {f"peer: {name}": work for name, work in zip(names, theirs, strict=True)})
    figures = []
    for name, wanted in zip(names, (5.0, None), strict=True):
        mine, peer = (1000 * seconds[key] / FRAMES for key in (name, f"peer: {name}"))
        figures.append(Figure(name, mine, PEER, peer, peer / mine, wanted, "ms"))
    return figures


def _peer(asked: list[tuple[NDArray[np.int16], float, float]]) -> tuple[Callable[[], None], Callable[[], None]]:
    """What people write with ImageView: a new image with its levels; then its picture, or its whole paint event."""
    import pyqtgraph

    pyqtgraph.setConfigOptions(imageAxisOrder="row-major")
    view = pyqtgraph.ImageView()
    view.resize(WIDGET, WIDGET)
    view.show()
    view.setImage(asked[0][0])
    QApplication.processEvents()

    def set_image(pixels: NDArray[np.int16], low: float, high: float) -> None:
        view.setImage(pixels, autoRange=False, autoLevels=False, levels=(low, high))

    def to_picture() -> None:
        for one in asked:
            set_image(*one)
            view.imageItem.render()

    def painted() -> None:
        for one in asked:
            set_image(*one)
            view.ui.graphicsView.viewport().repaint()

    return to_picture, painted


class _Watch(QObject):
    """Turns the wheel by the clock and notes when the slice that it asked for was painted."""

    def __init__(self, pane: PlanePane) -> None:
        super().__init__()
        self.pane = pane
        self.asked_at = 0.0
        self.painted: dict[int, float] = {}
        pane.canvas.installEventFilter(self)

    def turn(self) -> None:
        """One notch of the wheel."""
        self.asked_at = time.perf_counter()
        canvas, middle = self.pane.canvas, QPointF(self.pane.canvas.rect().center())
        event = QWheelEvent(
            middle, canvas.mapToGlobal(middle), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(canvas, event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the canvas paint, then look at the clock."""
        if event.type() != QEvent.Type.Paint or not isinstance(watched, SliceCanvas):
            return False
        watched.paintEvent(event)  # type: ignore[arg-type]
        self.painted.setdefault(self.pane.index, time.perf_counter() - self.asked_at)
        return True


def _scrolling(*, three: bool) -> Figure:
    """Every slice once at ``HERTZ``: frames painted, of those that were due while the clock ran."""
    series, volume, bridge = _series(), _volume(), JobBridge()
    viewer = SliceViewer(bridge, lambda _key, n: volume.cut(Plane.NATIVE, n), volume=lambda _key, _tell: volume)
    viewer.resize(1000, WIDGET)
    viewer.show()
    viewer.show_series(series, 0)
    _until(lambda: viewer.deck.volume is not None)
    viewer.deck.set_three(three)
    pane = viewer.deck.main
    pane.go_to(0)
    _until(lambda: pane.index == 0)
    watch = _Watch(pane)
    clock = QTimer(interval=round(1000 / HERTZ), timerType=Qt.TimerType.PreciseTimer)
    clock.timeout.connect(watch.turn)
    began = time.perf_counter()
    clock.start()
    _until(lambda: pane.index == SLICES - 1 and SLICES - 1 in watch.painted)
    due = round((time.perf_counter() - began) * HERTZ)
    clock.stop()
    bridge.close()
    viewer.close()
    shown = [1000 * watch.painted[index] for index in range(1, SLICES) if index in watch.painted]
    name = f"Scrolling {SLICES} slices of {SIDE}x{SIDE} at {HERTZ} Hz, {'three planes' if three else 'one plane'}"
    note = f"painted {statistics.median(shown):.1f} ms after the wheel, slowest {max(shown):.1f} ms"
    asked = max(SLICES - 1, due - 1)
    return Figure(name, len(shown), "frames due", asked, len(shown) / asked, 1.0, "frames", note)


def _series() -> Series:
    instances = tuple(Instance(f"/{n}.dcm", 0, float(n), f"1.{n}", "", SIDE, SIDE) for n in range(SLICES))
    return Series(
        "scroll", SourceKind.DICOM, "CT", "A volume to scroll", "/", (0.8, 0.8, 1.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "HU", 16, instances,
    )  # fmt: skip


def _volume() -> Volume:
    noise = np.random.default_rng(1).normal(0, 400, (SIDE, SIDE)).astype(np.int16)
    voxels = np.stack([np.roll(noise, n, axis=1) for n in range(SLICES)])
    affine = np.diag([0.8, 0.8, 1.0, 1.0])
    return Volume(voxels, 1.0, -1024.0, affine, "HU", (-100.0, 300.0), "scroll")


def _until(reached: Callable[[], bool]) -> None:
    """Go on with the window's events until something has happened.

    Raises:
        TimeoutError: it has not, for a minute.
    """
    end = time.perf_counter() + 60
    while not reached():
        QApplication.processEvents()
        time.sleep(0.0005)
        if time.perf_counter() > end:
            raise TimeoutError("the viewer did not answer")
