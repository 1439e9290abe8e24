"""The grey levels of a viewer's panes: proposed by the file, chosen from its windows and presets, dragged or typed.

It joins panes with the tools that show and change a window. It must not know series, planes or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.ui.view_models.planes import WindowChoice, window_choices
from app.ui.widgets.plane_pane import PlanePane
from app.ui.widgets.viewer_tools import WindowTools

if TYPE_CHECKING:
    from app.imaging.slices import SliceImage


class GreyLevels(QObject):
    """One window for all panes.

    Attributes:
        choices: the file's own windows and the presets of its unit, as the digit keys count them from 1.
        proposed: (low, high) that the slice shown proposes.

    Signals:
        changed(): another window is shown.
    """

    changed = Signal()

    def __init__(self, panes: Sequence[PlanePane], tools: WindowTools) -> None:
        super().__init__()
        self._panes, self._tools = panes, tools
        self._unit = ""
        self._of_file: tuple[WindowChoice, ...] = ()
        self.choices: list[WindowChoice] = []
        self.proposed = (0.0, 1.0)
        for pane in panes:
            pane.canvas.window_changed.connect(self._by_hand)
        tools.chosen.connect(self.choose)
        tools.typed.connect(lambda centre, width: self._by_hand(centre - width / 2, centre + width / 2))

    def begin(self, unit: str) -> None:
        """A series with values of this unit; the file's own windows come with its first slice."""
        self._unit = unit
        self._offer(())

    def take(self, image: SliceImage) -> None:
        """Offer the windows of the file where it has several; the choice made stays."""
        of_file = tuple(WindowChoice(*window) for window in image.windows)
        if len(of_file) > 1 and [one.name for one in of_file] != [one.name for one in self._of_file]:
            chosen = self._tools.presets.currentText()
            self._offer(of_file)
            self._tools.presets.setCurrentText(chosen)

    def set_window(self, low: float, high: float) -> None:
        """From ``low`` (black) to ``high`` (white), in all panes."""
        for pane in self._panes:
            pane.canvas.set_window(low, high)
        self._tools.show_window(low, high)
        self.changed.emit()

    def reset(self) -> None:
        """Back to the window that the slice proposes."""
        self.choose(0)

    def choose(self, number: int) -> None:
        """A window of ``choices``, counted from 1; 0 is the proposed one."""
        self._tools.presets.setCurrentIndex(number)
        chosen = self.choices[number - 1] if number else None
        self.set_window(*((chosen.low, chosen.high) if chosen else self.proposed))

    def invert(self, on: bool) -> None:
        """Dark for bright, in all panes."""
        for pane in self._panes:
            pane.canvas.set_inverted(on)

    def _by_hand(self, low: float, high: float) -> None:
        self._tools.presets.setCurrentIndex(-1)
        self.set_window(low, high)

    def _offer(self, of_file: tuple[WindowChoice, ...]) -> None:
        self._of_file, self.choices = of_file, window_choices(self._unit, of_file)
        self._tools.offer(self.choices)
