"""How well the model explains the images it learns from and the ones it never sees, as two lines over time.

pyqtgraph is imported when the plot is first shown: the window comes up without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.theme import SPLIT_COLOURS, tokens

Points = Sequence[tuple[int, float]]

LEARNT, UNSEEN = "Images it learns from", "Unseen images"


class LossPlot(QWidget):
    """Two lines: (step, loss) of the training images and of the held-out ones; lower is better."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(150)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._points: tuple[Points, Points] = ((), ())
        self._plot: Any = None
        self._lines: list[Any] = []

    def set_points(self, loss: Points, held_out: Points) -> None:
        """Draw these; may be called before the plot was ever shown."""
        self._points = (list(loss), list(held_out))
        self._draw()

    def drawn(self) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """The points in the plot, (training, held-out); empty before it was first shown."""
        if not self._lines:
            return [], []
        return _points(self._lines[0]), _points(self._lines[1])

    def showEvent(self, event: QShowEvent) -> None:
        """Make the plot, once."""
        if self._plot is None:
            self._make()
        super().showEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow light and dark."""
        if event.type() == QEvent.Type.PaletteChange and self._plot is not None:
            self._colour()
        super().changeEvent(event)

    def _make(self) -> None:
        import pyqtgraph

        self._plot = pyqtgraph.PlotWidget()
        item = self._plot.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        item.setDownsampling(auto=True, mode="peak")  # a night has more points than the screen
        item.showGrid(x=False, y=True, alpha=0.12)
        item.setLabel("left", "Error")
        item.getAxis("left").enableAutoSIPrefix(False)
        item.setLabel("bottom", "Training steps")
        self._legend = item.addLegend(offset=(-8, 4))
        self._lines = [item.plot(name=LEARNT), item.plot(name=UNSEEN)]
        self._layout.addWidget(self._plot)
        self._colour()
        self._draw()

    def _draw(self) -> None:
        for line, points in zip(self._lines, self._points, strict=False):
            line.setData([step for step, _ in points], [value for _, value in points])
            line.setSymbol("o" if len(points) == 1 else None)  # one point alone makes no line

    def _colour(self) -> None:
        import pyqtgraph

        colours = tokens()
        self._plot.setBackground(colours.surface)
        for side in ("left", "bottom"):
            axis = self._plot.getPlotItem().getAxis(side)
            axis.setPen(pyqtgraph.mkPen(colours.border))
            axis.setTextPen(pyqtgraph.mkPen(colours.muted))
        learnt, _, unseen = SPLIT_COLOURS
        for line, colour in zip(self._lines, (learnt, unseen), strict=True):
            line.setSymbolBrush(colour)
            line.setSymbolPen(None)
            line.setSymbolSize(6)
        self._lines[0].setPen(pyqtgraph.mkPen(learnt, width=1.5))
        self._lines[1].setPen(pyqtgraph.mkPen(unseen, width=2, style=Qt.PenStyle.DashLine))
        self._legend.setLabelTextColor(colours.text)


def _points(line: Any) -> list[tuple[int, float]]:
    steps, values = line.getOriginalDataset()
    return [] if steps is None else [(int(step), float(value)) for step, value in zip(steps, values, strict=True)]
