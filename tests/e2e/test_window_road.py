"""The whole road in the real window, by mouse, through real worker processes: studies dropped, images exported."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.imaging import phantom
from app.ui import theme
from app.ui.collecting import Collector
from app.ui.context import PageContext
from app.ui.dialogs.new_project import NewProjectDialog
from app.ui.main_window import MainWindow
from app.ui.pages.cohort import CohortPage
from app.ui.pages.export import ExportPage
from app.ui.pages.generate import GeneratePage
from app.ui.pages.library import LibraryPage
from app.ui.pages.review import ReviewPage
from app.ui.pages.train import TrainPage
from app.ui.preferences import Preferences

LEFT = Qt.MouseButton.LeftButton
WORK_MS = 120_000
"""A worker imports torch on two busy cores."""


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve patients of three classes, as DICOM."""
    folder = tmp_path_factory.mktemp("studies") / "liver"
    phantom.make(folder, patients=12, slices=3, size=64)
    return folder


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    theme.apply(qapp, theme.DARK)
    collector = Collector()
    collector.start()
    made = MainWindow(PageContext(), Preferences(tmp_path / "window.ini"))
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.leaving.abandon()
    made.close()
    made.deleteLater()
    collector.stop()


class Walker:
    """A person at the window."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window = qtbot, window

    def click(self, widget: QWidget) -> None:
        assert widget.isVisible()
        assert widget.isEnabled()
        self.qtbot.mouseClick(widget, LEFT)

    def goes_to(self, room: str) -> QWidget:
        self.click(self.window.rail.buttons[room])
        return self.page()

    def page(self) -> QWidget:
        page = self.window.stack.currentWidget()
        assert page is not None
        return page

    def drops(self, folder: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(folder))])
        action, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(self.window, QDragEnterEvent(QPoint(400, 400), action, data, LEFT, none))
        QApplication.sendEvent(self.window, QDropEvent(QPointF(400, 400), action, data, LEFT, none))

    def waits(self, until: object) -> None:
        self.qtbot.waitUntil(until, timeout=WORK_MS)


@pytest.mark.timeout(600)  # five workers, each of which imports torch
@pytest.mark.qt_log_ignore("does not support propagateSizeHints")  # the off-screen platform, of any dialog
def test_studies_dropped_become_an_export(qtbot: QtBot, window: MainWindow, studies: Path, tmp_path: Path) -> None:
    walker = Walker(qtbot, window)
    bring_studies(walker, studies, tmp_path / "projects")
    make_cohort(walker)
    train(walker)
    generate(walker)
    review(walker)
    check_export(export(walker, tmp_path / "out"))


def bring_studies(walker: Walker, studies: Path, home: Path) -> None:
    home.mkdir()
    walker.drops(studies)
    dialog = walker.window.findChild(NewProjectDialog)
    walker.waits(dialog.isVisible)
    dialog.where.setText(str(home))
    walker.click(dialog.make)
    walker.waits(lambda: isinstance(walker.page(), LibraryPage))
    library = walker.page()
    assert isinstance(library, LibraryPage)
    walker.waits(lambda: len(library.list.entries) == 12 and not walker.window.context.bridge.jobs())


def make_cohort(walker: Walker) -> None:
    page = walker.goes_to("cohort")
    assert isinstance(page, CohortPage)
    page.form.recipe.edge.setCurrentIndex(page.form.recipe.edge.findData(32))
    page.name.setText("Liver")
    walker.waits(page.make.isEnabled)
    walker.click(page.make)
    walker.waits(page.message.isVisible)
    assert "36 images in 3 classes" in page.message.text.text()
    walker.click(page.message.action)


def train(walker: Walker) -> None:
    page = walker.page()
    assert isinstance(page, TrainPage)
    walker.waits(lambda: page.setup.cohort.currentText() == "Liver" and bool(page.setup.counts.text()))
    page.setup.family.setCurrentIndex(page.setup.family.findData("vae"))
    page.setup.advanced.steps.setValue(20)
    walker.click(page.setup.start)
    walker.waits(lambda: not page.view.previews.picture.image.isNull())
    walker.waits(page.view.generate.isVisible)
    learnt, unseen = page.view.plot.drawn()
    assert [step for step, _ in learnt] == list(range(1, 21))
    assert unseen
    assert page.view.detail.text().startswith("Done")
    walker.click(page.view.generate)


def generate(walker: Walker) -> None:
    page = walker.page()
    assert isinstance(page, GeneratePage)
    walker.waits(lambda: "Draws 48 images in 3 classes." in page.form.sentence.text())
    page.form.same.setValue(3)
    walker.click(page.form.start)
    walker.waits(lambda: len(page.view.sheet.sheet.images) == 9)
    sheet = page.view.sheet
    walker.qtbot.mouseClick(sheet.viewport(), LEFT, pos=sheet.visualRect(sheet.sheet.index(0)).center())
    walker.click(page.view.throw)
    walker.waits(lambda: "1 thrown out" in page.view.counts.text())
    walker.click(page.to_review)


def review(walker: Walker) -> None:
    page = walker.page()
    assert isinstance(page, ReviewPage)
    walker.waits(page.first.isVisible)
    walker.click(page.first.action)
    walker.waits(lambda: len(page.cards) == 3)
    assert all(card.verdict.sentence for card in page.cards)
    assert not page.stale.isVisible()
    walker.waits(lambda: len(page.pairs.sheet.sheet.images) == 8)
    walker.click(page.to_export)


def export(walker: Walker, out: Path) -> Path:
    page = walker.page()
    assert isinstance(page, ExportPage)
    walker.waits(lambda: bool(page.form.form.samples))
    page.form.parent_folder.setText(str(out.parent))
    page.form.name.setText(out.name)
    act = page.act
    walker.waits(act.check.start.isEnabled)
    assert not act.leave.start.isEnabled()
    walker.click(act.check.start)
    walker.waits(act.sign.tick.isVisible)
    assert not out.exists()
    said = [made.text() for made in act.check.found.findChildren(QLabel)]
    assert any(text.startswith("8 (") for text in said)
    walker.waits(lambda: len(act.check.found.sheet.sheet.images) == 8)
    assert not act.leave.start.isEnabled()
    walker.qtbot.mouseClick(act.sign.tick, LEFT, pos=QPoint(10, act.sign.tick.height() // 2))
    walker.click(act.leave.start)
    walker.waits(act.leave.done.isVisible)
    assert act.leave.words.text().startswith("Exported")
    assert "exactly what was signed" in act.leave.proof.text()
    walker.waits(lambda: page.log.list.count() == 1)
    assert not page.alarm.isVisible()
    return out


def check_export(out: Path) -> None:
    pictures = sorted(out.rglob("*.png"))
    assert sorted(Counter(path.parent.name for path in pictures).values()) == [2, 3, 3]
    with Image.open(pictures[0]) as picture:
        assert picture.size == (32, 32)
    assert (out / "manifest.json").exists()
    tables = list(out.rglob("*.csv"))
    assert tables
    with tables[0].open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 8
