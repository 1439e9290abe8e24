"""The window: rooms, projects, files dropped anywhere, running jobs, and the way out while work goes on."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused, Stopped
from app.jobs.messages import Progress
from app.services.demo import RoadPlan
from app.ui import actions, theme
from app.ui.augmenting import Augmentation
from app.ui.context import ROOMS, PageContext
from app.ui.dialogs.augment import AugmentDialog
from app.ui.dialogs.closing import ClosingDialog
from app.ui.dialogs.new_project import NewProjectDialog
from app.ui.main_window import MainWindow
from app.ui.preferences import Preferences
from app.ui.projects import Doors
from app.ui.trouble import Trouble
from tests.helpers.fake_services import FakeJob, FakeServices, two_classes

LEFT = Qt.MouseButton.LeftButton
Build = Callable[..., MainWindow]


def files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drag_over(window: QWidget, data: QMimeData) -> QDragEnterEvent:
    event = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, event)
    return event


def drop(window: QWidget, data: QMimeData) -> None:
    drag_over(window, data)
    event = QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, event)


def fake_doors(made: dict[Path, FakeServices], refuse: Refused | None = None) -> Doors:
    def door(folder: Path) -> FakeServices:
        if refuse is not None:
            raise refuse
        return made.setdefault(folder, FakeServices())

    return Doors(door, door)  # type: ignore[arg-type]


# Rooms


def test_rooms_by_mouse_and_by_keys(open_window: Build, qtbot: QtBot) -> None:
    window = open_window(FakeServices(two_classes(2)))
    assert list(window.rail.buttons) == list(ROOMS)
    for room in ("library", "cohort"):
        qtbot.mouseClick(window.rail.buttons[room], LEFT)
        assert window.room == room
        assert [name for name, made in window.rail.buttons.items() if made.isChecked()] == [room]
    with qtbot.waitActive(window):
        window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.room == "library"


def test_rail_ticks_what_has_results(open_window: Build, qtbot: QtBot) -> None:
    services = FakeServices(two_classes(2))
    window = open_window(services)
    qtbot.waitUntil(lambda: window.rail.buttons["library"].done)
    assert window.rail.buttons["library"].accessibleName() == "Library, done"
    assert not window.rail.buttons["cohort"].done


def test_without_a_project_the_welcome_page_offers_the_ways_in(open_window: Build, preferences, tmp_path) -> None:
    project = tmp_path / "My study"
    project.mkdir()
    preferences.remember(project)
    window = open_window()
    assert window.stack.currentWidget() is window.welcome
    assert not window.rail.isVisible()
    assert not window.actions_by_key["cohort"].isEnabled()
    assert window.actions_by_key["new-project"].isEnabled()


def test_every_button_can_be_named_and_reached_by_keyboard(open_window: Build, qtbot: QtBot) -> None:
    window = open_window(FakeServices(two_classes(2)))
    for room in ("library", "cohort"):
        window.show_room(room)
        qtbot.waitUntil(lambda: window.rail.buttons["library"].done)
        for one in window.findChildren(QAbstractButton):
            if one.objectName().startswith("qt_") or isinstance(one.parent(), QLineEdit) or not one.isVisible():
                continue
            named = one.text() or one.accessibleName()
            assert named, f"a button of {room} has no name"
            assert one.focusPolicy() & Qt.FocusPolicy.TabFocus, f"{named} cannot be reached by keyboard"


def test_theme_switches_and_is_remembered(open_window: Build, preferences: Preferences, qtbot: QtBot) -> None:
    window = open_window(FakeServices(two_classes(2)))
    dark = window.grab().toImage().pixelColor(600, 90).lightness()
    with qtbot.waitSignal(window.context.theme_changed):
        qtbot.mouseClick(window.strip.theme, LEFT)
    assert preferences.theme == "light"
    assert window.grab().toImage().pixelColor(600, 90).lightness() > dark + 100
    qtbot.mouseClick(window.strip.theme, LEFT)
    assert theme.tokens().name == "dark"


def contrast(one: str, other: str) -> float:
    """WCAG 2.1 contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT], ids=lambda look: look.name)
