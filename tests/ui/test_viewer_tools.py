"""The viewer's tools under real mouse and keys: profiles, zoom, pan, invert, cine, windows of the file, the header."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.domain.study import Series
from app.imaging import header_table, native, reader, series
from app.imaging.content import SliceImage
from app.ui.job_bridge import JobBridge
from app.ui.mouse_profiles import PROFILES, Does, profile
from app.ui.preferences import Preferences
from app.ui.view_models.planes import WindowChoice, cine_speed, place_text, value_text, window_choices
from app.ui.widgets.header_view import HIDDEN, HeaderView
from app.ui.widgets.placing import Placing, scale_bar_mm
from app.ui.widgets.slice_canvas import SliceCanvas
from app.ui.widgets.viewer import SliceViewer
from tests.helpers.dicom_factory import write_series
from tests.helpers.fake_services import series as fake_series

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
PLAIN, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
WINDOWS = (("Soft tissue", -160.0, 240.0), ("Bone", -500.0, 1300.0))


@pytest.fixture
def shown(tmp_path: Path) -> Series:
    paths = write_series(tmp_path / "files", extra=(("InstitutionName", "Seaside Clinic"), ("KVP", "120")))
    return series.group(map(reader.read, paths), b"secret")[0].series[0]


@pytest.fixture
def build(qtbot: QtBot, qapp, shown: Series, preferences: Preferences) -> Iterator[Callable[..., SliceViewer]]:
    bridges: list[JobBridge] = []

    def make(load: Callable[[str, int], SliceImage] | None = None) -> SliceViewer:
        bridges.append(JobBridge())
        made = SliceViewer(
            bridges[-1],
            load or (lambda _key, index: native.load(shown, index)),
            header=lambda _key, index: header_table.read(shown.kind, shown.instances[index]),
            preferences=preferences,
        )
        qtbot.addWidget(made)
        made.resize(700, 700)
        made.show()
        with qtbot.waitSignal(made.slice_changed):
            made.show_series(shown)
        return made

    yield make
    for bridge in bridges:
        bridge.close()


@pytest.fixture
def viewer(build: Callable[..., SliceViewer]) -> SliceViewer:
    return build()


def drag(canvas: SliceCanvas, button: Qt.MouseButton, move: QPoint, keys: Qt.KeyboardModifier = PLAIN) -> None:
    start = canvas.rect().center()
    QTest.mousePress(canvas, button, keys, start)
    for part in (2, 1):  # the first move is the one that makes it a drag
        QTest.mouseMove(canvas, start + move / part)
    QTest.mouseRelease(canvas, button, keys, start + move)


def wheel(canvas: SliceCanvas, turn: int, keys: Qt.KeyboardModifier, place: QPointF) -> None:
    event = QWheelEvent(
        place, canvas.mapToGlobal(place), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, keys,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


# Mouse profiles


def effect(viewer: SliceViewer, button: Qt.MouseButton, keys: Qt.KeyboardModifier = PLAIN) -> Does:
    """What dragging down and right did."""
    canvas, crossed = viewer.canvas, []
    window, zoom, shift = canvas.window_limits, canvas.placing.zoom, QPointF(canvas.placing.shift)
    canvas.crossed.connect(lambda *place: crossed.append(place))
    drag(canvas, button, QPoint(40, 60), keys)
    canvas.crossed.disconnect()
    happened = {
        Does.CROSSHAIR: bool(crossed),
        Does.WINDOW: canvas.window_limits != window,
        Does.ZOOM: canvas.placing.zoom != zoom,
        Does.PAN: canvas.placing.zoom == zoom and canvas.placing.shift != shift,
    }
    assert sum(happened.values()) <= 1
    return next((does for does, did in happened.items() if did), Does.NOTHING)


@pytest.mark.parametrize(
    ("key", "left", "middle", "right"),
    [
        ("radiology", Does.WINDOW, Does.PAN, Does.ZOOM),
        ("slicer", Does.CROSSHAIR, Does.PAN, Does.ZOOM),
        ("weasis", Does.WINDOW, Does.PAN, Does.NOTHING),  # its right button opens the menu where it is not dragged
    ],
)
def test_each_profile_does_with_the_buttons_what_its_readers_know(
    viewer: SliceViewer, key: str, left: Does, middle: Does, right: Does
) -> None:
    viewer.set_mouse(key)
    found = []
    for button in (LEFT, MIDDLE, RIGHT):
        found.append(effect(viewer, button))
        viewer.fit()
    assert found == [left, middle, right]


def test_slicer_keeps_grey_levels_on_control_and_turns_them_the_other_way(viewer: SliceViewer) -> None:
    def centre_after_dragging_up(key: str, keys: Qt.KeyboardModifier) -> float:
        viewer.set_mouse(key)
        viewer.reset_window()
        drag(viewer.canvas, LEFT, QPoint(0, -100), keys)
        return sum(viewer.canvas.window_limits) / 2

    start = sum(viewer.canvas.window_limits) / 2
    assert centre_after_dragging_up("radiology", PLAIN) < start, "a lower centre: brighter"
    assert centre_after_dragging_up("slicer", CTRL) > start


@pytest.mark.qt_log_ignore("does not support", extend=True)
def test_weasis_opens_its_menu_with_the_right_button(viewer: SliceViewer, qtbot: QtBot) -> None:
    viewer.set_mouse("weasis")
    with qtbot.waitSignal(viewer.canvas.menu_wanted):
        QTest.mouseClick(viewer.canvas, RIGHT, PLAIN, viewer.canvas.rect().center())
    menu = QApplication.activePopupWidget()
    assert menu is not None
    names = [action.text() for action in menu.actions()]
    assert names[:2] == ["Fit", "Invert"]
    assert "Lung" in names
    menu.actions()[1].trigger()
    assert viewer.canvas.inverted
    menu.close()


def test_the_profile_is_chosen_in_the_tools_and_remembered(
    viewer: SliceViewer, build: Callable[..., SliceViewer], preferences: Preferences
) -> None:
    assert viewer.canvas.profile is PROFILES[0]
    actions = {action.text(): action for action in viewer.tools.mouse.menu().actions()}
    assert list(actions) == ["Radiology workstation", "Slicer", "Weasis"]
    actions["Slicer"].trigger()
    assert viewer.canvas.profile.key == preferences.mouse == "slicer"
    assert build().canvas.profile.key == "slicer"
    assert profile("a profile of another version") is PROFILES[0]


# Zoom, pan, proportions, scale


def test_control_and_wheel_zoom_around_the_cursor(viewer: SliceViewer) -> None:
    canvas = viewer.canvas
    size, place = QSizeF(canvas.size()), QPointF(200, 260)
    before = canvas.placing.picture_point(place, size)
    wheel(canvas, 240, CTRL, place)
    assert canvas.placing.zoom == pytest.approx(1.44)
    assert canvas.placing.picture_point(place, size) == pytest.approx(before)
    assert viewer.index == 2, "no scrolling meanwhile"
    QTest.keyClick(canvas, Qt.Key.Key_F)
    assert canvas.placing.zoom == 1
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.placing.zoom > 1


def test_the_picture_never_leaves_the_middle_of_its_widget() -> None:
    placing, size = Placing(100, 100), QSizeF(400, 400)
    placing.pan(QPointF(10_000, -10_000), size)
    assert placing.rect(size).contains(QPointF(200, 200))
    assert placing.rect(size).left() == pytest.approx(200)
    placing.zoom_at(QPointF(0, 0), 1e9, size)
    assert placing.zoom <= 40


@pytest.mark.parametrize(("longest", "bar"), [(100, 100), (99, 50), (49, 20), (1.9, 1), (0.7, 0.5), (1000, 1000)])
def test_scale_bars_have_round_lengths(longest: float, bar: float) -> None:
    assert scale_bar_mm(longest) == pytest.approx(bar)


def test_the_scale_bar_is_as_long_as_it_says(viewer: SliceViewer) -> None:
    canvas = viewer.canvas
    viewer.set_window(10_000, 20_000)
    canvas.set_texts("", "", "", "")
    picture = canvas.grab().toImage()
    right = canvas.width() - 1 - 8 - 2
    bright = [y for y in range(picture.height()) if picture.pixelColor(right, y).red() > 150]
    bright = [y for y in bright if y > canvas.height() * 0.6]  # the letter of the right side is above
    per_mm = canvas.picture_rect().height() / 24.0
    assert bright[-1] - bright[0] == pytest.approx(scale_bar_mm(canvas.height() / 4 / per_mm) * per_mm, abs=2)


def test_a_picture_without_spacing_has_no_scale(build: Callable[..., SliceViewer]) -> None:
    flat = np.zeros((24, 32), np.float32)
    canvas = build(lambda _key, _index: SliceImage(flat, None, (0.0, 1.0))).canvas
    picture = canvas.grab().toImage()
    right = canvas.width() - 1 - 8 - 2
    assert max(picture.pixelColor(right, y).red() for y in range(canvas.height() // 2 + 30, canvas.height() - 40)) < 100


def test_fine_structure_is_averaged_where_it_is_drawn_small(build: Callable[..., SliceViewer]) -> None:
    stripes = np.zeros((2400, 2400), np.float32)
    stripes[:, ::2] = 1.0
    canvas = build(lambda _key, _index: SliceImage(stripes, (1.0, 1.0), (0.0, 1.0))).canvas
    picture = canvas.grab().toImage()
    middle = [picture.pixelColor(x, 200).red() for x in range(200, 300)]
    assert min(middle) > 70, "every second column is black: drawn as it is, the picture would be full of bars"
    assert max(middle) < 185


# Keys


def test_i_inverts_and_back(viewer: SliceViewer) -> None:
    canvas = viewer.canvas
    viewer.set_window(-150, 850)
    place = QPoint(canvas.width() // 4, canvas.height() // 2)
    plain = canvas.grab().toImage().pixelColor(place).red()
    QTest.keyClick(canvas, Qt.Key.Key_I)
    assert canvas.grab().toImage().pixelColor(place).red() == pytest.approx(255 - plain, abs=2)
    assert viewer.tools.invert.isChecked()
    QTest.keyClick(canvas, Qt.Key.Key_I)
    assert canvas.grab().toImage().pixelColor(place).red() == plain


def test_space_plays_at_the_chosen_speed_from_the_end_to_the_beginning(viewer: SliceViewer, qtbot: QtBot) -> None:
    seen: list[int] = []
    viewer.slice_changed.connect(seen.append)
    viewer.tools.speed.setValue(50)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: len(seen) >= 8)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Space)
    assert seen[:8] == [3, 4, 0, 1, 2, 3, 4, 0]
    assert not viewer.cine.is_playing
    viewer.tools.play.click()
    assert viewer.tools.play.text() == "Stop"
    viewer.hide()
    assert not viewer.cine.is_playing, "nobody looks"


def test_everything_is_named_and_reached_by_keyboard(viewer: SliceViewer) -> None:
    from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QSlider

    tools = [
        tool
        for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QSlider)
        for tool in viewer.findChildren(kind)
        if tool.isVisibleTo(viewer) and tool.isEnabled()
    ]
    assert len(tools) >= 10
    for tool in tools:
        assert tool.accessibleName() or tool.text(), tool
        assert tool.focusPolicy() & Qt.FocusPolicy.TabFocus, tool
    assert all(tool.toolTip() for tool in tools if isinstance(tool, QAbstractButton))
    assert viewer.canvas.accessibleName() == "As acquired, slice 3 of 5"


# Windows


def test_windows_of_the_file_come_before_those_of_ct(build: Callable[..., SliceViewer], qtbot: QtBot) -> None:
    pixels = np.zeros((24, 32), np.float32)
    viewer = build(lambda _key, _index: SliceImage(pixels, (1.0, 1.0), WINDOWS[0][1:], WINDOWS))
    names = [viewer.window_tools.presets.itemText(n) for n in range(viewer.window_tools.presets.count())]
    assert names[:4] == ["As proposed", "Soft tissue", "Bone", "Brain"]
    QTest.keyClick(viewer.canvas, Qt.Key.Key_2)
    assert viewer.canvas.window_limits == (-500.0, 1300.0)
    viewer.go_to(4)
    qtbot.waitUntil(lambda: viewer.index == 4)
    assert viewer.window_tools.presets.currentText() == "Bone"
    QTest.keyClick(viewer.canvas, Qt.Key.Key_0)
    assert viewer.canvas.window_limits == (-160.0, 240.0)


@pytest.mark.parametrize(("told", "wanted"), [("33.3", 30), ("2000", None), ("", None), ("fast", None), ("0", None)])
def test_a_movie_plays_as_fast_as_it_was_taken(told: str, wanted: int | None) -> None:
    assert cine_speed(fake_series("us", tags={"FrameTime": told})) == wanted
    assert cine_speed(fake_series("us", tags={"FrameTime": told, "CineRate": "25"})) == 25


def test_presets_of_ct_are_for_hounsfield_units_only() -> None:
    assert [choice.name for choice in window_choices("HU")][:2] == ["Brain", "Subdural"]
    one = (WindowChoice("Window 1", 0.0, 1.0),)
    assert window_choices("stored", one) == [], "a single window is the one proposed"
    assert window_choices("stored", (*one, WindowChoice("Window 2", 0.0, 2.0)))[1].high == 2.0


def test_values_and_places_are_said_as_people_read_them() -> None:
    assert [value_text(*given) for given in ((51.0, "HU"), (2.3149, "SUV"), (40_000.0, "stored"), (1.5, "Bq/ml"))] == [
        "51 HU", "2.31 SUV", "40000 raw", "1.50",
    ]  # fmt: skip
    assert place_text((-1.25, 2.0, -3.0)) == "R 1.2  P 2.0  F 3.0 mm"


# Header


@pytest.fixture
def header(viewer: SliceViewer, qtbot: QtBot) -> HeaderView:
    QTest.keyClick(viewer.canvas, Qt.Key.Key_H)
    found = viewer.header_view
    assert found is not None
    qtbot.waitUntil(lambda: found.model.rowCount() > 0)
    return found


def rows(view: HeaderView) -> dict[str, str]:
    model = view.matching
    return {model.index(n, 1).data(): model.index(n, 2).data() for n in range(model.rowCount())}


def test_header_hides_who_the_patient_is_until_asked(header: HeaderView) -> None:
    found = rows(header)
    assert found["KVP"] == "120"
    assert found["Rows"] == "24"
    for name in ("Patient's Name", "Patient ID", "Patient's Birth Date", "Institution Name", "Study Date"):
        assert found[name] == HIDDEN
    everything = "\n".join(
        str(header.matching.index(n, c).data(role))
        for n in range(header.matching.rowCount())
        for c in range(3)
        for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
    )
    assert "Test^Patient" not in everything
    assert "Seaside" not in everything
    assert not header.file.isVisible(), "many a file is named after its patient"
    header.identity.click()
    assert rows(header)["Patient's Name"] == "Test^Patient"
    assert header.file.isVisible()


def test_header_is_searched_by_tag_name_and_value_but_not_by_what_is_hidden(header: HeaderView) -> None:
    header.search.setText("pixel spacing")
    assert list(rows(header)) == ["Pixel Spacing"]
    header.search.setText("(0018,0060)")
    assert list(rows(header)) == ["KVP"]
    header.search.setText("seaside")
    assert rows(header) == {}
    header.identity.click()
    assert list(rows(header)) == ["Institution Name"]


def test_header_follows_the_slice_and_forgets_that_it_was_asked_for_identity(
    viewer: SliceViewer, header: HeaderView, qtbot: QtBot, tmp_path: Path
) -> None:
    assert rows(header)["Instance Number"] == "3"
    viewer.go_to(4)
    qtbot.waitUntil(lambda: rows(header)["Instance Number"] == "5")
    header.identity.click()
    other = series.group(map(reader.read, write_series(tmp_path / "other", series="other")), b"secret")[0].series[0]
    viewer.show_series(other)
    assert not header.identity.isChecked()
    assert rows(header)["Patient's Name"] == HIDDEN
