"""The Export room, driven by mouse over services that a test drives."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused
from app.domain.export import ExportPlan, ExportRecord, ExportRequest, Format, Include
from app.jobs.messages import Progress
from app.ui.context import PageContext
from app.ui.pages.export import ExportPage
from app.ui.view_models.export import Form, plan_lines
from app.ui.view_models.plain import listed, size
from tests.helpers.working_rooms import WorkingServices

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
    qtbot.waitUntil(lambda: made.start.isEnabled() and services.exports.plans[-1].out.startswith(str(tmp_path)))
    return made


def tick(qtbot: QtBot, box: QCheckBox) -> None:
    qtbot.mouseClick(box, LEFT, pos=QPoint(10, box.height() // 2))


def words(page: ExportPage) -> str:
    return "\n".join(made.text() for made in page.plan.findChildren(QLabel))


def test_without_images_the_room_leads_to_generate(qtbot: QtBot, context: PageContext) -> None:
    page = shown(qtbot, context)
    qtbot.waitUntil(page.empty.isVisible)
    with qtbot.waitSignal(context.room_wanted) as wanted:
        qtbot.mouseClick(page.empty.action, LEFT)
    assert wanted.args == ["generate"]


def test_the_dry_run_says_what_leaves_and_what_does_not(page: ExportPage) -> None:
    said = words(page)
    for part in ("5 (nodule 3, normal 2)", "6, about 12 kB", "Image 4 is a suspected copy.", "Look."):
        assert part in said


def test_choices_reach_the_export(qtbot: QtBot, page: ExportPage, services: WorkingServices, tmp_path: Path) -> None:
    tick(qtbot, page.form.formats[Format.DICOM])
    page.form.name.setText("for-the-class")
    qtbot.waitUntil(page.start.isEnabled)
    qtbot.mouseClick(page.start, LEFT)
    out = str(tmp_path / "for-the-class")
    wanted = ExportRequest(out, "set-0", "chest", (Format.PNG, Format.DICOM), (Include.SYNTHETIC,))
    assert services.exports.asked == [wanted]


def test_real_images_are_off_until_asked_for_and_explained(
    qtbot: QtBot, page: ExportPage, services: WorkingServices
) -> None:
    assert services.exports.plans[-1].include == (Include.SYNTHETIC,)
    assert not page.form.explained.isVisible()
    tick(qtbot, page.form.real)
    assert "Not checked" in page.form.explained.text()
    assert page.form.explained.isVisible()
    qtbot.waitUntil(lambda: Include.REAL in services.exports.plans[-1].include)
    qtbot.waitUntil(lambda: "12 (nodule 12)" in words(page))


def test_no_format_no_export(qtbot: QtBot, page: ExportPage) -> None:
    tick(qtbot, page.form.formats[Format.PNG])
    assert not page.start.isEnabled()
    assert page.plan.text.text() == "Choose at least one format."


def test_a_refused_plan_gives_its_reason(qtbot: QtBot, page: ExportPage, services: WorkingServices) -> None:
    services.exports.refuse = Refused("folder-not-empty", path="/out")
    page.form.name.setText("other")
    qtbot.waitUntil(lambda: "/out is not empty" in page.plan.text.text())
    assert not page.start.isEnabled()


def test_progress_then_the_folder_is_shown(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    qtbot.mouseClick(page.start, LEFT)
    job = services.jobs.started[-1]
    job.say(Progress(2, 6, 3.0))
    qtbot.waitUntil(lambda: page.bar.progress.value() == 2)
    assert not page.start.isEnabled()
    job.end("done", {"out": str(tmp_path / "x"), "files": 6})
    qtbot.waitUntil(page.message.isVisible)
    assert page.message.text.text() == f"Exported 6 files to {tmp_path / 'x'}."
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    qtbot.mouseClick(page.message.action, LEFT)
    assert opened == [str(tmp_path / "x")]


@pytest.mark.parametrize("state", ["stopped", "refused"])
def test_an_export_that_was_not_made_says_so(
    qtbot: QtBot, page: ExportPage, services: WorkingServices, state: str
) -> None:
    qtbot.mouseClick(page.start, LEFT)
    services.jobs.started[-1].end(state, code="unwritable", path="/out", detail="read only")
    qtbot.waitUntil(page.message.isVisible)
    assert ("nothing was left behind" if state == "stopped" else "cannot be written") in page.message.text.text()
    assert not page.message.action.isVisible()
    qtbot.waitUntil(page.start.isEnabled)


def test_a_folder_is_chosen_and_a_taken_name_avoided(
    qtbot: QtBot, page: ExportPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "there" / "understudy-set-0").mkdir(parents=True)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "there"))
    qtbot.mouseClick(page.form.browse, LEFT)
    assert page.form.form.folder() == tmp_path / "there" / "understudy-set-0-2"


def test_past_exports_are_listed(qtbot: QtBot, page: ExportPage, context: PageContext, services) -> None:
    assert not page.past.isVisible()
    record = ExportRecord("2026-11-21T12:30:00+00:00", "/there", "set-0", "chest", 9, {"a": 4}, {"a": 2}, 0, "ab", "")
    services.exports.held = [record]
    context.exports_changed.emit()
    qtbot.waitUntil(page.past.isVisible)
    assert page.past.item(0).text().startswith("4 synthetic and 2 real images, ")
    assert page.past.item(0).toolTip().endswith("/there")


def test_a_form_says_what_it_lacks() -> None:
    assert Form().lacks() == "Choose a sample set."
    assert Form(samples="a", parent="/", name=" ").lacks() == "Choose where the export goes."
    assert Form(samples="a", parent="/", name="b").lacks() == ""


def test_plan_names_real_images_only_where_there_are_some() -> None:
    assert plan_lines(ExportPlan(1, {"a": 1}, {}, 999)) == [
        ("Synthetic images", "1 (a 1)"),
        ("Files", "1, about 999 bytes"),
    ]


@pytest.mark.parametrize(
    ("octets", "text"), [(12, "12 bytes"), (1500, "1.5 kB"), (12_300_000, "12 MB"), (3_000_000_000_000, "3000 GB")]
)
def test_sizes(octets: int, text: str) -> None:
    assert size(octets) == text


def test_long_lists_are_summed_up() -> None:
    assert listed({"a": 1, "b": 2, "c": 3}, most=2) == "a 1, b 2 and 1 more"
