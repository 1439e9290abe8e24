"""A training that is cut short, by a killed worker or by closing the window, goes on from its last checkpoint.

Real worker processes and a real project; the only test of the window that waits for a model to learn.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app import compose
from app.compose import Services
from app.domain.recipe import Recipe
from app.domain.run import RunState
from app.jobs.messages import CheckpointNow, Message, Metric
from app.ui.context import PageContext
from app.ui.main_window import MainWindow
from app.ui.pages.train import TrainPage
from app.ui.preferences import Preferences
from app.worker.channel import RecordingChannel
from tests.helpers.intake import import_paths

LEFT = Qt.MouseButton.LeftButton
WORK_MS = 120_000
"""A worker imports torch on two busy cores."""
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")  # the off-screen platform, of any dialog

Open = Callable[[], MainWindow]


@pytest.fixture
def project(tmp_path: Path, pictures: Path) -> Path:
    """A closed project with the cohort "shapes"."""
    services = compose.create_project(tmp_path / "project")
    import_paths(services.project, [pictures], RecordingChannel())
    services.cohorts.make("shapes", Recipe(size=32))
    services.close(0)
    return tmp_path / "project"


@pytest.fixture
def open_project(qtbot: QtBot, project: Path, preferences: Preferences) -> Iterator[Open]:
    """Opens a window on the project, in the Train room; as a person would after closing the program."""
    opened: list[MainWindow] = []

    def build() -> MainWindow:
        window = MainWindow(PageContext(services=compose.open_project(project)), preferences)
        opened.append(window)
        window.resize(1280, 800)
        window.show()
        qtbot.mouseClick(window.rail.buttons["train"], LEFT)
        qtbot.waitUntil(lambda: bool(train_page(window).setup.counts.text()))
        return window

    yield build
    for window in opened:
        services_of(window).runner.close(0)
        qtbot.waitUntil(lambda window=window: not window.context.bridge.jobs())
        window.leaving.abandon()
        window.close()
        window.deleteLater()


def services_of(window: MainWindow) -> Services:
    assert window.context.services is not None
    return window.context.services


def train_page(window: MainWindow) -> TrainPage:
    page = window.stack.currentWidget()
    assert isinstance(page, TrainPage)
    return page


def steps_heard(window: MainWindow) -> list[int]:
    """Training steps as they are heard from now on."""
    steps: list[int] = []

    def hear(_job_id: str, message: Message) -> None:
        if isinstance(message, Metric) and "loss" in message.values:
            steps.append(message.step)

    window.context.bridge.message.connect(hear)
    return steps


def train_until_saved(qtbot: QtBot, window: MainWindow) -> int:
    """Start a long training and have it save; returns the step of that checkpoint."""
    page, steps = train_page(window), steps_heard(window)
    page.setup.family.setCurrentIndex(page.setup.family.findData("vae"))
    page.setup.advanced.steps.setValue(100_000)
    qtbot.mouseClick(page.setup.start, LEFT)
    qtbot.waitUntil(lambda: len(steps) >= 3, timeout=WORK_MS)
    (running,) = window.context.bridge.jobs().values()
    before = saved(window)
    running.job.send(CheckpointNow())
    qtbot.waitUntil(lambda: saved(window) > before, timeout=WORK_MS)
    return saved(window)


def saved(window: MainWindow) -> int:
    checkpoint = services_of(window).training.runs()[0].checkpoint
    return -1 if checkpoint is None else int(checkpoint.stem.rpartition("-")[2])


def test_a_killed_worker_leaves_the_window_alive_and_the_training_can_go_on(qtbot: QtBot, open_project: Open) -> None:
    window = open_project()
    page = train_page(window)
    train_until_saved(qtbot, window)
    (running,) = window.context.bridge.jobs().values()
    assert running.job.pid is not None
    os.kill(running.job.pid, signal.SIGKILL)
    qtbot.waitUntil(page.message.isVisible, timeout=WORK_MS)
    assert page.message.text.text().startswith(
        "The worker ended unexpectedly (SIGKILL). What was saved before is kept."
    )
    assert page.message.action.text() == "Resume"
    assert window.isVisible()
    assert services_of(window).training.runs()[0].state is RunState.INTERRUPTED
    last, steps = saved(window), steps_heard(window)
    qtbot.mouseClick(page.message.action, LEFT)
    qtbot.waitUntil(lambda: len(steps) >= 2, timeout=WORK_MS)
    assert steps[0] == last + 1
    assert not page.message.isVisible()
    qtbot.mouseClick(page.view.stop, LEFT)
    qtbot.waitUntil(page.view.resume.isVisible, timeout=WORK_MS)
    assert services_of(window).training.runs()[0].state is RunState.STOPPED
    assert saved(window) > last


def test_closing_asks_and_the_training_can_go_on_afterwards(qtbot: QtBot, open_project: Open) -> None:
    window = open_project()
    train_until_saved(qtbot, window)
    window.close()
    dialog = window.leaving.dialog
    assert dialog is not None
    assert dialog.isVisible()
    qtbot.mouseClick(dialog.keep, LEFT)
    assert window.isVisible()
    assert window.context.bridge.jobs()
    window.close()
    dialog = window.leaving.dialog
    assert dialog is not None
    qtbot.mouseClick(dialog.stop, LEFT)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WORK_MS)

    again = open_project()
    page = train_page(again)
    qtbot.waitUntil(lambda: page.view.resume.isVisible() and bool(page.view.plot.drawn()[0]))
    last, steps = saved(again), steps_heard(again)
    qtbot.mouseClick(page.view.resume, LEFT)
    qtbot.waitUntil(lambda: len(steps) >= 2, timeout=WORK_MS)
    assert steps[0] == last + 1
