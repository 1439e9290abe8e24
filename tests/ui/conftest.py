"""The window in tests: drawn off screen, over fake services, with its own preferences."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.collecting import Collector
from app.ui.context import PageContext
from app.ui.main_window import MainWindow
from app.ui.preferences import Preferences
from app.ui.projects import Doors
from tests.helpers.fake_services import FakeServices


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The off-screen platform remarks on what only a window manager would do; not a defect of ours."""
    for item in items:
        item.add_marker(
            pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise|grabbing the keyboard)", extend=True)
        )


@pytest.fixture(autouse=True)
def collector(qapp) -> Iterator[Collector]:
    """Garbage is collected as in the running program: on the GUI thread only."""
    made = Collector()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def context(qapp, services: FakeServices) -> Iterator[PageContext]:
    theme.apply(qapp, theme.DARK)
    made = PageContext(services=services)
    yield made
    made.bridge.close()


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(tmp_path / "window.ini")


@pytest.fixture
def open_window(qtbot: QtBot, qapp, preferences: Preferences) -> Iterator[Callable[..., MainWindow]]:
    """Builds a shown window; its projects are fake ones, made in ``made``."""
    opened: list[MainWindow] = []

    def build(services: FakeServices | None = None, doors: Doors | None = None) -> MainWindow:
        theme.apply(qapp, theme.DARK)
        window = MainWindow(PageContext(services=services), preferences, doors)
        opened.append(window)
        window.resize(1280, 800)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield build
    for window in opened:
        window.leaving.abandon()
        window.close()
        window.deleteLater()
