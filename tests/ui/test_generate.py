"""The Generate room, driven by mouse over services that a test drives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QRadioButton
from pytestqt.qtbot import QtBot

from app.domain.condition import Attribute
from app.domain.run import RunState
from app.jobs.messages import PreviewReady, Progress
from app.ui.context import PageContext
from app.ui.pages.generate import GeneratePage
from app.ui.view_models.generate import Amount, Wish, set_detail, to_grey, wish_line
from app.ui.widgets.attribute_choosers import AttributeChoosers
from app.ui.widgets.enlarged import Enlarged
from tests.helpers.working_rooms import WorkingServices, sample_set

LEFT = Qt.MouseButton.LeftButton
REAL = {"nodule": 6, "normal": 6}


@pytest.fixture
def services(tmp_path: Path) -> WorkingServices:
    return WorkingServices(root=tmp_path)


def shown(qtbot: QtBot, context: PageContext) -> GeneratePage:
    made = GeneratePage(context)
    qtbot.addWidget(made)
    made.setFixedSize(1180, 720)
    made.show()
    made.activate()
    return made


@pytest.fixture
def page(qtbot: QtBot, context: PageContext, services: WorkingServices) -> GeneratePage:
    """Two runs, the newest one first, and one sample set of six images."""
    services.trained("run-a")
    services.trained("run-b")
    services.drawn("set-0")
    made = shown(qtbot, context)
    qtbot.waitUntil(lambda: made.view.isVisible() and bool(made.form.each))
    return made


def click(qtbot: QtBot, way: QRadioButton) -> None:
    """On the word itself: a radio button is wider than what it reacts to."""
    qtbot.mouseClick(way, LEFT, pos=QPoint(10, way.height() // 2))


def click_tile(qtbot: QtBot, page: GeneratePage, place: int) -> None:
    sheet = page.view.sheet
    qtbot.mouseClick(sheet.viewport(), LEFT, pos=sheet.visualRect(sheet.sheet.index(place)).center())


def test_without_a_run_the_room_leads_to_train(qtbot: QtBot, context: PageContext, services: WorkingServices) -> None:
    services.trained("run-a", RunState.RUNNING)
    services.training.becomes("run-a", RunState.RUNNING, checkpoint=None)
    page = shown(qtbot, context)
    qtbot.waitUntil(page.empty.isVisible)
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.empty.action, LEFT)
    assert wanted.args == ["train"]


def test_the_newest_run_is_offered_and_another_room_may_name_one(
    qtbot: QtBot, page: GeneratePage, context: PageContext
) -> None:
    assert page.form.run.currentData() == "run-b"
    context.go("generate", "run-a")
    page.activate()
    qtbot.waitUntil(lambda: page.form.run.currentData() == "run-a")


def test_the_same_for_all(qtbot: QtBot, page: GeneratePage, services: WorkingServices) -> None:
    page.form.same.setValue(5)
    assert page.form.sentence.text() == "Draws 10 images in 2 classes."
    qtbot.mouseClick(page.form.start, LEFT)
    assert services.generation.asked == [
        {"run": "run-b", "per_class": 5, "steps": None, "guidance": None, "seed": 0}
    ]  # fmt: skip


def test_a_number_for_each_class(qtbot: QtBot, page: GeneratePage, services: WorkingServices) -> None:
    click(qtbot, page.form.ways[Amount.EACH])
    page.form.each["nodule"].setValue(4)
    page.form.each["normal"].setValue(0)
    qtbot.mouseClick(page.form.start, LEFT)
    assert services.generation.asked[0]["classes"] == {"nodule": 4}
    page.form.each["nodule"].setValue(0)
    assert not page.form.start.isEnabled()


def test_attributes_are_asked_for_where_the_run_knows_some(
    qtbot: QtBot, page: GeneratePage, services: WorkingServices
) -> None:
    assert not page.form.attributes.isVisible()
    services.generation.known["run-a"] = (Attribute("Age", (), 21.0, 84.0, 9), Attribute("Sex", ("F", "M"), known=9))
    page.form.run.setCurrentIndex(page.form.run.findData("run-a"))
    qtbot.waitUntil(page.form.attributes.isVisible)
    age, sex = page.form.attributes.choosers.values()
    assert (age.text(), sex.currentText()) == ("any (21 to 84)", "any")
    assert page.form.wish().attributes == {}
    sex.setCurrentText("F")
    age.setValue(70)
    assert page.form.sentence.text() == "Draws 32 images in 2 classes, all with Age 70, Sex F."
    qtbot.mouseClick(page.form.start, LEFT)
    assert services.generation.asked[0]["attributes"] == {"Age": "70", "Sex": "F"}
    page.form.run.setCurrentIndex(page.form.run.findData("run-b"))
    qtbot.waitUntil(lambda: not page.form.attributes.isVisible())
    assert page.form.wish().attributes == {}


def test_a_fractional_attribute_keeps_its_digits(qtbot: QtBot) -> None:
    choosers = AttributeChoosers()
    qtbot.addWidget(choosers)
    choosers.show_attributes((Attribute("Field strength", (), 0.55, 3.0, 9),))
    (field,) = choosers.choosers.values()
    assert choosers.asked() == {}
    field.stepUp()
    assert choosers.asked() == {"Field strength": "0.55"}
    field.setValue(1.494)
    assert choosers.asked() == {"Field strength": "1.494"}


def test_balanced_classes_need_nothing(qtbot: QtBot, page: GeneratePage) -> None:
    click(qtbot, page.form.ways[Amount.BALANCE])
    qtbot.waitUntil(lambda: "balanced already" in page.form.sentence.text())
    assert not page.form.start.isEnabled()


def test_drawing_is_followed_and_its_set_opened(
    qtbot: QtBot, page: GeneratePage, services: WorkingServices, tmp_path: Path
) -> None:
    qtbot.mouseClick(page.form.start, LEFT)
    job = services.jobs.started[-1]
    Image.new("L", (16, 8), 200).save(tmp_path / "grid.png")
    job.say(Progress(8, 32, 60.0))
    job.say(PreviewReady(8, "grid.png"))
    qtbot.waitUntil(lambda: page.drawing.image.width() == 16)
    assert page.bar.isVisible()
    services.generation.held = {"set-1": sample_set("set-1", "run-b", 4), **services.generation.held}
    job.end("done", {"samples": "set-1"})
    qtbot.waitUntil(lambda: page.view.isVisible() and len(page.view.sheet.numbers()) == 8)
    assert page.sets.chosen_id() == "set-1"
    assert not page.bar.isVisible()


def test_cancelled_drawing_leaves_the_old_set(qtbot: QtBot, page: GeneratePage, services: WorkingServices) -> None:
    qtbot.mouseClick(page.form.start, LEFT)
    qtbot.mouseClick(page.bar.stop, LEFT)
    assert services.jobs.started[-1].asked == ["stop"]
    qtbot.waitUntil(page.view.isVisible)
    assert not page.message.isVisible()


def test_a_failure_is_said(qtbot: QtBot, page: GeneratePage, services: WorkingServices) -> None:
    qtbot.mouseClick(page.form.start, LEFT)
    services.jobs.started[-1].end("crashed", code="worker-crashed", signal="SIGKILL")
    qtbot.waitUntil(page.message.isVisible)
    assert "SIGKILL" in page.message.text.text()


def test_pictures_are_decoded_and_filtered_by_class(qtbot: QtBot, page: GeneratePage) -> None:
    sheet = page.view.sheet
    qtbot.waitUntil(lambda: len(sheet.sheet.images) == 6)
    page.view.filter.setCurrentText("normal")
    assert sheet.numbers() == [3, 4, 5]


def test_throw_out_and_take_back(qtbot: QtBot, page: GeneratePage, services: WorkingServices) -> None:
    click_tile(qtbot, page, 1)
    qtbot.mouseClick(page.view.throw, LEFT)
    qtbot.waitUntil(lambda: "1 thrown out" in page.view.counts.text())
    assert services.generation.load("set-0").counts() == {"nodule": 2, "normal": 3}
    assert page.view.sheet.selected() == [1]
    qtbot.mouseClick(page.view.take_back, LEFT)
    qtbot.waitUntil(lambda: "thrown out" not in page.view.counts.text())
    qtbot.keyClick(page.view.sheet, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: not services.generation.load("set-0").samples[1].kept)


def test_a_picture_is_enlarged_and_the_next_one_follows(qtbot: QtBot, page: GeneratePage) -> None:
    sheet = page.view.sheet
    qtbot.waitUntil(lambda: len(sheet.sheet.images) == 6)
    click_tile(qtbot, page, 0)
    place = sheet.visualRect(sheet.sheet.index(0)).center()
    qtbot.mouseDClick(sheet.viewport(), LEFT, pos=place)
    dialog = page.view.findChild(Enlarged)
    qtbot.waitUntil(lambda: dialog.isVisible() and not dialog.picture.image.isNull())
    assert dialog.caption.text() == "1 of 6: nodule"
    qtbot.keyClick(dialog, Qt.Key.Key_Right)
    assert dialog.caption.text() == "2 of 6: nodule"
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_an_enlarged_picture_says_what_it_was_told(
    qtbot: QtBot, page: GeneratePage, services: WorkingServices, context: PageContext
) -> None:
    record = services.generation.held["set-0"]
    samples = tuple(replace(one, attributes={"Sex": "F", "Age": 70.5}) for one in record.samples)
    services.generation.held["set-0"] = replace(record, samples=samples)
    context.samples_changed.emit()
    first = page.view.sheet.sheet.index(0)
    qtbot.waitUntil(lambda: first.data(Qt.ItemDataRole.ToolTipRole) == "nodule, Sex F, Age 70.5")
    page.view.sheet.opened.emit(0)
    assert page.view.findChild(Enlarged).caption.text() == "1 of 6: nodule, Sex F, Age 70.5"


def test_real_images_beside_synthetic_ones(qtbot: QtBot, page: GeneratePage, services: WorkingServices) -> None:
    page.view.filter.setCurrentText("nodule")
    qtbot.mouseClick(page.view.compare, LEFT)
    qtbot.waitUntil(lambda: len(page.view.real.sheet.images) == 6)
    cohort = services.cohorts.load("chest")
    learnt = {item.series for item in cohort.items if item.split == "train" and item.label == "nodule"}
    assert {series for series, _, _ in services.catalogue.previewed} == learnt


def test_the_button_leads_to_the_review_of_this_set(qtbot: QtBot, page: GeneratePage, context: PageContext) -> None:
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.to_review, LEFT)
    assert wanted.args == ["review"]
    assert context.take_focus("review") == "set-0"


def test_balancing_fills_up_to_the_largest_class() -> None:
    wish = Wish(Amount.BALANCE)
    assert wish_line(wish, ("a", "b"), {"a": 10, "b": 3}) == "Draws 7 images: b 7."
    assert wish.options() == {"steps": None, "guidance": None, "seed": 0, "balance": True}


def test_grey_levels_reach_from_black_to_white() -> None:
    image = np.array([[[-1.0, 0.0, 1.0, 7.0]]], np.float32)
    assert to_grey(image).tolist() == [[0, 128, 255, 255]]


def test_a_set_says_what_was_asked() -> None:
    asked = replace(sample_set("a", "run"), asked={"Sex": "F", "Age": 70.0})
    assert set_detail(asked).startswith("nodule 3, normal 3, all with Sex F, Age 70 ·")


def test_a_set_says_what_was_screened_out() -> None:
    assert set_detail(sample_set("a", "run")) == "nodule 3, normal 3 · 2 suspected copies drawn again"
