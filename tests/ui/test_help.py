"""Help says what the program does, from the tables that it does it by."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.ui.actions import ACTIONS
from app.ui.dialogs.help import HelpDialog, kinds
from app.ui.main_window import MainWindow


def words(dialog: HelpDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def test_one_help_opens_and_names_every_shortcut_and_kind_of_model(
    qtbot: QtBot, open_window: Callable[..., MainWindow]
) -> None:
    window = open_window()
    assert window.actions_by_key["help"].shortcut().toString() == "F1"
    window.actions_by_key["help"].trigger()
    (dialog,) = window.findChildren(HelpDialog)
    qtbot.waitExposed(dialog)
    said = words(dialog)
    assert all(spec.shortcut in said for spec in ACTIONS)
    assert all(choice.title in said and choice.description in said for choice in kinds())
    shown = {label.accessibleName() for label in dialog.findChildren(QLabel) if not label.pixmap().isNull()}
    assert shown == {f"Pictures drawn by {choice.title}" for choice in kinds()}
    window.strip.help.click()
    assert window.findChildren(HelpDialog) == [dialog]


def test_closed_help_is_gone_and_opens_anew(qtbot: QtBot, open_window: Callable[..., MainWindow]) -> None:
    window = open_window()
    window.strip.help.click()
    (dialog,) = window.findChildren(HelpDialog)
    qtbot.mouseClick(dialog.leave, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.findChildren(HelpDialog))
    window.strip.help.click()
    assert window.findChildren(HelpDialog)
