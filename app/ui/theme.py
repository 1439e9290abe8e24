"""The look of the window: two sets of colour tokens, light and dark, turned into a palette and a style sheet.

Widgets never name a colour: they carry a role or kind property that the style sheet knows, or, where they paint
themselves, ask ``tokens()``. Picture areas stay near black in both themes, because grey levels are judged there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from app.paths import program_root

SPACE = 8
"""The grid: margins and gaps are multiples of it (in device-independent pixels)."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours by meaning."""

    name: str
    background: str
    surface: str
    raised: str
    border: str
    text: str
    muted: str
    accent: str
    accent_soft: str
    on_accent: str
    good: str
    caution: str
    bad: str
    image: str = "#08090a"
    on_image: str = "#c9cdd2"
    cross: str = "#e0b64a"


DARK = Tokens(
    name="dark",
    background="#15171a",
    surface="#1c1f23",
    raised="#272b30",
    border="#363c43",
    text="#d3d7db",
    muted="#98a0a8",
    accent="#5aa9c9",
    accent_soft="#20343f",
    on_accent="#0b1418",
    good="#6fb488",
    caution="#d0a45c",
    bad="#d98478",
)
LIGHT = Tokens(
    name="light",
    background="#f1f3f5",
    surface="#ffffff",
    raised="#e9ecef",
    border="#cfd5db",
    text="#1c2228",
    muted="#58626c",
    accent="#17688c",
    accent_soft="#dcebf2",
    on_accent="#ffffff",
    good="#2b7248",
    caution="#8a5a0b",
    bad="#a63a2c",
)
SPLIT_COLOURS = ("#5aa9c9", "#b58fd0", "#d0a45c")
"""Train, val and test wherever they are drawn; told apart without red against green."""

_current: list[Tokens] = [DARK]


def tokens() -> Tokens:
    """The colours in use."""
    return _current[0]


def apply(app: QApplication, chosen: Tokens) -> None:
    """Dress the whole program in ``chosen``; may be called again at any time."""
    _current[0] = chosen
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    app.setPalette(_palette(chosen))
    app.setStyleSheet(_style_sheet(chosen, app.font().pointSizeF()))


def system_choice() -> Tokens:
    """What the desktop prefers; dark where it does not say."""
    from PySide6.QtCore import Qt

    light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
    return LIGHT if light else DARK


def set_role(widget: QWidget, role: str) -> None:
    """Give ``widget`` another role of the style sheet and draw it anew."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def _style_sheet(chosen: Tokens, points: float) -> str:
    resources = program_root() / "resources"
    text = (resources / "theme" / "understudy.qss").read_text("utf-8")
    sizes = {"small": f"{points * 0.92:.1f}pt", "heading": f"{points * 1.2:.1f}pt", "title": f"{points * 1.7:.1f}pt"}
    return Template(text).substitute(asdict(chosen), icons=(resources / "icons").as_posix(), **sizes)


def _palette(chosen: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for key, value in {
        role.Window: chosen.background,
        role.WindowText: chosen.text,
        role.Base: chosen.surface,
        role.AlternateBase: chosen.background,
        role.Text: chosen.text,
        role.Button: chosen.raised,
        role.ButtonText: chosen.text,
        role.BrightText: chosen.bad,
        role.ToolTipBase: chosen.raised,
        role.ToolTipText: chosen.text,
        role.PlaceholderText: chosen.muted,
        role.Highlight: chosen.accent,
        role.HighlightedText: chosen.on_accent,
        role.Accent: chosen.accent,
        role.Link: chosen.accent,
        role.Light: chosen.raised,
        role.Mid: chosen.border,
        role.Dark: chosen.border,
    }.items():
        palette.setColor(key, QColor(value))
    faded = QColor(chosen.muted)
    faded.setAlpha(140)
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, faded)
    return palette
