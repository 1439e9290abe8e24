"""Organising the library with mouse and keyboard: filters, several at once, tags, cohorts, deleting a patient."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused
from app.services.patients import Deleted
from app.services.traces import LearntFrom, Traces
from app.ui.context import PageContext
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.tags import TagsDialog
from app.ui.pages.cohort import CohortPage
from app.ui.pages.library import LibraryPage
from app.ui.widgets.grouped_list import GroupedList
from tests.helpers.fake_services import FakeServices, series, study, two_classes

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def page(qtbot: QtBot, context: PageContext, services: FakeServices) -> LibraryPage:
    services.catalogue.held = two_classes(4)
    made = LibraryPage(context)
    qtbot.addWidget(made)
    made.resize(1200, 750)
    made.show()
    made.activateWindow()
    made.activate()
    qtbot.waitUntil(lambda: len(made.list.entries) == 4 and made.isActiveWindow())
    return made


def press(qtbot: QtBot, view: GroupedList, row: int, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    place = view.visualRect(view.grouped.index(row))
    qtbot.mouseClick(view.viewport(), LEFT, modifier, QPoint(150, place.center().y()))


def shown(page: LibraryPage) -> list[str]:
    return [entry.series for entry in page.list.entries]


# Filters


def test_filters_fold_out_count_and_are_taken_back_together(
    page: LibraryPage, services: FakeServices, context: PageContext, qtbot: QtBot
) -> None:
    services.catalogue.tags = {"k1": {"nice"}}
    services.catalogue.unchecked = {"k2": 3}
    context.library_changed.emit()
    tag, state = page.filters.choices["tag"], page.filters.choices["state"]
    qtbot.waitUntil(lambda: tag.count() == 2)
    qtbot.mouseClick(page.filters.more, LEFT)
    assert tag.isVisible()
    assert tag.itemText(1) == "nice (1)"
    tag.setCurrentIndex(1)
    qtbot.waitUntil(lambda: shown(page) == ["k1"])
    assert page.filters.more.text() == "Filters (1)"
    assert page.filters.shown.text() == "1 of 4 series, 3 images"
    tag.setCurrentIndex(0)
    state.setCurrentIndex(state.findText("Still being checked (1)"))
    qtbot.waitUntil(lambda: shown(page) == ["k2"])
    qtbot.keyClicks(page.filters.since, "2031")
    qtbot.waitUntil(lambda: shown(page) == [])
    qtbot.mouseClick(page.filters.reset, LEFT)
    qtbot.waitUntil(lambda: len(shown(page)) == 4)
    assert (page.filters.since.text(), state.currentIndex()) == ("", 0)


def test_a_date_that_is_none_filters_nothing_and_is_marked(page: LibraryPage, qtbot: QtBot) -> None:
    qtbot.mouseClick(page.filters.more, LEFT)
    qtbot.keyClicks(page.filters.until, "1.2.2")
    qtbot.waitUntil(lambda: page.filters.until.property("role") == "wrong")
    assert len(shown(page)) == 4


def test_sorting_by_import_puts_the_newest_first(page: LibraryPage, qtbot: QtBot) -> None:
    page.filters.order.setCurrentText("Newest import first")
    qtbot.waitUntil(lambda: shown(page) == ["k3", "k2", "k1", "k0"])


# Several at once


def test_several_are_taken_to_the_cohort_room_and_are_its_choice(
    page: LibraryPage, context: PageContext, qtbot: QtBot
) -> None:
    press(qtbot, page.list, 0)
    assert page.to_cohort.text() == "Make a cohort", "one line is looked at, not chosen"
    press(qtbot, page.list, 2, CONTROL)
    assert page.selection.text.text() == "2 series selected, 6 images"
    assert page.to_cohort.text() == "Make a cohort of 2"
    cohort = CohortPage(context)
    qtbot.addWidget(cohort)
    with qtbot.waitSignal(context.room_wanted) as asked:
        qtbot.mouseClick(page.to_cohort, LEFT)
    assert asked.args == ["cohort"]
    cohort.activate()
    assert cohort.form.choice().series == ("k0", "k2")


def test_one_line_looked_at_does_not_narrow_the_cohort(page: LibraryPage, context: PageContext, qtbot: QtBot) -> None:
    press(qtbot, page.list, 0)
    cohort = CohortPage(context)
    qtbot.addWidget(cohort)
    qtbot.mouseClick(page.to_cohort, LEFT)
    cohort.activate()
    assert cohort.form.choice().series == ()
    page.selection.actions_by_name["cohort"].trigger()
    cohort.activate()
    assert cohort.form.choice().series == ("k0",), "asked for by name, one is enough"


def test_several_studies_are_removed_after_a_question(page: LibraryPage, services: FakeServices, qtbot: QtBot) -> None:
    press(qtbot, page.list, 0)
    press(qtbot, page.list, 1, CONTROL)
    qtbot.keyClick(page.list, Qt.Key.Key_Delete)
    dialog = page.findChild(ConfirmDialog)
    assert "Take 2 studies out" in dialog.text.text()
    qtbot.mouseClick(dialog.keep, LEFT)
    assert services.catalogue.removed == []
    qtbot.mouseClick(page.selection.remove, LEFT)
    qtbot.mouseClick(page.findChildren(ConfirmDialog)[-1].agree, LEFT)
    qtbot.waitUntil(lambda: shown(page) == ["k2", "k3"])


# Tags


def test_tags_are_given_taken_and_left_where_only_some_have_them(
    page: LibraryPage, services: FakeServices, context: PageContext, qtbot: QtBot
) -> None:
    services.catalogue.tags = {"k0": {"both", "one"}, "k1": {"both"}, "k3": {"elsewhere"}}
    context.library_changed.emit()
    qtbot.waitUntil(lambda: page.list.entries[0].tags == ("both", "one"))
    press(qtbot, page.list, 0)
    press(qtbot, page.list, 1, CONTROL)
    qtbot.mouseClick(page.selection.tags, LEFT)
    dialog = page.findChild(TagsDialog)
    states = {dialog.list.item(at).text(): dialog.list.item(at).checkState() for at in range(dialog.list.count())}
    check = Qt.CheckState
    assert states == {"both": check.Checked, "elsewhere": check.Unchecked, "one": check.PartiallyChecked}
    dialog.list.item(0).setCheckState(check.Unchecked)
    qtbot.keyClicks(dialog.new, "  to  check ")
    qtbot.mouseClick(dialog.save, LEFT)
    qtbot.waitUntil(lambda: page.list.entries[0].tags == ("one", "to check"))
    assert services.catalogue.tags["k1"] == {"to check"}


# Deleting a patient


@dataclass
class FakePatients:
    found: Traces
    deleted: list[str] = field(default_factory=list)
    refuse: Refused | None = None

    def traces(self, _patient: str) -> Traces:
        return self.found

    def delete(self, patient: str) -> Deleted:
        if self.refuse is not None:
            raise self.refuse
        self.deleted.append(patient)
        return Deleted(1, 3, 0, 1, 1, ("Lungs",), ("/images/nodule",))


@pytest.fixture
def patients(services: FakeServices) -> FakePatients:
    services.catalogue.held = two_classes(4)
    made = FakePatients(
        Traces(
            series=tuple(services.catalogue.lines()[:1]),
            runs=(
                LearntFrom("run-7", "Lungs", "2026", {"train": 3}),
                LearntFrom("run-5", "Lungs", "2026", {"test": 3}),
            ),
            samples=("samples-1",),
            audits=("audit-1",),
            cohorts=("Lungs",),
            exports=("/out/real",),
            copies=2,
            originals=("/images/nodule",),
        )
    )
    services.patients = made  # type: ignore[attr-defined]
    return made


def test_a_patient_is_deleted_with_everything_that_shows_them_in_view(
    page: LibraryPage, patients: FakePatients, context: PageContext, qtbot: QtBot
) -> None:
    press(qtbot, page.list, 0)
    page.selection.actions_by_name["patient"].trigger()
    qtbot.waitUntil(lambda: page.findChild(ConfirmDialog) is not None)
    dialog = page.findChild(ConfirmDialog)
    assert "1 study with 3 images" in dialog.text.text()
    assert "1 run has learnt" in dialog.text.text()
    details = dialog.details.toPlainText()
    gone, stays = details.split("This stays")
    assert "run-7 (cohort “Lungs”): learnt from 3 images" in gone
    assert "run-5 (cohort “Lungs”): judged with 3 images" in gone
    assert all(word in gone for word in ("audit-1", "the cohort Lungs", "2 files that the project itself holds"))
    assert all(word in stays for word in ("samples-1", "/out/real", "/images/nodule"))
    assert patients.deleted == [], "nothing happens before the person agrees"
    with qtbot.waitSignals([context.library_changed, context.cohorts_changed, context.said]):
        qtbot.mouseClick(dialog.agree, LEFT)
    assert patients.deleted == ["patient-s0"]


def test_a_patient_in_use_is_not_deleted_and_the_window_says_why(
    page: LibraryPage, patients: FakePatients, context: PageContext, qtbot: QtBot
) -> None:
    patients.refuse = Refused("patient-busy", jobs="train")
    press(qtbot, page.list, 0)
    page.selection.actions_by_name["patient"].trigger()
    qtbot.waitUntil(lambda: page.findChild(ConfirmDialog) is not None)
    with qtbot.waitSignal(context.bridge.failed) as failed:
        qtbot.mouseClick(page.findChild(ConfirmDialog).agree, LEFT)
    assert failed.args[0].code == "patient-busy"


def test_a_patient_can_only_be_deleted_alone(page: LibraryPage, qtbot: QtBot) -> None:
    action = page.selection.actions_by_name["patient"]
    press(qtbot, page.list, 0)
    assert action.isEnabled()
    press(qtbot, page.list, 1, CONTROL)
    assert not action.isEnabled()


# While an import runs


def test_readings_wait_for_one_another_and_the_last_change_is_shown(
    page: LibraryPage, services: FakeServices, context: PageContext, qtbot: QtBot, monkeypatch
) -> None:
    asked: list[int] = []
    lines = services.catalogue.lines

    def slow() -> list:
        asked.append(len(services.catalogue.held))
        time.sleep(0.05)
        return lines()

    monkeypatch.setattr(services.catalogue, "lines", slow)
    for number in range(20):
        services.catalogue.held.append(study(f"n{number}", series(f"n{number}"), label=f"New {number:02}"))
        context.library_changed.emit()
    qtbot.waitUntil(lambda: len(page.list.entries) == 24)
    assert len(asked) <= 3


def test_the_folder_of_the_selection_is_copied(page: LibraryPage, qtbot: QtBot) -> None:
    press(qtbot, page.list, 0)
    page.selection.actions_by_name["copy"].trigger()
    assert QGuiApplication.clipboard().text() == "/images/nodule"
