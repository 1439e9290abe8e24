"""The strip at the top: which project is open (with its menu), the one-button road, light or dark, help."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton

from app.ui.icons import icon
from app.ui.theme import SPACE, tokens
from app.ui.widgets.section import button

NAME_WIDTH = 420
"""Longest project name in pixels before it is elided."""


class TopStrip(QFrame):
    """Project name with menu, "Augment…", theme switch, help.

    Signals:
        augment_wanted(): the one-button road was asked for.
        theme_wanted(): light or dark was asked for.
        help_wanted(): help was asked for.
    """

    augment_wanted = Signal()
    theme_wanted = Signal()
    help_wanted = Signal()

    def __init__(self, menu: QMenu) -> None:
        super().__init__()
        self.setObjectName("strip")
        self.project = QToolButton()
        self.project.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.project.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.project.setAutoRaise(True)
        self.project.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.project.setMenu(menu)
        self.augment = button("Augment…", tip="From these images to an augmented dataset with sensible choices")
        self.augment.clicked.connect(self.augment_wanted)
        self.theme, self.help = _quiet_button(), _quiet_button()
        self.theme.clicked.connect(self.theme_wanted)
        self.help.clicked.connect(self.help_wanted)
        self.help.setToolTip("Help (F1)")
        self.help.setAccessibleName("Help")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE, 6, SPACE, 6)
        layout.addWidget(self.project)
        layout.addStretch(1)
        layout.addWidget(self.augment)
        layout.addWidget(self.theme)
        layout.addWidget(self.help)
        self.show_project(None)
        self.redraw()

    def show_project(self, folder: Path | None) -> None:
        """Name the open project."""
        name = folder.name if folder is not None else "No project"
        shown = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, NAME_WIDTH)
        self.project.setText(f"{shown}  ▾")
        self.project.setToolTip(str(folder) if folder is not None else "Create or open a project")
        self.project.setAccessibleName(f"Project: {name}")
        self.augment.setVisible(folder is not None)

    def redraw(self) -> None:
        """The theme changed."""
        dark = tokens().name == "dark"
        self.theme.setIcon(icon("sun" if dark else "moon"))
        self.theme.setToolTip("Switch to light" if dark else "Switch to dark")
        self.theme.setAccessibleName(self.theme.toolTip())
        self.help.setIcon(icon("help"))
        self.project.setIcon(icon("folder", tokens().muted))
        self.augment.setIcon(icon("augment"))


def _quiet_button() -> QToolButton:
    made = QToolButton()
    made.setAutoRaise(True)
    made.setIconSize(QSize(20, 20))
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made
