"""The other times of the stack on the screen: repetitions, phases and time points that show the same slices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from app.domain.study import Series
from app.ui.job_bridge import JobBridge
from app.ui.view_models.planes import repeats

Siblings = Callable[[str], Sequence[Series]]


class Times(QObject):
    """Looks for them off the GUI thread.

    Args:
        bridge: does the work.
        siblings: the series of the same study as a series key; called off the GUI thread. ``None`` for a viewer that
            knows no other series.

    Attributes:
        members: the stack at its times in order, () where there is one time only.

    Signals:
        found(): ``members`` are others now.
    """

    found = Signal()

    def __init__(self, bridge: JobBridge, siblings: Siblings | None) -> None:
        super().__init__()
        self._bridge, self._siblings = bridge, siblings
        self._lane = f"times-{id(self)}"
        self.members: tuple[Series, ...] = ()

    def look_at(self, series: Series | None) -> None:
        """Another stack, or none."""
        self._bridge.cancel_lane(self._lane)
        self._take(())
        siblings = self._siblings
        if series is not None and siblings is not None:
            self._bridge.run_in_background(lambda: repeats(series, siblings(series.key)), self._take, lane=self._lane)

    def number_of(self, series: Series | None) -> int | None:
        """Which time a series is, from 0; ``None`` where it is none of them."""
        key = series.key if series is not None else ""
        return next((number for number, one in enumerate(self.members) if one.key == key), None)

    def _take(self, members: tuple[Series, ...]) -> None:
        if members != self.members:
            self.members = members
            self.found.emit()
