"""Planes of a volume in the viewer: the patient's sides, the crosshair, and what comes while a volume is stacked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.domain.errors import Stopped
from app.domain.recipe import Plane
from app.domain.study import Series
from app.imaging import native, reader, series, volume
from app.ui.job_bridge import JobBridge
from app.ui.view_models.planes import repeats
from app.ui.widgets import volumes
from app.ui.widgets.plane_pane import PlanePane
from app.ui.widgets.viewer import SliceViewer
from tests.helpers.dicom_factory import uid, write_series
from tests.helpers.nifti_factory import write_turned, write_volume
from tests.helpers.real_data import real_data

LEFT = Qt.MouseButton.LeftButton
CODES = ["".join(c) for axes in permutations(("LR", "PA", "SI")) for c in product(*axes)]
SHAPE = (8, 10, 12)
OPPOSITE = dict(zip("RLAPHF", "LRPAFH", strict=True))


def read(paths: list[Path]) -> list[Series]:
    return [one for study in series.group(map(reader.read, paths), b"secret") for one in study.series]


@dataclass
class Shelf:
    """The doors that the library opens for the viewer, over series in memory."""

    held: dict[str, Series] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)
    told: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def put(self, *found: Series) -> None:
        self.held |= {one.key: one for one in found}

    def slice(self, key: str, index: int):
        return native.load(self.held[key], index)

    def volume(self, key: str, tell: Callable[[int, int], None]):
        self.told.append(key)
        tell(1, 5)
        self.gate.wait(5)
        try:
            return volume.load(self.held[key], on_slice=tell)
        except Stopped:
            self.stopped.set()
            raise


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.gate.set()
    return made


@pytest.fixture
def viewer(qtbot: QtBot, qapp, shelf: Shelf) -> Iterator[SliceViewer]:
    bridge = JobBridge()
    made = SliceViewer(bridge, shelf.slice, volume=shelf.volume, siblings=lambda _key: list(shelf.held.values()))
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    qtbot.waitExposed(made)
    yield made
    bridge.close()


def show_three(viewer: SliceViewer, shelf: Shelf, one: Series, qtbot: QtBot) -> None:
    shelf.put(one)
    viewer.deck.set_three(True)
    viewer.show_series(one)
    qtbot.waitUntil(lambda: viewer.deck.volume is not None)


def marked_world() -> np.ndarray:
    """Right-front-head voxels whose value says how far right (thousands), front (hundreds) and up (ones) they are."""
    i, j, k = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij")
    return (i * 1000 + j * 50 + k).astype(np.int16)


def rightwards(value: float) -> tuple[float, float, float]:
    """How far right, front and up the voxel of a value lies."""
    return value // 1000, value % 1000 // 50, value % 50


def letters_by_content(pane: PlanePane) -> tuple[str, str, str, str]:
    """Which side of the patient each edge of the picture shows, read off the values alone."""
    pixels = pane.canvas._pixels
    assert pixels is not None
    middle = (pixels.shape[0] // 2, pixels.shape[1] // 2)
    found = []
    for first, last in (((middle[0], 0), (middle[0], -1)), ((0, middle[1]), (-1, middle[1]))):
        change = np.subtract(rightwards(float(pixels[first])), rightwards(float(pixels[last])))
        axis = int(np.abs(change).argmax())
        letter = ("RL", "AP", "HF")[axis][0 if change[axis] > 0 else 1]
        found += [letter, OPPOSITE[letter]]
    left, right, top, bottom = found
    return left, right, top, bottom


@pytest.mark.parametrize("code", CODES)
def test_letters_say_what_the_picture_shows_for_every_storage_order(
    viewer: SliceViewer, shelf: Shelf, code: str, tmp_path: Path, qtbot: QtBot
) -> None:
    one = read([write_turned(tmp_path / f"{code}.nii", marked_world(), code)])[0]
    show_three(viewer, shelf, one, qtbot)
    for pane, wanted in zip(
        viewer.deck.panes, (("R", "L", "A", "P"), ("R", "L", "H", "F"), ("A", "P", "H", "F")), strict=True
    ):
        assert pane.canvas.sides == wanted
        assert letters_by_content(pane) == wanted
    viewer.deck.set_plane(Plane.NATIVE)
    native_pane = viewer.deck.main
    assert native_pane.canvas.sides == letters_by_content(native_pane)


AXIAL, CORONAL, SAGITTAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)
TURNED = (-1, 0, 0, 0, 1, 0)
UPSIDE_DOWN = (1, 0, 0, 0, -1, 0)
LYING = (0, 1, 0, -1, 0, 0)
OBLIQUE = tuple(np.round([np.cos(0.3), np.sin(0.3), 0, -np.sin(0.3) * 0.96, np.cos(0.3) * 0.96, -0.28], 6))


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, SAGITTAL, TURNED, UPSIDE_DOWN, LYING], ids=str)
def test_letters_of_a_dicom_series_say_what_the_picture_shows(
    viewer: SliceViewer, shelf: Shelf, orientation: tuple[int, ...], tmp_path: Path, qtbot: QtBot
) -> None:
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    across = np.cross(along, down)
    spacing, positions = 2.0, [2.0 * k for k in range(9)]
    start = np.array([9, 9, 9])  # keeps the marks positive whichever way the axes run

    def stored(k: int) -> np.ndarray:
        rows, columns = np.mgrid[:7, :8]
        places = start + np.multiply.outer(columns, along) + np.multiply.outer(rows, down) + k * across
        right, front, head = 20 - places[..., 0], 20 - places[..., 1], places[..., 2]
        return right * 1000 + front * 50 + head

    paths = write_series(
        tmp_path, rows=7, columns=8, orientation=orientation, positions=positions, spacing=(spacing, spacing),
        pixels=[stored(k) for k in range(9)], intercept=0.0, window=None,
    )  # fmt: skip
    show_three(viewer, shelf, read(paths)[0], qtbot)
    for pane in viewer.deck.panes:
        assert pane.canvas.sides == letters_by_content(pane)
    viewer.deck.set_plane(Plane.NATIVE)
    assert viewer.canvas.sides == letters_by_content(viewer.deck.main)


def test_an_oblique_series_names_both_sides_that_an_edge_leads_to(
    viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot
) -> None:
    one = read(write_series(tmp_path, orientation=OBLIQUE))[0]
    shelf.put(one)
    viewer.show_series(one)
    qtbot.waitUntil(lambda: viewer.canvas.sides != ("", "", "", ""))
    assert viewer.canvas.sides == ("RA", "LP", "ALH", "PRF")


def test_native_slices_are_there_while_the_volume_is_stacked(
    viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot
) -> None:
    one = read(write_series(tmp_path))[0]
    shelf.put(one)
    shelf.gate.clear()
    viewer.deck.set_three(True)
    viewer.show_series(one)
    qtbot.waitUntil(lambda: "1 of 5" in viewer.deck.panes[1].canvas.notice)
    qtbot.waitUntil(lambda: viewer.canvas._pixels is not None)
    with qtbot.waitSignal(viewer.slice_changed):
        QTest.keyClick(viewer.canvas, Qt.Key.Key_Down)
    assert viewer.index == 3
    shelf.gate.set()
    qtbot.waitUntil(lambda: viewer.deck.volume is not None)
    assert viewer.deck.panes[1].canvas.notice == ""
    assert [pane.plane for pane in viewer.deck.panes] == [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL]
    assert viewer.index == 3, "the slice that the person went to meanwhile stays"


def test_a_volume_nobody_waits_for_any_more_is_stopped_and_dropped(
    viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot
) -> None:
    first, second = read(write_series(tmp_path / "a", series="a")), read(write_series(tmp_path / "b", series="b"))
    shelf.put(*first, *second)
    shelf.gate.clear()
    viewer.deck.set_three(True)
    viewer.show_series(first[0])
    qtbot.waitUntil(lambda: shelf.told == [first[0].key])
    viewer.show_series(second[0])
    shelf.gate.set()
    qtbot.waitUntil(lambda: viewer.deck.volume is not None)
    assert viewer.deck.volume.key == second[0].key
    assert shelf.stopped.wait(5)


def test_the_volume_comes_by_itself_once_one_stays_with_a_series(
    viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = read(write_series(tmp_path))[0]
    shelf.put(one)
    viewer.show_series(one)
    qtbot.waitUntil(lambda: viewer.deck.volume is not None)
    assert viewer.deck.main.plane is Plane.NATIVE
    monkeypatch.setattr(volumes, "AHEAD_BYTES", 1)
    other = read(write_series(tmp_path / "other", series="other"))[0]
    shelf.put(other)
    viewer.show_series(other)
    qtbot.wait(volumes.DWELL_MS + 100)
    assert viewer.deck.volume is None, "a volume too large to be stacked for nothing"
    viewer.tools.three.click()
    qtbot.waitUntil(lambda: viewer.deck.volume is not None)


def test_a_stack_that_fills_no_box_keeps_its_native_plane_and_says_why(
    viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot
) -> None:
    one = read(write_series(tmp_path, tilt_degrees=15.0))[0]
    shelf.put(one)
    viewer.deck.set_three(True)
    viewer.show_series(one)
    qtbot.waitUntil(lambda: not viewer.tools.three.isEnabled())
    assert "tilted" in viewer.tools.three.toolTip()
    assert not viewer.deck.panes[1].isVisible()
    qtbot.waitUntil(lambda: viewer.canvas._pixels is not None)
    assert shelf.told == []


@pytest.mark.parametrize("three", [False, True])
def test_a_series_that_grows_keeps_the_slice_on_the_screen(
    viewer: SliceViewer, shelf: Shelf, three: bool, tmp_path: Path, qtbot: QtBot
) -> None:
    paths = write_series(tmp_path, extra=(("FrameOfReferenceUID", uid("f")),))
    whole = read(paths)[0]
    part = replace(whole, instances=whole.instances[2:])
    shelf.put(part)
    viewer.deck.set_three(three)
    viewer.show_series(part)
    qtbot.waitUntil(lambda: viewer.deck.volume is not None)
    viewer.go_to(2)
    value = viewer.canvas.value_at(0, 0)
    shelf.put(whole)
    viewer.show_series(whole)
    qtbot.waitUntil(lambda: viewer.deck.volume is not None and viewer.deck.volume.voxels.shape[0] == 5)
    assert viewer.position.text() == "5/5"
    assert viewer.canvas.value_at(0, 0) == value
    viewer.go_to(0)
    assert viewer.canvas.value_at(0, 0) == value - 4
    told = len(shelf.told)
    viewer.show_series(replace(whole, warnings=("Another sentence.",)))
    assert viewer.deck.volume is not None
    assert len(shelf.told) == told, "the same slices are not read again"
    assert viewer.warnings.text() == "Another sentence."


# Crosshair


def click(pane: PlanePane, row: float, column: float) -> None:
    place = pane.canvas.placing.widget_point(row, column, QSizeF(pane.canvas.size()))
    QTest.mouseClick(pane.canvas, LEFT, Qt.KeyboardModifier.NoModifier, place.toPoint())


def test_a_click_leads_the_other_planes_to_the_same_voxel(
    viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot
) -> None:
    one = read([write_turned(tmp_path / "v.nii", marked_world(), "LAS")])[0]
    show_three(viewer, shelf, one, qtbot)
    axial, coronal, sagittal = viewer.deck.panes
    click(axial, 2, 5)
    wanted = axial.canvas.value_at(2, 5)
    for pane in (coronal, sagittal):
        assert pane.canvas.cross is not None
        row, column = (round(part) for part in pane.canvas.cross)
        assert pane.canvas.value_at(row, column) == wanted
    place = viewer.deck.cross.point
    viewer.activateWindow()
    coronal.canvas.setFocus()
    qtbot.waitUntil(lambda: viewer.deck.active is coronal)
    QTest.keyClick(coronal.canvas, Qt.Key.Key_Up)
    assert place is not None
    assert viewer.deck.cross.point is not None
    moved = np.subtract(viewer.deck.cross.point, place)
    assert abs(moved[1]) == pytest.approx(1.5, abs=0.1), "the crosshair goes with the coronal slice"
    assert moved[[0, 2]] == pytest.approx([0, 0], abs=1e-9)


def test_the_place_is_kept_for_another_series_of_the_same_frame(
    viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot
) -> None:
    frame = (("FrameOfReferenceUID", uid("frame")),)
    far = (("FrameOfReferenceUID", uid("another frame")),)
    first = read(write_series(tmp_path / "a", series="a", extra=frame))[0]
    fine = [2.0 * k for k in range(11)]
    second = read(write_series(tmp_path / "b", series="b", positions=fine, extra=frame))[0]
    third = read(write_series(tmp_path / "c", series="c", positions=fine, extra=far))[0]
    assert first.frame_of_reference == second.frame_of_reference != third.frame_of_reference
    show_three(viewer, shelf, first, qtbot)
    click(viewer.deck.main, 7, 9)
    viewer.go_to(4)
    place = viewer.deck.cross.point
    assert place == pytest.approx((9 * 1.5, 7 * 1.0, 20.0), abs=0.6)
    show_three(viewer, shelf, second, qtbot)
    assert viewer.index == 10
    assert viewer.deck.cross.point == pytest.approx(place)
    show_three(viewer, shelf, third, qtbot)
    assert viewer.index == 5, "another frame of reference counts its millimetres from elsewhere"


def test_shift_moves_the_crosshair_without_a_click_and_c_takes_it_away(
    viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot
) -> None:
    show_three(viewer, shelf, read(write_series(tmp_path))[0], qtbot)
    canvas = viewer.canvas
    before = viewer.deck.cross.point
    event_place = canvas.placing.widget_point(3, 4, QSizeF(canvas.size()))
    move_with_shift(canvas, event_place)
    assert viewer.deck.cross.point != before
    assert canvas.cross == pytest.approx((3, 4), abs=0.2)
    QTest.keyClick(canvas, Qt.Key.Key_C)
    assert all(pane.canvas.cross is None for pane in viewer.deck.panes)
    assert not viewer.tools.crosshair.isChecked()


def move_with_shift(canvas, place: QPointF) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    event = QMouseEvent(
        QEvent.Type.MouseMove, place, canvas.mapToGlobal(place), Qt.MouseButton.NoButton, Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ShiftModifier,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def test_read_out_has_value_unit_and_place(viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot) -> None:
    show_three(viewer, shelf, read(write_series(tmp_path))[0], qtbot)
    canvas = viewer.canvas
    QTest.mouseMove(canvas, canvas.placing.widget_point(4, 6, QSizeF(canvas.size())).toPoint())
    qtbot.waitUntil(lambda: canvas.texts[2] != "")
    assert canvas.texts[2].split("\n") == ["12 HU", "x 6, y 4", "L 9.0  P 4.0  H 10.0 mm"]
    assert canvas.texts[3] == "H 10.0 mm"


def test_double_click_shows_one_plane_alone_and_all_again(
    viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot
) -> None:
    show_three(viewer, shelf, read(write_series(tmp_path))[0], qtbot)
    coronal = viewer.deck.panes[1]
    place = viewer.deck.cross.point
    QTest.mouseDClick(coronal.canvas, LEFT, Qt.KeyboardModifier.NoModifier, coronal.canvas.rect().center())
    assert viewer.deck.main.plane is Plane.CORONAL
    assert not coronal.isVisible()
    assert viewer.tools.plane.currentText() == "Coronal"
    QTest.mouseDClick(viewer.canvas, LEFT, Qt.KeyboardModifier.NoModifier, viewer.canvas.rect().center())
    assert [pane.plane for pane in viewer.deck.panes] == [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL]
    assert viewer.deck.cross.point == place


def test_a_plane_is_chosen_from_the_list(viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot) -> None:
    one = read(write_series(tmp_path))[0]
    shelf.put(one)
    viewer.show_series(one)
    QTest.keyClick(viewer.tools.plane, Qt.Key.Key_End)
    assert viewer.tools.plane.currentText() == "Sagittal"
    qtbot.waitUntil(lambda: viewer.deck.main.plane is Plane.SAGITTAL)
    assert (viewer.position.text(), viewer.canvas.sides) == ("17/32", ("A", "P", "H", "F"))
    QTest.keyClick(viewer.tools.plane, Qt.Key.Key_Home)
    assert viewer.deck.main.plane is Plane.NATIVE
    assert (viewer.position.text(), viewer.canvas.sides) == ("3/5", ("R", "L", "A", "P"))


def test_planes_keep_true_proportions(viewer: SliceViewer, shelf: Shelf, tmp_path: Path, qtbot: QtBot) -> None:
    show_three(viewer, shelf, read(write_series(tmp_path))[0], qtbot)
    sizes = [(32 * 1.5, 24 * 1.0), (32 * 1.5, 5 * 5.0), (24 * 1.0, 5 * 5.0)]
    for pane, (width, height) in zip(viewer.deck.panes, sizes, strict=True):
        rect = pane.canvas.picture_rect()
        assert rect.width() / rect.height() == pytest.approx(width / height, rel=0.01)


# Times


@pytest.fixture
def moving(tmp_path: Path, shelf: Shelf) -> list[Series]:
    """The same 8 x 10 x 12 voxels at eleven times, each a thousand brighter than the one before."""
    still = np.arange(960).reshape(SHAPE)
    voxels = np.stack([still + 1000 * time for time in range(11)], axis=-1).astype(np.int16)
    found = read([write_volume(tmp_path / "moving.nii", voxels, spacing=(1.0, 1.5, 2.0))])
    shelf.put(*found, *read(write_series(tmp_path / "another")))
    return [next(one for one in found if one.description.endswith(f" {time}")) for time in range(11)]


def time_of(pane: PlanePane) -> int:
    return int(pane.canvas.value_at(0, 0)) // 1000


def test_another_time_shows_the_same_place(viewer: SliceViewer, moving: list[Series], qtbot: QtBot) -> None:
    viewer.show_series(moving[0])
    qtbot.waitUntil(lambda: viewer.tools.time.isVisible() and viewer.canvas.has_slice)
    assert viewer.tools.time.text() == "Time 1 of 11"
    viewer.go_to(3)
    viewer.set_window(100, 900)
    viewer.canvas.zoom(2.0)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: time_of(viewer.deck.main) == 1)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Comma)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Comma)
    qtbot.waitUntil(lambda: time_of(viewer.deck.main) == 10)
    assert viewer.tools.time.value() == 11, "ten comes after nine, and last before first"
    viewer.show_series(moving[4])  # the person chose it in the list
    qtbot.waitUntil(lambda: time_of(viewer.deck.main) == 4)
    assert (viewer.index, viewer.canvas.window_limits, viewer.canvas.placing.zoom) == (3, (100, 900), 2.0)
    assert viewer.series is moving[4]


@pytest.mark.parametrize("three", [False, True])
def test_space_plays_through_the_times_of_one_place(
    viewer: SliceViewer, moving: list[Series], three: bool, qtbot: QtBot
) -> None:
    viewer.deck.set_three(three)
    viewer.show_series(moving[0])
    qtbot.waitUntil(lambda: len(viewer.times.members) == 11 and viewer.canvas.has_slice)
    if three:
        qtbot.waitUntil(lambda: viewer.deck.volume is not None)
    seen: list[tuple[int, int]] = []
    viewer.slice_changed.connect(lambda index: seen.append((index, time_of(viewer.deck.main))))
    viewer.tools.speed.setValue(60)
    QTest.keyClick(viewer.canvas, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: {time for _, time in seen} == set(range(11)), timeout=20_000)
    assert {index for index, _ in seen} == {viewer.index}
    if three:
        assert all(pane.canvas.has_slice and not pane.canvas.notice for pane in viewer.deck.panes)


def test_a_stack_with_one_time_has_no_times_to_choose(viewer: SliceViewer, shelf: Shelf, moving: list[Series]) -> None:
    another = next(one for one in shelf.held.values() if one not in moving)
    assert repeats(another, list(shelf.held.values())) == ()
    assert repeats(moving[2], list(shelf.held.values())) == tuple(moving)
    assert not viewer.tools.time.isVisible()


@pytest.mark.real
@pytest.mark.parametrize(
    ("folder", "native_sides"),
    [
        ("dicom_series/ct_abdomen_C3L-00189", ("R", "L", "A", "P")),
        ("dicom_series/mr_brain_fse_pd_oblique", ("R", "L", "A", "P")),
        ("dicom_series/ct_head_ge_tilt_variable_spacing", ("R", "L", "AH", "PF")),
    ],
)
def test_letters_of_real_series(
    viewer: SliceViewer, shelf: Shelf, folder: str, native_sides: tuple[str, ...], qtbot: QtBot
) -> None:
    one = read(sorted(real_data(folder).iterdir()))[0]
    shelf.put(one)
    viewer.show_series(one)
    qtbot.waitUntil(lambda: viewer.canvas.sides != ("", "", "", ""))
    assert viewer.canvas.sides == native_sides
