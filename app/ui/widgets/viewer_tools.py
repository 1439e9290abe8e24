"""The viewer's tools: layout and plane, grey levels, crosshair, cine, mouse profile, header. Wiring is the viewer's."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QButtonGroup, QComboBox, QDoubleSpinBox, QMenu, QPushButton, QSpinBox, QWidget

from app.domain.recipe import Plane
from app.ui.mouse_profiles import PROFILES
from app.ui.view_models.planes import NAMES, WindowChoice
from app.ui.widgets.cine import SPEEDS, USUAL_SPEED
from app.ui.widgets.section import button, label, roomy, row

AS_PROPOSED = "As proposed"
NO_VOLUME = "One slice, or slices that fill no box, have no other planes."


class PictureTools(QWidget):
    """The line above the picture.

    Signals:
        plane_chosen(Plane): one plane alone.
    """

    plane_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.one, self.three = _toggle("One", "One plane"), _toggle("Three", "Three planes (double click)")
        self.one.setChecked(True)
        layouts = QButtonGroup(self)
        layouts.addButton(self.one)
        layouts.addButton(self.three)
        self.plane = QComboBox()
        self.plane.setAccessibleName("Plane")
        for plane, name in NAMES.items():
            self.plane.addItem(name, plane)
        self.plane.activated.connect(lambda number: self.plane_chosen.emit(Plane(self.plane.itemData(number))))
        self.crosshair = _toggle("Crosshair", "The same place in all planes (C; Shift with the mouse moves it)")
        self.invert = _toggle("Invert", "White becomes black (I)")
        self.fit = button("Fit", "quiet", tip="The whole slice (F)")
        self.play = _toggle("Play", "Play the slices (space)")
        self.speed = roomy(QSpinBox())
        self.speed.setRange(*SPEEDS)
        self.speed.setValue(USUAL_SPEED)
        self.speed.setSuffix(" /s")
        self.speed.setAccessibleName("Pictures a second")
        self.speed.setToolTip("Pictures a second")
        self.time = roomy(QSpinBox())
        self.time.setAccessibleName("Time point")
        self.time.setToolTip("The same slices at another time (comma and full stop)")
        self.time.setPrefix("Time ")
        self.header = button("Header", "quiet", tip="Every line of the file's header (H)")
        self.mouse = MouseButton()
        line = row(
            self.one, self.three, self.plane, self.crosshair, self.invert, self.fit,
            self.play, self.speed, self.time, None, self.mouse, self.header, spacing=4,
        )  # fmt: skip
        line.setContentsMargins(0, 0, 0, 0)
        self.setLayout(line)
        keep_keys_with_picture(self)
        self.show_times(None, 0)

    def show_layout(self, three: bool, plane: Plane, refusal: str) -> None:
        """Say what is on the screen; ``refusal`` is why there are no other planes."""
        (self.three if three else self.one).setChecked(True)
        self.plane.setCurrentIndex(self.plane.findData(plane))
        self.plane.setEnabled(not refusal and not three)
        self.three.setEnabled(not refusal)
        self.three.setToolTip(refusal or "Three planes (double click)")
        self.plane.setToolTip(refusal or "The plane that is shown alone")
        self.crosshair.setEnabled(not refusal)

    def show_times(self, number: int | None, count: int) -> None:
        """Say which of ``count`` times is shown, from 0; without times there is nothing to choose."""
        self.time.setVisible(count > 1)
        self.time.blockSignals(True)
        self.time.setRange(1, max(1, count))
        self.time.setSuffix(f" of {count}")
        self.time.setValue((number or 0) + 1)
        self.time.blockSignals(False)
        self.play.setToolTip(f"Play the {'times' if count > 1 else 'slices'} (space)")


class MouseButton(QPushButton):
    """A menu of the mouse profiles.

    Signals:
        chosen(str): key of a profile.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Mouse")
        self.setProperty("kind", "quiet")
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self._group = QActionGroup(self)
        for profile in PROFILES:
            action = QAction(profile.name, menu, checkable=True)
            action.setToolTip(profile.sentence())
            action.triggered.connect(lambda _on=False, key=profile.key: self.chosen.emit(key))
            action.setData(profile.key)
            self._group.addAction(action)
            menu.addAction(action)
        self.setMenu(menu)

    def show_profile(self, key: str) -> None:
        """Tick the profile in use and say what it does."""
        for action in self._group.actions():
            if action.data() == key:
                action.setChecked(True)
                self.setToolTip(f"{action.text()}: {action.toolTip()}")


class WindowTools(QWidget):
    """The line below the picture: grey levels by name and by number.

    Signals:
        chosen(int): a named window, 0 for the one proposed.
        typed(centre, width): numbers.
    """

    chosen = Signal(int)
    typed = Signal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self.presets = QComboBox()
        self.presets.setAccessibleName("Window preset")
        self.presets.setPlaceholderText("By hand")
        self.presets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.center, self.width_box = _number("Window centre"), _number("Window width")
        self.width_box.setMinimum(0.001)
        self.reset = button("Reset", "quiet", tip="The window that the images propose (0)")
        names = label("Centre", "muted"), label("Width", "muted")
        line = row(self.presets, names[0], self.center, names[1], self.width_box, self.reset, None)
        line.setContentsMargins(0, 0, 0, 0)
        self.setLayout(line)
        keep_keys_with_picture(self)
        self.presets.activated.connect(self.chosen)
        self.reset.clicked.connect(lambda: self.chosen.emit(0))
        for box in (self.center, self.width_box):
            box.valueChanged.connect(lambda _value: self.typed.emit(self.center.value(), self.width_box.value()))

    def offer(self, choices: Sequence[WindowChoice]) -> None:
        """The named windows, which the digits choose too."""
        self.presets.clear()
        self.presets.addItem(AS_PROPOSED)
        self.presets.addItems([choice.name for choice in choices])
        self.presets.setToolTip("Digits choose: 0 as proposed, 1 the next one, and so on")
        self.presets.setVisible(bool(choices))

    def show_window(self, low: float, high: float) -> None:
        """The numbers of the window in use."""
        for box, value in ((self.center, (low + high) / 2), (self.width_box, high - low)):
            box.blockSignals(True)
            box.setDecimals(0 if high - low > 20 else 3)
            box.setValue(value)
            box.blockSignals(False)


def keep_keys_with_picture(tools: QWidget) -> None:
    """Buttons and lists take the keyboard by Tab only: after a click digits and arrows still go to the picture."""
    for kind in (QPushButton, QComboBox):
        for tool in tools.findChildren(kind):
            tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)


def _toggle(text: str, tip: str) -> QPushButton:
    made = button(text, "quiet", tip=tip)
    made.setCheckable(True)
    return made


def _number(name: str) -> QDoubleSpinBox:
    box = roomy(QDoubleSpinBox())
    box.setRange(-1e6, 1e6)
    box.setDecimals(0)
    box.setAccessibleName(name)
    box.setKeyboardTracking(False)
    box.setMinimumWidth(84)
    return box