def test_text_can_be_read_in_both_themes(look: theme.Tokens) -> None:
    for colour in (look.text, look.muted, look.accent, look.good, look.caution, look.bad):
        assert contrast(colour, look.background) >= 4.5
        assert contrast(colour, look.surface) >= 4.5
    assert contrast(look.on_accent, look.accent) >= 4.5
    assert contrast(look.on_image, look.image) >= 7


def test_actions_have_no_shortcut_twice() -> None:
    shortcuts = [spec.shortcut for spec in actions.ACTIONS if spec.shortcut]
    assert len(shortcuts) == len(set(shortcuts))


# Projects and dropped files


def test_files_dropped_without_a_project_make_one_and_are_read(
    open_window: Build, qtbot: QtBot, tmp_path: Path, preferences: Preferences
) -> None:
    made: dict[Path, FakeServices] = {}
    window = open_window(doors=fake_doors(made))
    event = drag_over(window, files(tmp_path / "scan.dcm"))
    assert event.isAccepted()
    assert window.overlay.isVisible()
    assert "start a project" in window.overlay.text
    drop(window, files(tmp_path / "scan.dcm"))
    assert not window.overlay.isVisible()
    dialog = window.findChild(NewProjectDialog)
    assert dialog is not None
    dialog.where.setText(str(tmp_path))
    dialog.name.setText("Lungs")
    qtbot.mouseClick(dialog.make, LEFT)
    qtbot.waitUntil(lambda: window.room == "library")
    services = made[tmp_path / "Lungs"]
    assert services.jobs.started[-1].spec.params == {"paths": [str(tmp_path / "scan.dcm")]}
    assert "Lungs" in window.strip.project.text()
    services.jobs.started[-1].end()
    qtbot.waitUntil(lambda: not window.context.bridge.jobs())


def test_files_dropped_on_a_text_field_are_for_the_window(open_window: Build, qtbot: QtBot, tmp_path: Path) -> None:
    services = FakeServices(two_classes(2))
    window = open_window(services)
    page = window.stack.currentWidget()
    assert not page.search.acceptDrops()
    drop(window, files(tmp_path / "a.png", tmp_path / "b.png"))
    assert len(services.jobs.started[-1].spec.params["paths"]) == 2
    services.jobs.started[-1].end()
    qtbot.waitUntil(lambda: not window.context.bridge.jobs())


def test_text_dragged_over_is_not_taken_and_leaving_hides_the_veil(open_window: Build, tmp_path: Path) -> None:
    window = open_window(FakeServices())
    text = QMimeData()
    text.setText("hello")
    drag_over(window, text)
    assert not window.overlay.isVisible()
    drag_over(window, files(tmp_path))
    assert window.overlay.isVisible()
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not window.overlay.isVisible()


def test_a_project_folder_dropped_is_opened(open_window: Build, qtbot: QtBot, tmp_path: Path, preferences) -> None:
    project = tmp_path / "old"
    project.mkdir()
    (project / "project.db").write_bytes(b"x")
    made: dict[Path, FakeServices] = {}
    window = open_window(doors=fake_doors(made))
    drop(window, files(project))
    qtbot.waitUntil(lambda: window.room == "library")
    assert list(made) == [project]
    assert preferences.recent() == [project]
    window.actions_by_key["close-project"].trigger()
    assert window.stack.currentWidget() is window.welcome
    qtbot.waitUntil(lambda: made[project].closed)


def test_a_project_that_cannot_be_opened_is_told_calmly(open_window: Build, qtbot: QtBot, tmp_path: Path) -> None:
    window = open_window(doors=fake_doors({}, Refused("project-newer", path=str(tmp_path))))
    window.open_project(tmp_path)
    qtbot.waitUntil(window.message.isVisible)
    assert "newer version" in window.message.text.text()
    assert window.stack.currentWidget() is window.welcome


