"""An import in its two stages: what is seen when, and what happens where it is stopped, cut off or given bad files."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.domain.errors import Stopped
from app.jobs.decoders import Decoders, Limits
from app.jobs.messages import Message, Notice, Phase, Progress
from app.jobs.process import Runner
from app.jobs.spec import JobSpec
from app.store.files import Files
from app.store.library import Library
from app.store.project import Project
from app.worker import intake, intake_check, intake_look, intake_shelf
from app.worker.channel import RecordingChannel
from tests.helpers.dicom_factory import write_classes, write_series
from tests.helpers.intake import import_paths
from tests.helpers.planted_decoder import COMMAND

CHECKING = "Checking every picture"


def pictures(folder: Path, *names: str) -> Path:
    """Small pictures, each unlike all others."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        noise = np.random.default_rng(sum(name.encode())).integers(0, 255, (20, 30), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{name}.png")
    return folder


def at(phase: str, act: Callable[[RecordingChannel], None]) -> RecordingChannel:
    """A channel that acts when a phase begins."""
    channel: RecordingChannel

    def on_message(message: Message) -> None:
        if isinstance(message, Phase) and message.name == phase:
            act(channel)

    channel = RecordingChannel(on_message)
    return channel


def stop(channel: RecordingChannel) -> None:
    channel.stop_asked = True


