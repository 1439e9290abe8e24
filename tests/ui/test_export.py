"""The Export room, driven by mouse and keyboard over services that a test drives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.domain.deid import Option, Profile
from app.domain.errors import Refused
from app.domain.export import ExportRecord, ExportRequest, Format, Include
from app.jobs.messages import Phase, Progress
from app.ui.context import PageContext
from app.ui.pages.export import ExportPage
from app.ui.widgets.enlarged import Enlarged
from tests.helpers.working_rooms import PLAN, WorkingServices, checked

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def services(tmp_path: Path) -> WorkingServices:
    return WorkingServices(root=tmp_path)


def shown(qtbot: QtBot, context: PageContext) -> ExportPage:
    made = ExportPage(context)
    qtbot.addWidget(made)
    made.setFixedSize(1180, 720)
    made.show()
    made.activate()
    return made


@pytest.fixture
def page(qtbot: QtBot, context: PageContext, services: WorkingServices, tmp_path: Path) -> ExportPage:
    services.drawn()
    made = shown(qtbot, context)
    made.form.parent_folder.setText(str(tmp_path))
    qtbot.waitUntil(
        lambda: made.act.check.start.isEnabled() and services.exports.plans[-1].out.startswith(str(tmp_path))
    )
    return made


def tick(qtbot: QtBot, box: QAbstractButton) -> None:
    qtbot.mouseClick(box, LEFT, pos=QPoint(10, box.height() // 2))


def words(piece: QWidget) -> str:
    return "\n".join(made.text() for made in piece.findChildren(QLabel) if not made.isHidden())


def check(qtbot: QtBot, page: ExportPage, services: WorkingServices, **changes: Any) -> None:
    """A check, pressed and ended."""
    qtbot.waitUntil(page.act.check.start.isEnabled)
    before = len(services.exports.checks)
    qtbot.mouseClick(page.act.check.start, LEFT)
    request, _ = services.exports.checks[before]
    services.jobs.started[-1].end("done", checked(request, **changes))
    qtbot.waitUntil(page.act.sign.tick.isVisible)


def record(out: Path, **changes: Any) -> ExportRecord:
    values = {"t": "2026-11-21T12:30:00+00:00", "samples": "set-0", "cohort": "chest", "files": 9} | changes
    return ExportRecord(
        out=str(out), per_class={"a": 4}, real_per_class={"a": 2}, left_out=0, manifest_sha256="cd" * 32, previous="",
        **values,
    )  # fmt: skip


def test_without_images_the_room_leads_on(qtbot: QtBot, context: PageContext, services: WorkingServices) -> None:
    services.cohorts.delete("chest")
    page = shown(qtbot, context)
    qtbot.waitUntil(page.empty.isVisible)
    for press, room in ((page.empty.action, "generate"), (page.empty.other, "cohort")):
        with qtbot.waitSignal(context.room_wanted) as wanted:
            qtbot.mouseClick(press, LEFT)
        assert wanted.args == [room]


def test_the_estimate_says_what_would_leave_before_any_check(page: ExportPage) -> None:
    said = words(page.act.check)
    for part in ("5 (nodule 3, normal 2)", "6, about 12 kB", "Image 4 is a suspected copy.", "Look."):
        assert part in said


def test_nothing_leaves_before_it_was_checked_and_signed(
    qtbot: QtBot, page: ExportPage, services: WorkingServices
) -> None:
    act = page.act
    assert not act.sign.tick.isVisible()
    assert not act.leave.start.isEnabled()
    qtbot.mouseClick(act.leave.start, LEFT)
    check(qtbot, page, services)
    assert not act.leave.start.isEnabled()
    qtbot.mouseClick(act.leave.start, LEFT)
    assert not services.exports.asked
    tick(qtbot, act.sign.tick)
    qtbot.mouseClick(act.leave.start, LEFT)
    assert services.exports.asked == [services.exports.checks[0][0]]


def test_the_check_says_in_words_what_would_leave_and_what_stays(
    qtbot: QtBot, page: ExportPage, services: WorkingServices
) -> None:
    tick(qtbot, page.form.real)
    check(qtbot, page, services)
    said = words(page.act.check.found)
    for part in (
        "12 (nodule 12)",
        "training 10, test 2",
        "6 of 12 source images",
        "in 1 image; it will be blacked out",
        "64 MB (FAT disk)",
        "The target disk is formatted as FAT.",
        "Something was taken for text in 1 picture.",
        "Its pixels could not be checked for burned-in text.",
        "2 images",
    ):
        assert part in said
    rules = page.act.check.found.rules
    assert rules is not None
    assert rules.content.isHidden()
    qtbot.mouseClick(rules.head, LEFT)
    assert "40 times" in words(rules.content)
    assert "Removed, as the Basic Profile asks" in words(rules.content)


def test_pictures_are_shown_as_they_will_leave_and_enlarge(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, tmp_path: Path
) -> None:
    folder = tmp_path / "exports" / "export-check-1" / "pictures"
    folder.mkdir(parents=True)
    for name in ("real-000.png", "real-001-covered.png", "synthetic-000.png"):
        Image.new("L", (20, 10), 200).save(folder / name)
    check(qtbot, page, services)
    sheet = page.act.check.found.sheet
    qtbot.waitUntil(lambda: len(sheet.sheet.images) == 3)
    assert [tile.caption for tile in sheet.sheet.tiles] == ["Blacked out", "Real", "Synthetic"]
    sheet.setCurrentIndex(sheet.sheet.index(0))
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    (enlarged,) = page.findChildren(Enlarged)
    qtbot.waitUntil(lambda: not enlarged.picture.image.isNull())
    assert enlarged.caption.text() == "1 of 3: Blacked out, real"
    enlarged.close()


def test_every_picture_is_looked_at_where_that_is_asked_for(
    qtbot: QtBot, page: ExportPage, services: WorkingServices
) -> None:
    assert not page.act.check.every.isVisible()
    tick(qtbot, page.form.real)
    qtbot.waitUntil(page.act.check.every.isVisible)
    tick(qtbot, page.act.check.every)
    qtbot.mouseClick(page.act.check.start, LEFT)
    assert services.exports.checks[-1][1]


def test_any_change_asks_for_a_new_check(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, context: PageContext
) -> None:
    act = page.act
    for change in (
        lambda: tick(qtbot, page.form.formats[Format.TIFF]),
        lambda: qtbot.keyClicks(page.form.name, "x"),
        lambda: page.form.advanced.licence.setText("CC BY 4.0"),
        context.samples_changed.emit,
    ):
        check(qtbot, page, services)
        tick(qtbot, act.sign.tick)
        assert act.leave.start.isEnabled()
        change()
        assert not act.leave.start.isEnabled()
        assert not act.sign.tick.isVisible()
        assert "Check again" in words(act.sign)


def test_the_same_again_keeps_the_check(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, context: PageContext
) -> None:
    check(qtbot, page, services)
    tick(qtbot, page.act.sign.tick)
    services.exports.held = [record(Path("/there"))]
    context.exports_changed.emit()
    qtbot.waitUntil(page.log.isVisible)
    assert page.act.leave.start.isEnabled()


def test_the_sheet_opens(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    check(qtbot, page, services)
    qtbot.mouseClick(page.act.sign.sheet, LEFT)
    qtbot.mouseClick(page.act.sign.pdf, LEFT)
    folder = tmp_path / "exports" / "export-check-1"
    assert opened == [str(folder / "signoff.html"), str(folder / "signoff.pdf")]


def test_progress_then_where_it_lies_and_what_proves_it(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    check(qtbot, page, services)
    tick(qtbot, page.act.sign.tick)
    qtbot.mouseClick(page.act.leave.start, LEFT)
    job = services.jobs.started[-1]
    job.say(Progress(2, 6, 3.0))
    qtbot.waitUntil(lambda: page.act.bar.progress.value() == 2)
    assert "left" in page.act.bar.detail.text()
    assert not page.form.isEnabled()
    assert not page.act.leave.start.isEnabled()
    out = tmp_path / "x"
    services.exports.held = [record(out)]
    job.end("done", {"out": str(out), "files": 9, "plan_sha256": PLAN})
    done = page.act.leave
    qtbot.waitUntil(done.done.isVisible)
    assert done.words.text() == f"Exported 9 files to {out}."
    assert "cdcdcdcd cdcdcdcd" in done.hash.text()
    assert "exactly what was signed" in done.proof.text()
    assert page.form.isEnabled()
    assert not done.start.isEnabled()
    qtbot.mouseClick(done.copy, LEFT)
    assert QApplication.clipboard().text() == "cd" * 32
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    qtbot.mouseClick(done.folder, LEFT)
    assert opened == [str(out)]


def test_exactly_the_signed_plan_is_asked_for_and_a_changed_one_is_refused(
    qtbot: QtBot, page: ExportPage, services: WorkingServices
) -> None:
    check(qtbot, page, services)
    tick(qtbot, page.act.sign.tick)
    qtbot.mouseClick(page.act.leave.start, LEFT)
    assert services.exports.signed == [PLAN]
    services.jobs.started[-1].end("refused", code="plan-changed")
    qtbot.waitUntil(page.act.message.isVisible)
    assert "Check again" in page.act.message.text.text()
    assert not page.act.leave.start.isEnabled()
    assert not page.act.sign.tick.isVisible()


def test_an_export_of_the_road_is_shown_as_unsigned(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, context: PageContext, tmp_path: Path
) -> None:
    check(qtbot, page, services)
    context.bridge.start(services.exports.start, services.exports.plans[-1], title="Augmenting")
    services.exports.held = [record(tmp_path / "x")]
    services.jobs.started[-1].end("done", {"out": str(tmp_path / "x"), "files": 9, "plan_sha256": PLAN})
    qtbot.waitUntil(page.act.leave.done.isVisible)
    assert "without a check and a signature" in page.act.leave.proof.text()


@pytest.mark.parametrize("state", ["stopped", "refused"])
@pytest.mark.parametrize("step", ["check", "export"])
def test_what_was_not_made_says_so_and_can_be_tried_again(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, state: str, step: str
) -> None:
    if step == "check":
        qtbot.mouseClick(page.act.check.start, LEFT)
        services.jobs.started[-1].say(Phase("Cleaning headers"))
        qtbot.waitUntil(lambda: page.act.check.text.text() == "Cleaning headers…")
    else:
        check(qtbot, page, services)
        tick(qtbot, page.act.sign.tick)
        qtbot.mouseClick(page.act.leave.start, LEFT)
    services.jobs.started[-1].end(state, code="stopped" if state == "stopped" else "unwritable", path="/out", detail="")
    qtbot.waitUntil(page.act.message.isVisible)
    assert ("nothing has left" if state == "stopped" else "cannot be written") in page.act.message.text.text()
    assert page.form.isEnabled()
    qtbot.waitUntil(page.act.check.start.isEnabled)
    assert page.act.leave.start.isEnabled() is (step == "export")


def test_the_check_is_cancelled_by_its_button(qtbot: QtBot, page: ExportPage, services: WorkingServices) -> None:
    qtbot.mouseClick(page.act.check.start, LEFT)
    qtbot.waitUntil(page.act.bar.isVisible)
    qtbot.mouseClick(page.act.bar.stop, LEFT)
    assert services.jobs.started[-1].asked == ["stop"]
    qtbot.waitUntil(page.act.message.isVisible)
    assert "nothing has left" in page.act.message.text.text()


def test_copies_refuse_the_set_and_the_review_is_a_click_away(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, context: PageContext
) -> None:
    services.exports.refuse = Refused("copies-found", count=3, drawn=40, samples="set-0")
    tick(qtbot, page.form.formats[Format.TIFF])
    qtbot.waitUntil(page.act.check.remedy.isVisible)
    assert "Of 40 images drawn, 3 look like copies" in page.act.check.text.text()
    assert not page.act.check.start.isEnabled()
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.act.check.remedy, LEFT)
    assert wanted.args == ["review"]
    assert context.take_focus("review") == "set-0"


def test_what_the_check_refuses_offers_a_way_on(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, context: PageContext
) -> None:
    qtbot.mouseClick(page.act.check.start, LEFT)
    services.jobs.started[-1].end("refused", code="copies-unknown", samples="set-0")
    qtbot.waitUntil(page.act.message.isVisible)
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.act.message.action, LEFT)
    assert wanted.args == ["cohort"]


def test_a_taken_folder_is_refused_in_words(qtbot: QtBot, page: ExportPage, services: WorkingServices) -> None:
    services.exports.refuse = Refused("folder-not-empty", path="/out")
    page.form.name.setText("other")
    qtbot.waitUntil(lambda: "/out is not empty" in page.act.check.text.text())
    assert not page.act.check.start.isEnabled()


def test_no_format_no_check(qtbot: QtBot, page: ExportPage) -> None:
    tick(qtbot, page.form.formats[Format.PNG])
    assert not page.act.check.start.isEnabled()
    assert page.act.check.text.text() == "Choose at least one format."


def test_a_folder_is_chosen_and_a_taken_name_avoided(
    qtbot: QtBot, page: ExportPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "there" / "understudy-set-0").mkdir(parents=True)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "there"))
    qtbot.mouseClick(page.form.browse, LEFT)
    assert page.form.form.folder() == tmp_path / "there" / "understudy-set-0-2"


def test_past_exports_are_listed_with_their_chain_and_open(
    qtbot: QtBot, page: ExportPage, context: PageContext, services: WorkingServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not page.log.isVisible()
    services.exports.held = [record(Path("/there"), profile="research")]
    context.exports_changed.emit()
    qtbot.waitUntil(page.log.isVisible)
    assert page.log.list.item(0).text().startswith("4 synthetic and 2 real images, ")
    for part in ("/there", "profile research", "manifest cdcdcdcdcdcd"):
        assert part in page.log.list.item(0).toolTip()
    assert "no line was changed" in page.log.chain.text()
    assert not page.alarm.isVisible()
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    page.log.list.setFocus()
    page.log.list.setCurrentRow(0)
    qtbot.keyClick(page.log.list, Qt.Key.Key_Return)
    assert opened == ["/there"]


def test_a_broken_log_is_said_loudly(
    qtbot: QtBot, page: ExportPage, context: PageContext, services: WorkingServices
) -> None:
    services.exports.held, services.exports.broken = [record(Path("/there"))], 1
    context.exports_changed.emit()
    qtbot.waitUntil(page.alarm.isVisible)
    assert page.alarm.text.text() == "The log was changed at line 1."
    assert page.log.chain.text().startswith("The log was changed at line 1.")
    assert page.alarm.property("role") == "message-bad"


def test_by_keyboard_alone(qtbot: QtBot, page: ExportPage, services: WorkingServices) -> None:
    space = Qt.Key.Key_Space
    page.window().activateWindow()
    qtbot.waitUntil(page.window().isActiveWindow)
    page.act.check.start.setFocus()
    qtbot.keyClick(page.act.check.start, space)
    request, _ = services.exports.checks[-1]
    services.jobs.started[-1].end("done", checked(request))
    qtbot.waitUntil(lambda: QApplication.focusWidget() is page.act.sign.sheet)
    for expected in (page.act.sign.pdf, page.act.sign.tick):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget() is expected
    qtbot.keyClick(page.act.sign.tick, space)
    qtbot.keyClick(page.act.sign.tick, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is page.act.leave.start
    qtbot.keyClick(page.act.leave.start, space)
    assert services.exports.asked == [request]


def test_choices_reach_the_export(qtbot: QtBot, page: ExportPage, services: WorkingServices, tmp_path: Path) -> None:
    tick(qtbot, page.form.formats[Format.DICOM])
    page.form.name.setText("for-the-class")
    check(qtbot, page, services)
    out = str(tmp_path / "for-the-class")
    wanted = ExportRequest(out, "set-0", "chest", (Format.PNG, Format.DICOM), (Include.SYNTHETIC,))
    assert services.exports.checks[-1][0] == wanted


def test_real_images_alone_leave_under_the_chosen_protection(
    qtbot: QtBot, page: ExportPage, services: WorkingServices
) -> None:
    form = page.form
    assert not form.protection.isVisible()
    tick(qtbot, form.real)
    tick(qtbot, form.synthetic)
    tick(qtbot, form.protection.buttons[Profile.RESEARCH])
    qtbot.keyClicks(form.protection.reason, "Ethics vote 7")
    tick(qtbot, form.formats[Format.DICOM])
    qtbot.mouseClick(form.fold.head, LEFT)
    tick(qtbot, form.advanced.switches.boxes[Option.FULL_DATES])
    assert "true dates" in form.protection.weaker.text()
    check(qtbot, page, services)
    request, _ = services.exports.checks[-1]
    assert request.samples is None
    assert (request.cohort, request.include) == ("chest", (Include.REAL,))
    assert (request.profile, request.options, request.reason) == ("research", ("full-dates",), "Ethics vote 7")