def test_sample_project_from_the_welcome_page(open_window: Build, qtbot: QtBot, tmp_path: Path) -> None:
    made: dict[Path, FakeServices] = {}
    window = open_window(doors=fake_doors(made))
    qtbot.mouseClick(window.welcome.sample, LEFT)
    dialog = window.findChild(NewProjectDialog)
    assert dialog is not None
    dialog.where.setText(str(tmp_path))
    qtbot.mouseClick(dialog.make, LEFT)
    qtbot.waitUntil(lambda: bool(made) and bool(next(iter(made.values())).jobs.started))
    job = next(iter(made.values())).jobs.started[-1]
    assert job.spec.kind == "sample-project"
    job.end()
    qtbot.waitUntil(lambda: not window.context.bridge.jobs())


def test_new_project_dialog_says_what_is_wrong(open_window: Build, tmp_path: Path) -> None:
    dialog = NewProjectDialog(open_window(), home=tmp_path)
    for name, problem in (("", "Give the project a name"), ("a/b", "cannot contain"), ("ok", "")):
        dialog.name.setText(name)
        assert problem in dialog.problem.text()
        assert dialog.make.isEnabled() is not bool(problem)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    dialog.name.setText("taken")
    assert not dialog.make.isEnabled()


# Jobs


def test_import_shows_progress_grows_the_library_and_can_be_cancelled(open_window: Build, qtbot: QtBot) -> None:
    services = FakeServices()
    window = open_window(services)
    window.add([Path("/images")])
    job = services.jobs.started[-1]
    bar = window.status.bars[0]
    assert bar.isVisible()
    assert bar.title.text() == "Reading images"
    services.catalogue.held = two_classes(3)
    job.say(Progress(30, 100, 65.0))
    page = window.stack.currentWidget()
    qtbot.waitUntil(lambda: len(page.list.entries) == 3)
    assert (bar.progress.value(), bar.progress.maximum()) == (30, 100)
    assert bar.detail.text() == "30 of 100, about 65 seconds left"
    qtbot.mouseClick(bar.stop, LEFT)
    assert job.asked == ["stop"]
    qtbot.waitUntil(lambda: not bar.isVisible())
    qtbot.waitUntil(window.message.isVisible)
    assert window.message.text.text() == "Stopped. What was read is kept."


def test_end_of_an_import_is_told_in_words(open_window: Build, qtbot: QtBot) -> None:
    services = FakeServices()
    window = open_window(services)
    window.add([Path("/images")])
    result = {"imported": 40, "studies": 2, "skipped": 3, "quarantined": [{"path": "x", "reason": "y"}]}
    services.jobs.started[-1].end("done", result)
    qtbot.waitUntil(window.message.isVisible)
    text = window.message.text.text()
    assert text.startswith("Read 40 files in 2 studies. 3 files skipped")
    assert "1 file was set aside" in text
    assert not window.message.details.isVisible()
    qtbot.mouseClick(window.message.unfold, LEFT)
    assert window.message.details.isVisible()
    assert window.message.details.toPlainText() == "Y (1)\n    x: y"
    qtbot.mouseClick(window.message.copy, LEFT)
    assert QApplication.clipboard().text().endswith("x: y")
    window.show_room("cohort")
    assert window.message.isVisible(), "warnings stay until they are put away"
    window.add([Path("/again")])
    services.jobs.started[-1].end("done", {"imported": 0, "studies": 0, "skipped": 43, "quarantined": []})
    qtbot.waitUntil(lambda: window.message.text.text().startswith("Nothing new was read. 43 files skipped"))
    window.add([Path("/nothing")])
    services.jobs.started[-1].end("failed", code="nothing-to-import", path="/nothing")
    qtbot.waitUntil(lambda: "No images were found in /nothing" in window.message.text.text())


def test_window_goes_on_while_short_work_is_slow(open_window: Build, qtbot: QtBot) -> None:
    window = open_window(FakeServices())
    gate = threading.Event()
    answers: list[bool] = []
    window.context.bridge.run_in_background(lambda: gate.wait(10), answers.append)
    window.context.go("cohort")
    QApplication.processEvents()
    assert window.room == "cohort"
    assert not answers
    gate.set()
    qtbot.waitUntil(lambda: answers == [True])


# The way out


