"""Icons drawn for this program: SVG files in one colour, tinted with the theme when they are asked for."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.paths import program_root
from app.ui.theme import tokens

_STAND_IN = b"#000000"
"""The colour that the files are drawn in."""


def pixmap(name: str, size: int, colour: str = "", *, ratio: float = 2.0) -> QPixmap:
    """The picture of ``resources/icons/<name>.svg``, ``size`` device-independent pixels wide and high.

    Args:
        name: file name without its ending.
        size: edge length.
        colour: any colour; the theme's text colour where empty.
        ratio: device pixels per pixel; 2 stays sharp on dense screens.
    """
    drawing = (program_root() / "resources" / "icons" / f"{name}.svg").read_bytes()
    renderer = QSvgRenderer(QByteArray(drawing.replace(_STAND_IN, (colour or tokens().text).encode())))
    picture = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    renderer.render(painter)
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


def icon(name: str, colour: str = "", *, size: int = 24) -> QIcon:
    """The same as an icon for buttons."""
    return QIcon(pixmap(name, size, colour))
