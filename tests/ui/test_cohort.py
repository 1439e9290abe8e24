"""The Cohort room: choices become counts, a preview and a verdict at once; then a cohort."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused
from app.domain.recipe import Plane, Recipe, Window
from app.domain.study import SourceKind
from app.ui.context import PageContext
from app.ui.pages.cohort import CohortPage
from app.ui.view_models.cohort import attribute_offers, folder_offers, samples
from tests.helpers.fake_services import FakeServices, line_of, series, study, two_classes

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def page(qtbot: QtBot, context: PageContext, services: FakeServices) -> CohortPage:
    services.catalogue.held = two_classes(12)
    made = CohortPage(context)
    qtbot.addWidget(made)
    made.resize(1150, 720)
    made.show()
    made.activate()
    qtbot.waitUntil(made.make.isEnabled)
    return made


def choose(combo, value: str) -> None:
    combo.setCurrentIndex(combo.findData(value))


def cells(page: CohortPage) -> list[list[str]]:
    table = page.counts
    columns = (0, 2, 3, 4)
    return [[table.item(row, column).text() for column in columns] for row in range(table.rowCount())]


def test_counts_patients_verdict_and_notices_are_shown(page: CohortPage) -> None:
    assert page.total.text() == "36 images in 2 classes"
    assert cells(page) == [["nodule", "6", "6", "6"], ["normal", "6", "6", "6"], ["Patients", "4", "4", "4"]]
    assert page.verdict.text() == "36 images can support a first try."
    assert page.notices.text() == "One class has a single patient."


def test_recipe_is_previewed_as_it_changes(page: CohortPage, services: FakeServices, qtbot: QtBot) -> None:
    choose(page.form.recipe.plane, Plane.CORONAL)
    page.form.recipe.edge.setCurrentIndex(page.form.recipe.edge.findData(32))
    choose(page.form.recipe.grey, "lung")
    page.form.recipe.resample.setChecked(True)
    page.form.recipe.spacing.setValue(1.5)
    wanted = Recipe(Plane.CORONAL, Window("lung"), 32, 1.5)
    qtbot.waitUntil(lambda: bool(services.catalogue.previewed) and services.catalogue.previewed[-1][2] == wanted)
    first = services.catalogue.previewed[-1][:2]
    with qtbot.waitSignal(page.preview.shown):
        qtbot.mouseClick(page.preview.forth, LEFT)
    assert services.catalogue.previewed[-1][:2] != first
    with qtbot.waitSignal(page.preview.shown):
        qtbot.mouseClick(page.preview.back, LEFT)
    assert services.catalogue.previewed[-1][:2] == first


def test_faces_are_asked_about_only_where_images_could_show_one(
    page: CohortPage, services: FakeServices, qtbot: QtBot
) -> None:
    ask = page.form.recipe.deface
    assert ask.isVisible()
    assert ask.isChecked()
    ask.click()
    qtbot.waitUntil(lambda: bool(services.catalogue.previewed) and not services.catalogue.previewed[-1][2].deface)
    pictures = [study("p", series("p", kind=SourceKind.IMAGE, modality=""))]
    services.catalogue.held = pictures
    page.refresh()
    qtbot.waitUntil(lambda: not ask.isVisible())


def test_many_changes_ask_once(page: CohortPage, services: FakeServices, qtbot: QtBot) -> None:
    services.cohorts.asked.clear()
    choose(page.form.recipe.grey, "manual")
    for centre in range(20):
        page.form.recipe.center.setValue(centre)
        qtbot.wait(5)
    qtbot.waitUntil(lambda: bool(services.cohorts.asked))
    qtbot.wait(300)
    assert [asked["recipe"].window for asked in services.cohorts.asked] == [Window("manual", 19, 400)]


def test_cohort_is_made_and_leads_to_training(
    page: CohortPage, services: FakeServices, context: PageContext, qtbot: QtBot
) -> None:
    page.name.setText("Nodules")
    with qtbot.waitSignal(context.cohorts_changed):
        qtbot.mouseClick(page.make, LEFT)
    assert list(services.cohorts.saved) == ["Nodules"]
    assert "“Nodules” is made: 36 images in 2 classes." in page.message.text.text()
    qtbot.waitUntil(lambda: page.cohorts.list.count() == 1)
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.message.action, LEFT)
    assert wanted.args == ["train"]
    assert context.take_focus("train") == "Nodules"


def test_a_name_that_exists_is_said_to_be_replaced(page: CohortPage, qtbot: QtBot, context: PageContext) -> None:
    with qtbot.waitSignal(context.cohorts_changed):
        qtbot.mouseClick(page.make, LEFT)
    qtbot.waitUntil(lambda: page.cohorts.list.count() == 1)
    assert page.name.text() == "Cohort 2"
    page.name.setText("Cohort 1")
    assert page.name_note.isVisible()
    page.name.clear()
    assert not page.make.isEnabled()


def test_labels_by_hand(page: CohortPage, services: FakeServices, qtbot: QtBot) -> None:
    choose(page.form.label_by, "hand")
    table = page.form.hand.table
    table.selectRow(0)
    page.form.hand.text.setText("lesion")
    qtbot.mouseClick(page.form.hand.give, LEFT)
    qtbot.waitUntil(lambda: services.catalogue.given == {("k0", None): "lesion"})
    qtbot.waitUntil(lambda: page.total.text() == "3 images in 1 class")
    model = table.model()
    assert model.setData(model.index(1, 1), "clear")
    qtbot.waitUntil(lambda: page.total.text() == "6 images in 2 classes")
    choose(page.form.scope, "folder")
    choose(page.form.folder, "/images/nodule")
    assert model.index(0, 1).data() == "lesion", "a label given stays when other images are listed"


def test_labels_by_hand_list_only_the_chosen_images(page: CohortPage, context: PageContext, qtbot: QtBot) -> None:
    choose(page.form.label_by, "hand")
    model = page.form.hand.table.model()
    assert model.rowCount() == 12
    choose(page.form.scope, "folder")
    choose(page.form.folder, "/images/normal")
    assert model.rowCount() == 6
    context.selected_series = ("k1",)
    choose(page.form.scope, "selection")
    page.activate()
    assert model.rowCount() == 1


def test_labels_from_a_table(
    page: CohortPage, services: FakeServices, qtbot: QtBot, tmp_path: Path, monkeypatch
) -> None:
    choose(page.form.label_by, "csv")
    qtbot.waitUntil(lambda: "Choose the table" in page.problem.text())
    assert not page.make.isEnabled()
    table = tmp_path / "labels.csv"
    monkeypatch.setattr("app.ui.dialogs.choose.file", lambda *_args: table)
    qtbot.mouseClick(page.form.choose_table, LEFT)
    choose(page.form.split, "table")
    qtbot.waitUntil(page.make.isEnabled)
    assert services.cohorts.asked[-1]["label_by"] == f"csv:{table}"
    assert services.cohorts.asked[-1]["split"] == f"csv:{table}"
    choose(page.form.label_by, "folder")
    assert page.form.split.findData("table") < 0, "folders say nothing of splits"


def test_attributes_from_headers_and_a_table(
    page: CohortPage, services: FakeServices, qtbot: QtBot, tmp_path: Path, monkeypatch
) -> None:
    form = page.form.attributes
    assert not form.headers.isVisible(), "no header attribute differs"
    for number, held in enumerate(services.catalogue.held):
        held.series[0].tags["PatientSex"] = "FM"[number % 2]
        held.series[0].tags["Manufacturer"] = "one and the same"
    page.refresh()
    qtbot.waitUntil(form.headers.isVisible)
    assert form.headers.text() == "Sex from the DICOM headers"
    form.headers.click()
    qtbot.waitUntil(form.known.isVisible)
    assert services.cohorts.asked[-1]["attributes"] == ["dicom:PatientSex"]
    assert form.known.text() == "Age: 40 to 49 · 12 training images\nSex: F, M · 12 training images"
    table = tmp_path / "known.csv"
    monkeypatch.setattr("app.ui.dialogs.choose.file", lambda *_args: table)
    qtbot.mouseClick(form.choose_table, LEFT)
    qtbot.waitUntil(lambda: services.cohorts.asked[-1]["attributes"] == ["dicom:PatientSex", f"csv:{table}"])
    assert form.table_name.text() == "known.csv"
    form.headers.click()
    qtbot.mouseClick(form.drop_table, LEFT)
    qtbot.waitUntil(lambda: services.cohorts.asked[-1]["attributes"] == [])
    qtbot.waitUntil(lambda: not form.known.isVisible())


def test_images_without_a_label_are_learnt_from_when_asked(
    page: CohortPage, services: FakeServices, context: PageContext, qtbot: QtBot
) -> None:
    choose(page.form.label_by, "hand")
    services.catalogue.given = {(f"k{number}", None): "lesion" for number in range(6)}
    page.form.unlabelled.click()
    qtbot.waitUntil(lambda: page.total.text() == "18 images in 1 class, 18 without a label")
    assert cells(page)[:2] == [["lesion", "6", "6", "6"], ["No label", "18", "0", "0"]]
    with qtbot.waitSignal(context.cohorts_changed):
        qtbot.mouseClick(page.make, LEFT)
    assert "18 images in 1 class, 18 without a label" in page.message.text.text()
    assert services.cohorts.saved["Cohort 1"].unlabelled == 18


def test_a_refusal_is_told_in_place_and_passes(page: CohortPage, services: FakeServices, qtbot: QtBot) -> None:
    services.cohorts.refuse = Refused("label-unknown-image", path="labels.csv", count=2, first="x.png", line=3)
    choose(page.form.recipe.plane, Plane.AXIAL)
    qtbot.waitUntil(lambda: "labels.csv names 2 images" in page.problem.text())
    assert not page.make.isEnabled()
    services.cohorts.refuse = None
    choose(page.form.recipe.plane, Plane.NATIVE)
    qtbot.waitUntil(page.make.isEnabled)
    assert not page.problem.isVisible()


def test_only_a_folder_or_the_selection(
    page: CohortPage, services: FakeServices, context: PageContext, qtbot: QtBot
) -> None:
    choose(page.form.scope, "folder")
    choose(page.form.folder, "/images/normal")
    qtbot.waitUntil(lambda: services.cohorts.asked[-1]["under"] == [Path("/images/normal")])
    choose(page.form.scope, "selection")
    qtbot.waitUntil(lambda: "Nothing is selected" in page.problem.text())
    context.selected_series = ("k1", "k3")
    page.activate()
    qtbot.waitUntil(lambda: page.total.text() == "6 images in 1 class")


def test_deleting_and_training_on_an_existing_cohort(
    page: CohortPage, services: FakeServices, context: PageContext, qtbot: QtBot
) -> None:
    services.cohorts.make("old", Recipe())
    page.refresh()
    qtbot.waitUntil(lambda: page.cohorts.list.count() == 1)
    with qtbot.waitSignal(context.room_wanted):
        qtbot.mouseClick(page.cohorts.train, LEFT)
    assert context.take_focus("train") == "old"
    qtbot.mouseClick(page.cohorts.delete, LEFT)
    qtbot.waitUntil(lambda: page.cohorts.list.count() == 0)
    assert services.cohorts.saved == {}


def test_without_images_it_leads_to_the_library(qtbot: QtBot, context: PageContext, services: FakeServices) -> None:
    page = CohortPage(context)
    qtbot.addWidget(page)
    page.show()
    page.activate()
    qtbot.wait(50)
    assert page.empty.isVisible()
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.empty.action, LEFT)
    assert wanted.args == ["library"]


def test_offers_name_folders_and_telling_attributes() -> None:
    studies = [
        study("a", series("a", folder="/d/x/1", tags={"Modality": "CT", "BodyPartExamined": "HEAD"})),
        study("b", series("b", folder="/d/y/2", tags={"Modality": "CT", "BodyPartExamined": "CHEST"})),
    ]
    lines = [line_of(of, one) for of in studies for one in of.series]
    assert [offer.value for offer in folder_offers(lines)] == ["/d/x", "/d/x/1", "/d/y", "/d/y/2"]
    assert [offer.value for offer in attribute_offers(lines)] == ["BodyPartExamined", "Modality"]


def test_samples_show_every_class_first(services: FakeServices) -> None:
    services.catalogue.held = two_classes(12, slices=30)
    shown = samples(services.cohorts.draft("d", Recipe()), wanted=6)
    assert [label for _series, _index, label in shown] == ["nodule", "normal"] * 3
