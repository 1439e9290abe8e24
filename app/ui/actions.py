"""The actions of the window as one table: menus, shortcuts, tooltips and the help page are made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

Handler = Callable[[], object]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing that the person can ask for.

    Attributes:
        key: name used in code.
        text: what menus say.
        shortcut: keys, portable form; "" for none.
        needs_project: greyed out while no project is open.
    """

    key: str
    text: str
    shortcut: str = ""
    needs_project: bool = False


ACTIONS = (
    ActionSpec("new-project", "New project…", "Ctrl+N"),
    ActionSpec("open-project", "Open project…", "Ctrl+O"),
    ActionSpec("close-project", "Close project", "Ctrl+W", needs_project=True),
    ActionSpec("add-folder", "Add a folder…", "Ctrl+D"),
    ActionSpec("add-files", "Add files…", "Ctrl+Shift+D"),
    ActionSpec("library", "Library", "Ctrl+1", needs_project=True),
    ActionSpec("cohort", "Cohort", "Ctrl+2", needs_project=True),
    ActionSpec("train", "Train", "Ctrl+3", needs_project=True),
    ActionSpec("generate", "Generate", "Ctrl+4", needs_project=True),
    ActionSpec("review", "Review", "Ctrl+5", needs_project=True),
    ActionSpec("export", "Export", "Ctrl+6", needs_project=True),
    ActionSpec("help", "Help", "F1"),
    ActionSpec("switch-theme", "Light or dark", "Ctrl+L"),
    ActionSpec("quit", "Quit", "Ctrl+Q"),
)
PROJECT_MENU = ("new-project", "open-project", "", "add-folder", "add-files", "", "close-project", "help", "quit")
"""Menu of the project button; "" is a rule."""


def make(parent: QWidget, handlers: Mapping[str, Handler]) -> dict[str, QAction]:
    """QActions of the whole table, active anywhere in ``parent``.

    Raises:
        KeyError: an action of the table has no handler.
    """
    made: dict[str, QAction] = {}
    for spec in ACTIONS:
        action = QAction(spec.text, parent)
        if spec.shortcut:
            action.setShortcut(QKeySequence(spec.shortcut))
        action.triggered.connect(lambda _checked=False, run=handlers[spec.key]: run())
        parent.addAction(action)
        made[spec.key] = action
    return made


def enable(actions: Mapping[str, QAction], *, project_open: bool) -> None:
    """Grey out what needs a project while none is open."""
    for spec in ACTIONS:
        if spec.needs_project:
            actions[spec.key].setEnabled(project_open)
