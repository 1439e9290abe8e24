"""The Library room: studies appear while they are read, are found and looked at; what failed is set aside."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from app.domain.study import Quarantined, SourceKind
from app.ui.context import PageContext
from app.ui.pages.library import LibraryPage
from app.ui.view_models.library import entries
from tests.helpers.fake_services import FakeServices, line_of, series, study, two_classes

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def page(qtbot: QtBot, context: PageContext) -> LibraryPage:
    made = LibraryPage(context)
    qtbot.addWidget(made)
    made.resize(1100, 700)
    made.show()
    return made


def titles(page: LibraryPage) -> list[str]:
    return [entry.title for entry in page.list.entries]


def fill(page: LibraryPage, qtbot: QtBot, expected: int) -> None:
    page.activate()
    qtbot.waitUntil(lambda: len(page.list.entries) == expected)


def test_empty_library_says_what_to_do(page: LibraryPage, context: PageContext, qtbot: QtBot) -> None:
    page.activate()
    qtbot.wait(50)
    assert page.empty.isVisible()
    with qtbot.waitSignal(context.folder_wanted):
        qtbot.mouseClick(page.empty.action, LEFT)
    with qtbot.waitSignal(context.files_wanted):
        qtbot.mouseClick(page.empty.other, LEFT)


def test_studies_appear_and_the_first_is_shown(page: LibraryPage, services: FakeServices, qtbot: QtBot) -> None:
    services.catalogue.held = two_classes(4)
    with qtbot.waitSignal(page.viewer.slice_changed):
        fill(page, qtbot, 4)
    assert page.selection.text.text() == "4 studies, 4 series, 12 images"
    assert page.viewer.position.text() == "2/3"
    assert not page.empty.isVisible()


def test_growing_library_keeps_selection_and_slice(
    page: LibraryPage, services: FakeServices, context: PageContext, qtbot: QtBot
) -> None:
    services.catalogue.held = two_classes(4)
    fill(page, qtbot, 4)
    page.list.setCurrentIndex(page.list.grouped.index(2))
    qtbot.waitUntil(lambda: page.viewer.series is not None and page.viewer.series.key == "k2")
    page.viewer.go_to(0)
    services.catalogue.held = [study("a", series("new"), label="A new one"), *two_classes(4)]
    context.library_changed.emit()
    qtbot.waitUntil(lambda: len(titles(page)) == 5)
    assert [entry.title for entry in page.list.selected()] == ["CT chest 2"]
    assert page.viewer.series is not None
    assert page.viewer.series.key == "k2"
    assert page.viewer.index == 0
    assert context.selected_series == ("k2",)


def test_search_finds_every_word_anywhere(page: LibraryPage, services: FakeServices, qtbot: QtBot) -> None:
    tagged = study("x", series("kx", tags={"Manufacturer": "Acme"}), label="Knee")
    services.catalogue.held = [*two_classes(4), tagged]
    fill(page, qtbot, 5)
    qtbot.keyClicks(page.search, "acme knee")
    qtbot.waitUntil(lambda: titles(page) == ["Knee"])
    page.search.setText("nothing like this")
    qtbot.waitUntil(lambda: titles(page) == [])
    assert page.filters.shown.text() == "Nothing fits"
    qtbot.mouseClick(page.filters.reset, LEFT)
    qtbot.waitUntil(lambda: len(titles(page)) == 5)
    assert page.search.text() == ""
    assert not page.filters.reset.isVisible()


def test_thumbnails_are_read_in_the_background(
    page: LibraryPage, services: FakeServices, qtbot: QtBot, tmp_path: Path, monkeypatch
) -> None:
    picture = QImage(8, 8, QImage.Format.Format_Grayscale8)
    picture.fill(200)
    assert picture.save(str(tmp_path / "k0.png"))
    monkeypatch.setattr(services.catalogue, "thumbnail", lambda key: tmp_path / f"{key}.png")
    services.catalogue.held = two_classes(2)
    with qtbot.waitSignal(page.thumbnails.ready) as ready:
        fill(page, qtbot, 2)
    assert ready.args == ["k0"]
    assert page.thumbnails.get("k0") is not None
    assert page.thumbnails.get("k1") is None


def test_a_thumbnail_is_read_again_when_its_series_was_checked(
    page: LibraryPage, services: FakeServices, qtbot: QtBot, tmp_path: Path, monkeypatch
) -> None:
    def draw(level: int) -> None:
        picture = QImage(8, 8, QImage.Format.Format_Grayscale8)
        picture.fill(level)
        assert picture.save(str(tmp_path / "k0.png"))

    def level() -> int:
        picture = page.thumbnails.get("k0")
        return 0 if picture is None else picture.toImage().pixelColor(4, 4).red()

    draw(200)
    monkeypatch.setattr(services.catalogue, "thumbnail", lambda key: tmp_path / f"{key}.png")
    services.catalogue.held = two_classes(1)
    services.catalogue.unchecked = {"k0": 2}
    fill(page, qtbot, 1)
    qtbot.waitUntil(lambda: level() == 200)
    assert "checking" in page.list.entries[0].detail
    draw(90)
    services.catalogue.unchecked = {}
    page.activate()
    qtbot.waitUntil(lambda: level() == 90)
    assert "checking" not in page.list.entries[0].detail


def test_set_aside_groups_by_reason_retries_and_dismisses(
    page: LibraryPage, services: FakeServices, context: PageContext, qtbot: QtBot
) -> None:
    services.catalogue.held = two_classes(2)
    services.catalogue.aside = [
        Quarantined("/in/one.dcm", "damaged-file", "The file is damaged: cut short."),
        Quarantined("/in/two.dcm", "not-an-image", "This is not an image that Understudy can read."),
        Quarantined("/in/three.dcm", "damaged-file", "The file is damaged: no end."),
        Quarantined("/in/seg.dcm", "kept-object", "The file holds a segmentation. It stays in this list."),
    ]
    fill(page, qtbot, 2)
    assert page.tabs.tabText(1) == "Set aside (4)"
    page.tabs.setCurrentIndex(1)
    aside = page.aside
    shown = [(row.node.title, row.node.detail) for row in aside.list.grouped.rows]
    assert shown[0] == ("Damaged files", "2 files")
    assert shown[1][0] == "Not images"
    qtbot.keyClick(aside.list, Qt.Key.Key_Down)
    qtbot.keyClick(aside.list, Qt.Key.Key_Up)
    qtbot.keyClick(aside.list, Qt.Key.Key_Right)
    qtbot.keyClick(aside.list, Qt.Key.Key_Down)
    assert "/in/one.dcm" in aside.details.toPlainText()
    assert "cut short" in aside.details.toPlainText()
    qtbot.mouseClick(aside.copy, LEFT)
    assert QGuiApplication.clipboard().text() == "/in/one.dcm"
    qtbot.mouseClick(aside.retry, LEFT)
    assert services.jobs.started[-1].spec.params == {"paths": ["/in/one.dcm"]}
    with qtbot.waitSignal(context.library_changed):
        qtbot.mouseClick(aside.dismiss, LEFT)
    qtbot.waitUntil(lambda: page.tabs.tabText(1) == "Set aside (3)")
    assert "/in/one.dcm" not in [one.path for one in services.catalogue.aside]


def test_kept_objects_stand_apart_from_failures(page: LibraryPage, services: FakeServices, qtbot: QtBot) -> None:
    services.catalogue.held = two_classes(1)
    services.catalogue.aside = [
        Quarantined("/in/one.dcm", "damaged-file", "The file is damaged: cut short."),
        Quarantined("/in/seg.dcm", "kept-object", "The file holds a segmentation. It stays in this list."),
    ]
    fill(page, qtbot, 1)
    page.tabs.setCurrentIndex(1)
    assert page.aside.chosen() == ["/in/one.dcm"], "nothing selected means all failures, and only them"
    qtbot.mouseClick(page.aside.kept, LEFT)
    assert [row.node.title for row in page.aside.list.grouped.rows] == ["A segmentation"]
    assert page.aside.chosen() == ["/in/seg.dcm"]


def test_removing_takes_out_the_selected_studies(page: LibraryPage, services: FakeServices, qtbot: QtBot) -> None:
    services.catalogue.held = two_classes(3)
    fill(page, qtbot, 3)
    page.list.setCurrentIndex(page.list.grouped.index(1))
    qtbot.mouseClick(page.selection.remove, LEFT)
    qtbot.waitUntil(lambda: titles(page) == ["CT chest 0", "CT chest 2"])
    assert services.catalogue.removed == ["s1"]


def test_empty_room_says_when_images_are_being_read(
    page: LibraryPage, services: FakeServices, context: PageContext, qtbot: QtBot
) -> None:
    context.bridge.start(services.intake.start, [Path("/in")], title="Reading in")
    assert page.empty.title.text() == "Reading your images"
    services.jobs.started[-1].end()
    qtbot.waitUntil(lambda: not context.bridge.jobs())
    page.activate()
    qtbot.waitUntil(lambda: page.empty.title.text() != "Reading your images")


def test_pictures_are_grouped_by_folder_and_repetitions_in_their_order() -> None:
    pictures = [
        study(f"p{i}", series(f"p{i}", slices=1, kind=SourceKind.IMAGE, description=f"{i}.png", folder="/data/glioma"))
        for i in range(3)
    ]
    runs = study("runs", *(series(f"r{i}", description=f"run {i}") for i in (10, 2, 1)), label="fMRI")
    listed = entries([line_of(of, one) for of in [*pictures, runs] for one in of.series])
    assert [(entry.title, len(entry.children)) for entry in listed] == [("fMRI", 3), ("glioma", 3)]
    assert [child.title for child in listed[0].children] == ["run 1", "run 2", "run 10"]
    assert listed[1].series_keys() == ("p0", "p1", "p2")
