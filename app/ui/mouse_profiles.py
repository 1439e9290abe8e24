"""What the mouse does in the viewer, by profile: habits of reading rooms, Slicer and Weasis clash, so all are offered.

A profile is data; the canvas asks it what a button means. Nothing here knows pictures or widgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Qt

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
PLAIN = Qt.KeyboardModifier.NoModifier
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


class Does(StrEnum):
    """What a drag, or a turn of the wheel, does."""

    WINDOW = "brightness and contrast"
    ZOOM = "zoom"
    PAN = "move the picture"
    SCROLL = "scroll"
    CROSSHAIR = "crosshair"
    MENU = "menu"
    NOTHING = "nothing"


Chord = tuple[Qt.MouseButton, Qt.KeyboardModifier]


@dataclass(frozen=True, slots=True)
class MouseProfile:
    """One set of habits.

    Attributes:
        key: what preferences store.
        name: what the person chooses.
        drags: meaning of a button with a modifier; without an entry for the modifier, that of the plain button.
        wheel, ctrl_wheel: meaning of the wheel.
        up_is_brighter: dragging up for brightness makes the picture brighter (its centre lower), else darker.

    In every profile moving with Shift held sets the crosshair, a click without a drag does too, and a double click
    shows one plane alone.
    """

    key: str
    name: str
    drags: dict[Chord, Does]
    wheel: Does = Does.SCROLL
    ctrl_wheel: Does = Does.ZOOM
    up_is_brighter: bool = True

    def drag(self, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> Does:
        """What dragging with ``button`` does while ``modifiers`` are held."""
        held = modifiers & (SHIFT | CTRL)
        return self.drags.get((button, held)) or self.drags.get((button, PLAIN), Does.NOTHING)

    def turn(self, modifiers: Qt.KeyboardModifier) -> Does:
        """What the wheel does while ``modifiers`` are held."""
        return self.ctrl_wheel if modifiers & CTRL else self.wheel

    def sentence(self) -> str:
        """The profile in one line, for tooltips and help."""
        names = {LEFT: "left", MIDDLE: "middle", RIGHT: "right"}
        held = {PLAIN: "", SHIFT: "Shift + ", CTRL: "Ctrl + "}
        parts = [f"{held[keys]}{names[button]}: {does}" for (button, keys), does in self.drags.items()]
        return ", ".join([*parts, f"wheel: {self.wheel}", f"Ctrl + wheel: {self.ctrl_wheel}"])


PROFILES = (
    MouseProfile(
        "radiology",
        "Radiology workstation",
        {
            (LEFT, PLAIN): Does.WINDOW,
            (MIDDLE, PLAIN): Does.PAN,
            (RIGHT, PLAIN): Does.ZOOM,
            (LEFT, SHIFT): Does.CROSSHAIR,
            (LEFT, CTRL): Does.PAN,
        },
    ),
    MouseProfile(
        "slicer",
        "Slicer",
        {
            (LEFT, PLAIN): Does.CROSSHAIR,
            (MIDDLE, PLAIN): Does.PAN,
            (RIGHT, PLAIN): Does.ZOOM,
            (LEFT, CTRL): Does.WINDOW,
            (LEFT, SHIFT): Does.PAN,
        },
        up_is_brighter=False,
    ),
    MouseProfile(
        "weasis",
        "Weasis",
        {
            (LEFT, PLAIN): Does.WINDOW,
            (MIDDLE, PLAIN): Does.PAN,
            (RIGHT, PLAIN): Does.MENU,
            (LEFT, SHIFT): Does.CROSSHAIR,
            (LEFT, CTRL): Does.ZOOM,
        },
    ),
)
"""The table; the first one is the choice of somebody who has not chosen."""


def profile(key: str) -> MouseProfile:
    """The profile of that key; the first one where there is none."""
    return next((one for one in PROFILES if one.key == key), PROFILES[0])
