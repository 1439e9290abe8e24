"""The slice viewer: what it shows, how wheel, drag, keys and digits move it, and that late slices are dropped."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.errors import Failed
from app.ui.job_bridge import JobBridge
from app.ui.widgets.slice_canvas import SliceCanvas
from app.ui.widgets.viewer import SliceViewer
from tests.helpers.fake_services import COLUMNS, ROWS, FakeCatalogue, Jobs, series, study

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return FakeCatalogue(Jobs(), [study("s", series("k", slices=12))])


@pytest.fixture
def viewer(qtbot: QtBot, qapp, catalogue: FakeCatalogue):
    bridge = JobBridge()
    made = SliceViewer(bridge, catalogue.slice)
    qtbot.addWidget(made)
    made.resize(600, 600)
    made.show()
    with qtbot.waitSignal(made.slice_changed):
        made.show_series(catalogue.series("k"), 5)
    yield made
    bridge.close()


def wheel(canvas: SliceCanvas, turn: int) -> None:
    middle = QPointF(canvas.rect().center())
    event = QWheelEvent(
        middle, canvas.mapToGlobal(middle), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def point_over(canvas: SliceCanvas, row: int, column: int) -> QPoint:
    rect = canvas.picture_rect()
    return QPointF(
        rect.left() + (column + 0.5) / COLUMNS * rect.width(), rect.top() + (row + 0.5) / ROWS * rect.height()
    ).toPoint()


def grey_at(canvas: SliceCanvas, row: int, column: int) -> int:
    return canvas.grab().toImage().pixelColor(point_over(canvas, row, column)).red()


def test_wheel_scrolls_and_says_where(viewer: SliceViewer, qtbot: QtBot) -> None:
    assert viewer.position.text() == "6/12"
    with qtbot.waitSignal(viewer.slice_changed) as shown:
        wheel(viewer.canvas, -120)
    assert shown.args == [6]
    assert viewer.position.text() == "7/12"
    wheel(viewer.canvas, 60)
    assert viewer.index == 6, "half a notch of a fine wheel is not a slice yet"
    wheel(viewer.canvas, 60)
    assert viewer.index == 5


def test_wheel_stops_at_the_ends(viewer: SliceViewer) -> None:
    wheel(viewer.canvas, 120 * 100)
    assert viewer.index == 0
    wheel(viewer.canvas, -120 * 100)
    assert viewer.index == 11


def test_dragging_changes_window_and_reset_takes_it_back(viewer: SliceViewer, qtbot: QtBot) -> None:
    canvas = viewer.canvas
    assert canvas.window_limits == (-100.0, 300.0)
    before = grey_at(canvas, 20, 10)
    start = canvas.rect().center()
    qtbot.mousePress(canvas, LEFT, pos=start)
    qtbot.mouseMove(canvas, start + QPoint(0, 100))
    qtbot.mouseRelease(canvas, LEFT, pos=start + QPoint(0, 100))
    low, high = canvas.window_limits
    assert high - low == pytest.approx(400)
    assert (low + high) / 2 == pytest.approx(200)
    assert viewer.window_tools.center.value() == pytest.approx(200)
    assert grey_at(canvas, 20, 10) < before, "a higher centre makes the same value darker"
    qtbot.mousePress(canvas, LEFT, pos=start)
    qtbot.mouseMove(canvas, start + QPoint(100, 0))
    qtbot.mouseRelease(canvas, LEFT, pos=start + QPoint(100, 0))
    assert viewer.window_tools.width_box.value() > 600
    qtbot.mouseClick(viewer.window_tools.reset, LEFT)
    assert canvas.window_limits == (-100.0, 300.0)
    assert grey_at(canvas, 20, 10) == before


def test_digits_choose_presets_and_typing_sets_the_window(viewer: SliceViewer, qtbot: QtBot) -> None:
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_1)
    assert viewer.canvas.window_limits == (0.0, 80.0)
    assert viewer.window_tools.presets.currentText() == "Brain"
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_0)
    assert viewer.canvas.window_limits == (-100.0, 300.0)
    viewer.window_tools.center.setValue(50)
    viewer.window_tools.width_box.setValue(10)
    assert viewer.canvas.window_limits == (45.0, 55.0)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_End)
    assert viewer.index == 11


def test_window_stays_while_scrolling_and_is_new_for_another_series(
    viewer: SliceViewer, catalogue: FakeCatalogue, qtbot: QtBot
) -> None:
    viewer.set_window(0, 50)
    with qtbot.waitSignal(viewer.slice_changed):
        viewer.go_to(8)
    assert viewer.canvas.window_limits == (0.0, 50.0)
    other = series("other", unit="stored", warnings=("Two slices are missing.",))
    catalogue.held.append(study("t", other))
    with qtbot.waitSignal(viewer.slice_changed):
        viewer.show_series(other)
    assert viewer.canvas.window_limits == (-100.0, 300.0)
    assert viewer.warnings.isVisible()
    assert "missing" in viewer.warnings.text()
    assert not viewer.window_tools.presets.isVisible(), "presets are in HU"


def test_slice_is_drawn_in_the_proportions_of_its_spacing(viewer: SliceViewer) -> None:
    rect = viewer.canvas.picture_rect()
    assert rect.width() == pytest.approx(rect.height(), rel=0.01)  # 40 rows of 1 mm, 20 columns of 2 mm


def test_value_under_the_cursor_in_its_unit(viewer: SliceViewer, qtbot: QtBot) -> None:
    qtbot.mouseMove(viewer.canvas, point_over(viewer.canvas, 0, 0))
    qtbot.waitUntil(lambda: viewer.canvas.texts[2] == "-1000 HU\nx 0, y 0")
    qtbot.mouseMove(viewer.canvas, point_over(viewer.canvas, 30, 7))
    qtbot.waitUntil(lambda: viewer.canvas.texts[2] == "5 HU\nx 7, y 30")


def test_neighbours_are_fetched_ahead_and_kept(viewer: SliceViewer, catalogue: FakeCatalogue, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: {("k", 6), ("k", 7), ("k", 8)} <= set(catalogue.asked))
    qtbot.wait(20)
    catalogue.asked.clear()
    shown: list[int] = []
    viewer.slice_changed.connect(shown.append)
    viewer.go_to(6)
    assert shown == [6], "a slice that is kept is shown at once"
    assert ("k", 6) not in catalogue.asked


def test_slice_that_comes_late_is_dropped(qtbot: QtBot, qapp, catalogue: FakeCatalogue) -> None:
    gate, shown = threading.Event(), []

    def load(key: str, index: int):
        if index == 2:
            gate.wait(5)
        return catalogue.slice(key, index)

    bridge = JobBridge()
    viewer = SliceViewer(bridge, load)
    qtbot.addWidget(viewer)
    viewer.slice_changed.connect(shown.append)
    viewer.show_series(catalogue.series("k"), 2)
    viewer.go_to(9)
    qtbot.waitUntil(lambda: 9 in shown)
    gate.set()
    qtbot.wait(100)
    assert 2 not in shown
    assert viewer.index == 9
    bridge.close()


def test_slice_that_cannot_be_read_says_why_and_the_next_one_works(
    viewer: SliceViewer, catalogue: FakeCatalogue, qtbot: QtBot
) -> None:
    catalogue.broken = {1}
    with qtbot.waitSignal(viewer.deck.frames.failed) as failed:
        viewer.go_to(1)
    assert isinstance(failed.args[0], Failed | Exception)
    assert "damaged" in viewer.canvas.notice
    with qtbot.waitSignal(viewer.slice_changed):
        viewer.go_to(2)
    assert viewer.canvas.notice == ""


def test_memory_for_slices_is_bounded(viewer: SliceViewer, catalogue: FakeCatalogue, qtbot: QtBot, monkeypatch) -> None:
    from app.ui.widgets import frames

    monkeypatch.setattr(frames, "KEPT_BYTES", 3 * ROWS * COLUMNS * np.dtype(np.float32).itemsize)
    for index in (0, 11, 3, 8):
        with qtbot.waitSignal(viewer.slice_changed):
            viewer.go_to(index)
    qtbot.wait(50)
    assert len(viewer.deck.frames._kept) <= 3


def test_preset_is_no_longer_named_once_the_window_was_changed(viewer: SliceViewer, qtbot: QtBot) -> None:
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_5)
    assert viewer.window_tools.presets.currentText() == "Abdomen"
    viewer.window_tools.width_box.setValue(123)
    assert viewer.window_tools.presets.currentText() != "Abdomen"
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_0)
    assert viewer.window_tools.presets.currentIndex() == 0
    assert viewer.canvas.window_limits == (-100.0, 300.0)
