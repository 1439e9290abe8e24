"""The form of the Export room: what belongs together, what excludes each other, and what a request is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from app.domain.deid import Option, Profile
from app.domain.export import ExportPlan, Format, Include, Storage
from app.ui.view_models.export import Form, plan_lines
from app.ui.view_models.export_protection import SWITCHES, effective, switched, weaker
from app.ui.view_models.plain import listed, size
from app.ui.widgets.export_form import ExportForm


@pytest.fixture
def form(qtbot: QtBot, qapp, tmp_path: Path) -> ExportForm:
    made = ExportForm(tmp_path)
    qtbot.addWidget(made)
    made.show()
    made.set_content([("set-0", "Set 0"), ("set-1", "Set 1")], {"set-0": "chest"}, ["chest", "heads"])
    return made


def tick(qtbot: QtBot, box: QAbstractButton) -> None:
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(10, box.height() // 2))


def test_one_click_is_enough_for_a_sensible_export(form: ExportForm, tmp_path: Path) -> None:
    request = form.form.request()
    assert not form.form.lacks()
    assert request.out == str(tmp_path / "understudy-set-0")
    assert (request.formats, request.include, request.profile) == ((Format.PNG,), (Include.SYNTHETIC,), "maximum")


def test_beside_synthetic_images_only_the_cohort_they_were_learnt_from(qtbot: QtBot, form: ExportForm) -> None:
    tick(qtbot, form.real)
    assert (form.form.cohort, form.cohort.isEnabled()) == ("chest", False)
    tick(qtbot, form.synthetic)
    assert form.cohort.isEnabled()
    form.cohort.setFocus()
    qtbot.keyClick(form.cohort, Qt.Key.Key_Down)
    assert form.form.cohort == "heads"
    assert form.form.request().samples is None


def test_a_set_whose_training_is_gone_leaves_alone(form: ExportForm) -> None:
    form.real.setChecked(True)
    form.samples.setCurrentIndex(1)
    assert not form.real.isEnabled()
    assert form.real.toolTip()
    assert form.form.request().include == (Include.SYNTHETIC,)


def test_without_sample_sets_real_images_are_offered(form: ExportForm) -> None:
    form.set_content([], {}, ["chest"])
    assert form.form.request().include == (Include.REAL,)
    assert not form.synthetic.isEnabled()


def test_the_folder_is_named_by_what_leaves_unless_the_person_named_it(qtbot: QtBot, form: ExportForm) -> None:
    form.samples.setCurrentIndex(1)
    assert form.name.text() == "understudy-set-1"
    form.samples.setCurrentIndex(0)
    tick(qtbot, form.real)
    tick(qtbot, form.synthetic)
    assert form.name.text() == "understudy-real-images"
    form.name.setText("mine")
    tick(qtbot, form.synthetic)
    assert form.form.name == "mine"


def test_neither_kind_is_nothing_to_check(qtbot: QtBot, form: ExportForm) -> None:
    tick(qtbot, form.synthetic)
    assert form.form.lacks().startswith("Choose what leaves")


def test_what_means_nothing_beside_the_rest_is_neither_shown_nor_asked(form: ExportForm) -> None:
    form.advanced.signed.setChecked(True)
    form.advanced.storage.setCurrentIndex(1)
    assert form.advanced.signed.isVisibleTo(form.advanced)
    assert form.form.request().storage is not Storage.SECONDARY
    form.formats[Format.PNG].setChecked(False)
    form.formats[Format.DICOM].setChecked(True)
    assert not form.advanced.signed.isVisibleTo(form.advanced)
    request = form.form.request()
    assert not request.signed
    assert request.storage is Storage.SECONDARY


def test_words_for_the_cards_and_the_package_reach_the_request(form: ExportForm) -> None:
    form.advanced.licence.setText(" CC BY 4.0 ")
    form.advanced.use.setText("Teaching")
    form.advanced.zipped.setChecked(True)
    request = form.form.request()
    assert (request.licence, request.intended_use, request.zipped) == ("CC BY 4.0", "Teaching", True)


def test_no_part_of_the_cohort_is_nothing_to_check(form: ExportForm) -> None:
    form.real.setChecked(True)
    for box in form.advanced.splits.values():
        box.setChecked(False)
    assert "part of the cohort" in form.form.lacks()


def test_true_and_shifted_dates_exclude_each_other(qtbot: QtBot, form: ExportForm) -> None:
    form.real.setChecked(True)
    form.formats[Format.DICOM].setChecked(True)
    qtbot.mouseClick(form.fold.head, Qt.MouseButton.LeftButton)
    switches = form.advanced.switches
    tick(qtbot, switches.boxes[Option.MODIFIED_DATES])
    tick(qtbot, switches.boxes[Option.FULL_DATES])
    assert switches.extra == {Option.FULL_DATES}
    assert not switches.boxes[Option.MODIFIED_DATES].isChecked()
    form.protection.buttons[Profile.RESEARCH].click()
    assert not switches.boxes[Option.MODIFIED_DATES].isChecked()
    tick(qtbot, switches.boxes[Option.FULL_DATES])
    assert switches.boxes[Option.MODIFIED_DATES].isChecked()
    assert not switches.boxes[Option.MODIFIED_DATES].isEnabled()


def test_options_of_headers_need_headers_that_leave(qtbot: QtBot, form: ExportForm) -> None:
    form.real.setChecked(True)
    assert not form.advanced.switches.isVisibleTo(form.advanced)
    form.formats[Format.DICOM].setChecked(True)
    qtbot.mouseClick(form.fold.head, Qt.MouseButton.LeftButton)
    tick(qtbot, form.advanced.switches.boxes[Option.UIDS])
    qtbot.keyClicks(form.protection.reason, "Agreed")
    assert (form.form.request().options, form.form.request().reason) == (("uids",), "Agreed")
    form.formats[Format.DICOM].setChecked(False)
    assert (form.form.request().options, form.form.request().reason) == ((), "")
    assert not form.protection.weaker.isVisible()
    assert not form.protection.reason.isVisible()


@pytest.mark.parametrize("profile", list(Profile))
def test_any_way_through_the_switches_can_be_meant(profile: Profile) -> None:
    extra: frozenset[Option] = frozenset()
    for first in SWITCHES:
        for on in (True, False, True):
            extra = switched(profile, extra, first.option, on=on)
            assert first.option in effective(profile, extra) or not on


def test_what_a_switch_takes_from_a_profile_is_said() -> None:
    assert not weaker(Profile.RESEARCH, {Option.MODIFIED_DATES})
    assert weaker(Profile.MAXIMUM, {Option.UIDS}) == "Less than Maximum alone: original identifiers will stay."


def test_every_switch_names_the_standard() -> None:
    assert all(f"DCM {switch.option.code[0]}" in switch.tip for switch in SWITCHES)


def test_a_form_says_what_it_lacks() -> None:
    assert Form().lacks() == "Choose a sample set."
    assert Form(samples="a", parent="/", name=" ").lacks() == "Choose where the export goes."
    assert "whole path" in Form(samples="a", parent="there", name="b").lacks()
    assert "cannot have" in Form(samples="a", parent="/", name="a/b").lacks()
    assert Form(samples="a", parent="/", name="b").lacks() == ""


def test_plan_names_real_images_only_where_there_are_some() -> None:
    assert plan_lines(ExportPlan(1, {"a": 1}, {}, 999)) == [
        ("Synthetic images", "1 (a 1)"),
        ("Image files", "1, about 999 bytes at most"),
    ]


@pytest.mark.parametrize(
    ("octets", "text"), [(12, "12 bytes"), (1500, "1.5 kB"), (12_300_000, "12 MB"), (3_000_000_000_000, "3000 GB")]
)
def test_sizes(octets: int, text: str) -> None:
    assert size(octets) == text


def test_long_lists_are_summed_up() -> None:
    assert listed({"a": 1, "b": 2, "c": 3}, most=2) == "a 1, b 2 and 1 more"
