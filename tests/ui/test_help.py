"""Help says what the program does, from the tables that it does it by."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.domain.recipe import Recipe
from app.ui.actions import ACTIONS
from app.ui.dialogs.help import HelpDialog, kinds
from app.ui.main_window import MainWindow
from app.ui.pages.export import ExportPage
from tests.helpers.fake_services import FakeServices, two_classes


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


def test_the_page_on_data_protection_opens_from_the_export_room_with_all_its_parts(
    qtbot: QtBot, open_window: Callable[..., MainWindow]
) -> None:
    services = FakeServices(two_classes())
    services.cohorts.make("chest", Recipe(size=32))
    window = open_window(services)
    window.rail.buttons["export"].click()
    page = window.stack.currentWidget()
    assert isinstance(page, ExportPage)
    qtbot.waitUntil(page.explain.isVisible)
    qtbot.mouseClick(page.explain, Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(HelpDialog)
    assert dialog.pages.tabText(dialog.pages.currentIndex()) == "Data protection"
    said = words(dialog)
    for part in ("What leaves", "What is not checked", "What remains your responsibility"):
        assert part in said
    assert "##" not in said
