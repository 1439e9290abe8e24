"""The Review room, driven by mouse over services that a test drives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from app.jobs.messages import Progress
from app.ui.context import PageContext
from app.ui.pages.review import ReviewPage
from app.ui.view_models.review import newest, pairs, staleness
from tests.helpers.working_rooms import WorkingServices

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def services(tmp_path: Path) -> WorkingServices:
    return WorkingServices(root=tmp_path)


@pytest.fixture
def page(qtbot: QtBot, context: PageContext, services: WorkingServices) -> ReviewPage:
    made = ReviewPage(context)
    qtbot.addWidget(made)
    made.setFixedSize(1180, 720)
    made.show()
    return made


def judged(qtbot: QtBot, page: ReviewPage, services: WorkingServices) -> None:
    services.audits.add(services.drawn())
    page.activate()
    qtbot.waitUntil(lambda: len(page.cards) == 4)


def test_without_images_the_room_leads_to_generate(qtbot: QtBot, page: ReviewPage, context: PageContext) -> None:
    page.activate()
    qtbot.waitUntil(page.empty.isVisible)
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.empty.action, LEFT)
    assert wanted.args == ["generate"]


def test_a_review_is_run_and_shown(qtbot: QtBot, page: ReviewPage, services: WorkingServices) -> None:
    samples = services.drawn()
    page.activate()
    qtbot.waitUntil(page.first.isVisible)
    qtbot.mouseClick(page.first.action, LEFT)
    job = services.jobs.started[-1]
    job.say(Progress(1, 4, 30.0))
    qtbot.waitUntil(lambda: page.bar.progress.value() == 1)
    assert not page.first.action.isEnabled()
    services.audits.add(samples)
    job.end("done", {"audit": "audit-1"})
    qtbot.waitUntil(lambda: len(page.cards) == 4)
    assert not page.bar.isVisible()
    assert page.open_report.isEnabled()


def test_a_cancelled_review_can_be_run_again(qtbot: QtBot, page: ReviewPage, services: WorkingServices) -> None:
    services.drawn()
    page.activate()
    qtbot.waitUntil(page.first.isVisible)
    qtbot.mouseClick(page.first.action, LEFT)
    qtbot.mouseClick(page.bar.stop, LEFT)
    assert services.jobs.started[-1].asked == ["stop"]
    qtbot.waitUntil(page.first.action.isEnabled)
    assert not page.message.isVisible()


def test_verdicts_say_their_level_in_sign_and_word(qtbot: QtBot, page: ReviewPage, services: WorkingServices) -> None:
    judged(qtbot, page, services)
    shown = [made.level.text() for made in page.cards]
    assert shown == ["✓  Good", "!  Caution", "✕  Not good enough", "?  Cannot tell"]
    assert page.cards[0].verdict.figures == (("Frechet", "1.23"),)
    assert page.cards[1].verdict.figures[1] == ("Images", "1,200")
    assert page.cards[3].verdict.figures == ()


def test_pairs_stand_nearest_first_and_suspected_copies_before_all(
    qtbot: QtBot, page: ReviewPage, services: WorkingServices
) -> None:
    judged(qtbot, page, services)
    assert page.pairs.sheet.numbers() == [4, 0, 1, 2, 3, 5]
    assert [tile.mark for tile in page.pairs.sheet.sheet.tiles][:2] == ["Suspected copy", ""]
    qtbot.waitUntil(lambda: len(page.pairs.sheet.sheet.images) == 6)
    assert page.pairs.sheet.sheet.images[4].pixelColor(0, 0).red() == 80


def test_the_report_opens_as_a_local_file(
    qtbot: QtBot, page: ReviewPage, services: WorkingServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(qtbot, page, services)
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    qtbot.mouseClick(page.open_report, LEFT)
    assert opened == [str(services.root / "audits" / "audit-1" / "report.html")]


def test_images_thrown_out_later_make_it_stale(qtbot: QtBot, page: ReviewPage, context, services) -> None:
    judged(qtbot, page, services)
    assert not page.stale.isVisible()
    services.generation.throw_out("set-0", [1])
    context.samples_changed.emit()
    qtbot.waitUntil(page.stale.isVisible)
    assert page.stale.text.text().startswith("1 image was thrown out after this review")
    assert page.pairs.sheet.sheet.tiles[2].crossed
    qtbot.mouseClick(page.stale.action, LEFT)
    assert services.jobs.started[-1].spec.kind == "audit"


def test_changed_pictures_make_it_stale(qtbot: QtBot, page: ReviewPage, services: WorkingServices) -> None:
    services.audits.matching = False
    judged(qtbot, page, services)
    qtbot.waitUntil(page.stale.isVisible)
    assert "changed" in page.stale.text.text()


def test_the_button_leads_to_the_export_of_this_set(
    qtbot: QtBot, page: ReviewPage, context: PageContext, services: WorkingServices
) -> None:
    judged(qtbot, page, services)
    qtbot.mouseClick(page.to_export, LEFT)
    assert context.take_focus("export") == "set-0"


def test_images_taken_back_later_were_not_judged(services: WorkingServices) -> None:
    samples = services.drawn()
    audit = services.audits.add(samples)
    fewer = replace(audit, nearest=audit.nearest[1:])
    assert "1 image was not judged" in staleness(fewer, matches=True, samples=samples)
    assert staleness(audit, matches=True, samples=samples) == ""
    assert staleness(None, matches=False, samples=samples) == ""


def test_pairs_of_unknown_pictures_are_left_out(services: WorkingServices) -> None:
    samples = services.drawn()
    audit = replace(services.audits.add(samples), nearest=((99, 0, 0.1), (1, 0, 0.2)))
    assert [pair.number for pair in pairs(audit, samples)] == [1]


def test_the_newest_audit_of_a_set_is_found(services: WorkingServices) -> None:
    audit = services.audits.add(services.drawn())
    later = replace(audit, id="audit-2", created="2027-01-01T00:00:00+00:00")
    other = replace(later, id="audit-3", samples="another", created="2028-01-01T00:00:00+00:00")
    assert newest([audit, later, other], "set-0") == later
    assert newest([other], "set-0") is None