def test_closing_while_a_training_runs_asks_and_keeps_working(open_window: Build, qtbot: QtBot) -> None:
    services = FakeServices()
    window = open_window(services)
    window.context.bridge.start(
        lambda **on: services.jobs.start("train", {}, on["on_message"], on["on_outcome"]), title="Training"
    )
    job = services.jobs.started[-1]
    window.close()
    assert window.isVisible()
    dialog = window.findChild(ClosingDialog)
    assert "A training is running" in dialog.text.text()
    assert "keep" in dialog.stop.text()
    qtbot.mouseClick(dialog.keep, LEFT)
    assert window.isVisible()
    assert job.asked == []
    job.end()
    qtbot.waitUntil(lambda: not window.context.bridge.jobs())
    assert window.isVisible(), "the end of the work does not close a window that was to stay"


def test_work_that_ends_while_the_question_is_open_leaves_the_window_open(open_window: Build, qtbot: QtBot) -> None:
    services = FakeServices()
    window = open_window(services)
    window.add([Path("/images")])
    window.close()
    assert window.leaving.dialog is not None
    services.jobs.started[-1].end()
    qtbot.waitUntil(lambda: window.leaving.dialog is None)
    assert window.isVisible()


def test_closing_waits_for_the_checkpoint_and_then_closes(open_window: Build, qtbot: QtBot) -> None:
    services = FakeServices()
    window = open_window(services)
    window.context.bridge.start(
        lambda **on: services.jobs.start("train", {}, on["on_message"], on["on_outcome"]), title="Training"
    )
    job = services.jobs.started[-1]
    job.stop_ends = False
    window.close()
    dialog = window.findChild(ClosingDialog)
    qtbot.mouseClick(dialog.stop, LEFT)
    assert job.asked == ["stop"]
    assert dialog.progress.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    dialog.close()
    assert dialog.isVisible(), "the window is being closed already"
    assert window.isVisible()
    job.end("stopped", code="stopped")
    qtbot.waitUntil(lambda: not window.isVisible())
    assert services.closed


def test_window_closes_at_once_where_nothing_runs(open_window: Build) -> None:
    services = FakeServices()
    window = open_window(services)
    window.close()
    assert not window.isVisible()
    assert services.closed


def test_a_defect_is_logged_and_told_calmly(qapp, qtbot: QtBot, tmp_path: Path, caplog) -> None:
    trouble = Trouble(tmp_path / "window.log")
    with caplog.at_level(logging.ERROR), qtbot.waitSignal(trouble.happened) as told:
        try:
            {}["missing"]
        except KeyError as error:
            trouble.take(type(error), error, error.__traceback__)
    assert "Something went wrong" in told.args[0]
    assert "Traceback" not in told.args[0]
    assert "KeyError" in caplog.text