def codes(result: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {Path(one["path"]).name: one["code"] for one in result["quarantined"]}


def unchecked(project: Project) -> set[str]:
    return {Path(row.path).name for row in Files(project).unchecked()}


def test_studies_are_seen_before_their_pixels_are_checked(project: Project, tmp_path: Path) -> None:
    write_classes(tmp_path / "s", patients=2)
    seen: list[tuple[int, int]] = []

    def look(_channel: RecordingChannel) -> None:
        lines = Library(project).lines()
        seen.append((len(lines), sum(line.unchecked for line in lines)))

    import_paths(project, [tmp_path / "s"], at(CHECKING, look))
    assert seen == [(4, 8)]
    assert [line.unchecked for line in Library(project).lines()] == [0] * 4


def test_a_long_look_shows_studies_meanwhile(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_shelf, "FIRST_S", 0.0)
    monkeypatch.setattr(intake_shelf, "EVERY_S", 0.0)
    monkeypatch.setattr("app.worker.channel.PROGRESS_S", 0.0)
    write_classes(tmp_path / "s", patients=2)
    seen: list[int] = []

    def on_message(message: Message) -> None:
        if isinstance(message, Progress) and message.total == 8:
            seen.append(len(Library(project).lines()))

    import_paths(project, [tmp_path / "s"], RecordingChannel(on_message))
    assert seen[0] == 0
    assert 0 < seen[2] < 4


def test_a_long_listing_shows_a_study_meanwhile(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_classes(tmp_path / "s", patients=2)
    monkeypatch.setattr(intake_look, "LISTING_S", -1.0)
    seen: list[int] = []
    channel = at("Reading what the files say", lambda _: seen.append(len(Library(project).lines())))
    result = import_paths(project, [tmp_path / "s"], channel)
    assert seen == [1]
    assert (result["found"], result["imported"], len(Library(project).lines())) == (8, 8, 4)


def test_stopping_keeps_what_was_read_and_the_next_import_goes_on(project: Project, tmp_path: Path) -> None:
    write_classes(tmp_path / "s", patients=2)
    with pytest.raises(Stopped) as stopped:
        import_paths(project, [tmp_path / "s"], at(CHECKING, stop))
    assert stopped.value.facts["unchecked"] == 8
    assert len(unchecked(project)) == 8
    assert len(Library(project).lines()) == 4
    result = import_paths(project, [tmp_path / "s"])
    assert (result["imported"], result["skipped"], result["unchecked"]) == (8, 0, 0)
    assert len(list(project.thumbnails.glob("*.png"))) == 4
    assert import_paths(project, [tmp_path / "s"])["skipped"] == 8


def test_a_study_that_a_stop_left_behind_is_shown_by_the_next_import(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_classes(tmp_path / "s", patients=2)
    monkeypatch.setattr(intake_shelf, "LAST_WORD_S", -1.0)
    channel = RecordingChannel(lambda message: stop(channel) if isinstance(message, Progress) else None)
    with pytest.raises(Stopped):
        import_paths(project, [tmp_path / "s"], channel)
    assert Library(project).lines() == []
    assert import_paths(project, [tmp_path / "s"])["imported"] == 8
    assert len(Library(project).lines()) == 4


def test_a_worker_stops_within_a_second(project: Project, tmp_path: Path) -> None:
    pictures(tmp_path / "s", *(f"p{n:03d}" for n in range(300)))
    spec = JobSpec("import", str(project.root), str(project.jobs / "i"), {"paths": [str(tmp_path / "s")]}, "disk")
    messages: list[Message] = []
    runner = Runner()
    try:
        job = runner.start(spec, messages.append)
        while Phase(CHECKING) not in messages or not isinstance(messages[-1], Progress):
            time.sleep(0.005)
            assert job.outcome is None
        began = time.monotonic()
        job.stop()
        outcome = job.wait(20)
        took = time.monotonic() - began
    finally:
        runner.close(5)
    assert outcome is not None
    assert outcome.state == "stopped"
    assert took < 1
    left = len(unchecked(project))
    result = import_paths(project, [tmp_path / "s"])
    assert (result["imported"], result["skipped"]) == (left, 300 - left)
    assert unchecked(project) == set()


def test_a_decoder_that_hangs_does_not_keep_a_stop_waiting(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "Decoders", lambda: Decoders(1, Limits(seconds=60), COMMAND))
    asked: list[float] = []

    class Stopping(RecordingChannel):
        def check(self) -> None:
            waiting = Phase(CHECKING) in self.messages
            if waiting and not asked:
                asked.append(time.monotonic() + 0.5)
            self.stop_asked = waiting and time.monotonic() > asked[0]
            super().check()

    with pytest.raises(Stopped):
        intake.import_paths(project, [pictures(tmp_path / "s", "hang")], Stopping())
    assert time.monotonic() - asked[0] < 1
    assert unchecked(project) == {"hang.png"}


def test_a_codec_that_fails_costs_one_file(project: Project, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "s", "a", "b", "c", "segfault", "hang", "greedy")
    pool = Decoders(2, Limits(seconds=4, bytes=300_000_000), COMMAND)
    channel = RecordingChannel()
    try:
        result = intake.import_paths(project, [folder], channel, pool)
    finally:
        pool.close()
    assert result["imported"] == 3
    assert codes(result) == {
        "segfault.png": "decoder-crashed",
        "hang.png": "decoder-hung",
        "greedy.png": "decoder-memory",
    }
    assert {Path(i.path).name for s in Library(project).studies() for one in s.series for i in one.instances} == {
        "a.png",
        "b.png",
        "c.png",
    }
    notices = [message for message in channel.messages if isinstance(message, Notice)]
    assert [(one.code, one.facts["count"]) for one in notices] == [("files-set-aside", 1)] * 3


def test_pixels_that_are_not_whole_leave_their_series(project: Project, tmp_path: Path) -> None:
    paths = write_series(tmp_path / "s")
    paths[2].write_bytes(paths[2].read_bytes()[:-100])
    result = import_paths(project, [tmp_path / "s"])
    assert (result["imported"], codes(result)) == (4, {"series_002.dcm": "damaged-file"})
    (line,) = Library(project).lines()
    assert (line.images, line.unchecked) == (4, 0)
    assert (project.thumbnails / f"{line.key}.png").exists()
    write_series(tmp_path / "s")
    assert import_paths(project, [tmp_path / "s"])["imported"] == 1
    assert Library(project).quarantined() == []
    assert Library(project).lines()[0].images == 5


@pytest.mark.parametrize("phase", ["Reading what the files say", CHECKING])
def test_a_source_that_vanishes_ends_the_import_cleanly(project: Project, tmp_path: Path, phase: str) -> None:
    stick, stays = pictures(tmp_path / "stick", "a", "b", "c"), pictures(tmp_path / "stays", "d")
    channel = at(phase, lambda _: stick.rename(tmp_path / "pulled out"))
    result = import_paths(project, [stick, stays], channel)
    assert (result["found"], result["imported"]) == (4, 1)
    assert codes(result) == {"stick": "source-vanished"}
    assert "3 files" in result["quarantined"][0]["reason"]
    assert [m.facts["count"] for m in channel.messages if isinstance(m, Notice)] == [3]
    looked_at = {"a.png", "b.png", "c.png"} if phase == CHECKING else set()
    assert unchecked(project) == looked_at
    assert result["unchecked"] == len(looked_at)
    (tmp_path / "pulled out").rename(stick)
    assert import_paths(project, [stick])["imported"] == 3
    assert Library(project).quarantined() == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="who may do all cannot be kept out")
def test_files_that_may_not_be_read_are_set_aside(project: Project, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "s", "open", "locked")
    (folder / "locked.png").chmod(0)
    assert codes(import_paths(project, [folder])) == {"locked.png": "unreadable"}


def test_a_file_that_is_still_being_written_is_set_aside(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pictures(tmp_path / "s", "whole", "growing")
    half = (folder / "growing.png").read_bytes()

    def grow(_channel: RecordingChannel) -> None:
        (folder / "growing.png").write_bytes(half + b"more")

    assert codes(import_paths(project, [folder], at(CHECKING, grow))) == {"growing.png": "being-written"}
    (folder / "late.png").write_bytes(b"PNG?")
    grows = RecordingChannel(lambda m: (folder / "late.png").write_bytes(half[::-1]) if m == Progress(3, 3) else None)
    result = import_paths(project, [folder], grows)
    assert codes(result) == {"late.png": "being-written"}
    assert result["imported"] == 1


def test_a_file_that_was_replaced_is_read_anew(project: Project, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "s", "x")
    import_paths(project, [folder])
    before = Library(project).series(Library(project).lines()[0].key).instances[0].sha256
    Image.fromarray(np.zeros((7, 7), np.uint8)).save(folder / "x.png")
    assert import_paths(project, [folder])["imported"] == 1
    (line,) = Library(project).lines()
    assert (line.rows, line.columns, line.unchecked) == (7, 7, 0)
    assert Library(project).series(line.key).instances[0].sha256 != before


def test_strange_names(project: Project, tmp_path: Path) -> None:
    deep = (tmp_path / "s").joinpath("Ärzte 医院", *("x" * 80 for _ in range(4)))
    pictures(deep, "ok")
    shutil.copy(deep / "ok.png", tmp_path / "s" / os.fsdecode(b"M\xfcller.png"))
    unc = Path("/" + str(pictures(tmp_path / "t", "unc")))
    result = import_paths(project, [tmp_path / "s", unc])
    assert result["imported"] == 2
    assert codes(result) == {"M\\xfcller.png": "name-not-text"}
    assert [one.code for one in Library(project).quarantined()] == ["name-not-text"]


def test_nothing_is_written_to_a_source(project: Project, tmp_path: Path) -> None:
    source = tmp_path / "s"
    write_classes(source, patients=1)
    (source / "bad.dcm").write_bytes(b"no")
    for path in [source, *source.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [source, *source.rglob("*")]}
    try:
        import_paths(project, [source])
        assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [source, *source.rglob("*")]} == before
    finally:
        for path in [source, *source.rglob("*")]:
            path.chmod(0o755)


def test_middle_slices_come_first(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        write_series(tmp_path / name, study=name, series=name)
    order: list[str] = []
    in_order = intake_check._in_order

    def noting(*arguments: object) -> Iterator[object]:
        for task in in_order(*arguments):
            order.append(task.content.path.name)
            yield task

    monkeypatch.setattr(intake_check, "_in_order", noting)
    import_paths(project, [tmp_path / "one", tmp_path / "two"])
    assert set(order[:2]) == {"one_002.dcm", "two_002.dcm"}