def test_first_paint_needs_no_heavy_library() -> None:
    code = (
        "import sys, app.ui.application, app.ui.pages.library, app.ui.pages.cohort\n"
        "heavy = {'torch', 'monai', 'pydicom', 'SimpleITK', 'nibabel', 'sqlalchemy', 'pyqtgraph', 'scipy', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# The one-button road


class Started:
    """A service whose start gives a fake job of its kind."""

    def __init__(self, services: FakeServices, kind: str) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self._services, self._kind = services, kind

    def start(self, *args: Any, on_message: Any, on_outcome: Any, **options: Any) -> FakeJob:
        self.calls.append((args, options))
        return self._services.jobs.start(self._kind, {}, on_message, on_outcome)


@pytest.fixture
def road(qtbot: QtBot, context: PageContext, services: FakeServices) -> Augmentation:
    services.catalogue.held = two_classes(6)
    for name, kind in (("training", "train"), ("generation", "sample"), ("audits", "audit"), ("exports", "export")):
        setattr(services, name, Started(services, kind))
    return Augmentation(context)


def test_augment_walks_all_stages_and_shows_each_room(
    road: Augmentation, context: PageContext, services: FakeServices, qtbot: QtBot, tmp_path: Path
) -> None:
    rooms: list[str] = []
    context.room_wanted.connect(rooms.append)
    road.begin(RoadPlan(tmp_path / "out", budget_s=60, per_class=5))
    results = [
        {"run": "run-1"},
        {"samples": "samples-1"},
        {"audit": "audit-1"},
        {"out": str(tmp_path / "out"), "files": 23, "per_class": {"nodule": 5, "normal": 5}},
    ]
    with qtbot.waitSignal(road.done) as done:
        for number, result in enumerate(results):
            qtbot.waitUntil(lambda number=number: len(services.jobs.started) == number + 1)
            services.jobs.started[-1].end("done", result)
    assert [job.spec.kind for job in services.jobs.started] == ["train", "sample", "audit", "export"]
    assert rooms == ["train", "generate", "review", "export"]
    assert services.generation.calls == [(("run-1",), {"per_class": 5, "seed": 0})]
    assert services.exports.calls[0][0][0].samples == "samples-1"
    assert done.args[0].startswith("10 synthetic images in 23 files")
    assert not road.running


def test_augment_that_is_cancelled_or_fails_ends_the_road(
    road: Augmentation, services: FakeServices, qtbot: QtBot, tmp_path: Path
) -> None:
    road.begin(RoadPlan(tmp_path / "out"))
    qtbot.waitUntil(lambda: len(services.jobs.started) == 1)
    with qtbot.waitSignal(road.failed) as failed:
        services.jobs.started[-1].stop()
    assert isinstance(failed.args[0], Stopped)
    assert not road.running
    services.cohorts.refuse = Refused("no-labels", count=3)
    with qtbot.waitSignal(road.failed):
        road.begin(RoadPlan(tmp_path / "out"))
    assert len(services.jobs.started) == 1


def test_augment_asks_only_what_it_cannot_guess(open_window: Build, tmp_path: Path) -> None:
    dialog = AugmentDialog(open_window(), ["Lungs"], tmp_path / "out")
    assert dialog.cohort == "Lungs"
    dialog.images.setCurrentIndex(1)
    assert dialog.cohort == ""
    assert dialog.start.isEnabled()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    dialog.where.setText(str(tmp_path / "full"))
    assert not dialog.start.isEnabled()
    assert dialog.problem.text()


# The real services


def test_real_studies_dropped_are_read_shown_and_made_a_cohort(
    open_window: Build, qtbot: QtBot, tmp_path: Path
) -> None:
    from app.imaging import phantom

    phantom.make(tmp_path / "images", patients=3, slices=2, size=32)
    (tmp_path / "images" / "notes.dcm").write_text("not an image")
    window = open_window()
    window.projects.create(tmp_path / "project")
    qtbot.waitUntil(lambda: window.room == "library", timeout=20_000)
    drop(window, files(tmp_path / "images"))
    page = window.stack.currentWidget()
    with qtbot.waitSignal(page.viewer.slice_changed, timeout=60_000):
        qtbot.waitUntil(lambda: not window.context.bridge.jobs(), timeout=60_000)
    qtbot.waitUntil(lambda: page.selection.text.text() == "3 studies, 3 series, 6 images", timeout=10_000)
    assert page.tabs.tabText(1) == "Set aside (1)"
    qtbot.waitUntil(lambda: page.thumbnails.get(page.list.entries[0].series) is not None)
    window.show_room("cohort")
    cohort = window.stack.currentWidget()
    with qtbot.waitSignal(cohort.preview.shown, timeout=20_000):
        qtbot.waitUntil(cohort.make.isEnabled, timeout=20_000)
    assert cohort.total.text() == "6 images in 3 classes"
    with qtbot.waitSignal(window.context.cohorts_changed, timeout=10_000):
        qtbot.mouseClick(cohort.make, LEFT)
    assert window.context.services is not None
    assert window.context.services.cohorts.names() == ["Cohort 1"]


def test_readers_are_loaded_before_pages_decode_in_parallel(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from app.ui.projects import program_doors\n"
        "assert 'pydicom' not in sys.modules\n"
        f"program_doors().create(Path({str(tmp_path / 'p')!r})).close()\n"
        "print({'pydicom', 'nibabel', 'PIL'} <= set(sys.modules), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True False"
