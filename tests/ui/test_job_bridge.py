"""The bridge: answers and messages arrive on the GUI thread, only the newest question of a lane is answered."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.domain.errors import Refused
from app.jobs.messages import Phase, Progress
from app.ui.job_bridge import JobBridge
from tests.helpers.fake_services import FakeJob, Jobs


@pytest.fixture
def bridge(qapp) -> Iterator[JobBridge]:
    made = JobBridge()
    yield made
    made.close()


def start(bridge: JobBridge, jobs: Jobs) -> FakeJob:
    bridge.start(lambda **on: jobs.start("train", {}, on["on_message"], on["on_outcome"]), title="Training")
    return jobs.started[-1]


def test_messages_of_any_thread_arrive_on_the_gui_thread_in_order(bridge: JobBridge, qtbot: QtBot) -> None:
    heard: list[tuple[str, object, bool]] = []
    here = threading.current_thread()
    bridge.message.connect(lambda job, said: heard.append((job, said, threading.current_thread() is here)))
    job = start(bridge, Jobs())
    said = [Phase("Preparing"), *(Progress(i, 50) for i in range(50))]
    speaker = threading.Thread(target=lambda: [job.say(message) for message in said])
    with qtbot.waitSignal(bridge.outcome) as ended:
        speaker.start()
        speaker.join()
        job.end("done", {"run": "r"})
    assert [message for _job, message, _here in heard[:-1]] == said
    assert all(on_gui and name == job.id for name, _message, on_gui in heard)
    assert ended.args[0] == job.id
    assert ended.args[1].result == {"run": "r"}


def test_a_job_is_known_with_its_progress_until_it_ends(bridge: JobBridge, qtbot: QtBot) -> None:
    job = start(bridge, Jobs())
    job.say(Progress(3, 9))
    qtbot.waitUntil(lambda: bridge.jobs()[job.id].progress == Progress(3, 9))
    job.end()
    qtbot.waitUntil(lambda: not bridge.jobs())
    job.say(Progress(4, 9))
    qtbot.wait(20)
    assert not bridge.jobs(), "what a job says after its end is not heard"


def test_only_the_newest_question_of_a_lane_is_answered(bridge: JobBridge, qtbot: QtBot) -> None:
    gate, answers = threading.Event(), []
    bridge.run_in_background(lambda: gate.wait(5), lambda _a: answers.append("old"), lane="slice")
    bridge.run_in_background(lambda: None, lambda _a: answers.append("new"), lane="slice")
    bridge.run_in_background(lambda: None, lambda _a: answers.append("other"), lane="list")
    qtbot.waitUntil(lambda: sorted(answers) == ["new", "other"])
    gate.set()
    qtbot.wait(50)
    assert "old" not in answers


def test_a_cancelled_lane_is_not_answered(bridge: JobBridge, qtbot: QtBot) -> None:
    gate, answers = threading.Event(), []
    bridge.run_in_background(lambda: gate.wait(5), answers.append, lane="slice")
    bridge.cancel_lane("slice")
    gate.set()
    qtbot.wait(50)
    assert answers == []


def test_a_failure_goes_to_who_takes_it_and_else_to_the_window(bridge: JobBridge, qtbot: QtBot) -> None:
    def refuse() -> None:
        raise Refused("no-labels", count=2)

    taken: list[Refused] = []
    bridge.run_in_background(refuse, lambda _a: None, failed=taken.append)
    qtbot.waitUntil(lambda: [error.code for error in taken] == ["no-labels"])
    with qtbot.waitSignal(bridge.failed) as failed:
        bridge.run_in_background(refuse, lambda _a: None)
    assert failed.args[0].code == "no-labels"


def test_a_defect_in_short_work_reaches_the_excepthook(bridge: JobBridge, qtbot: QtBot) -> None:
    with qtbot.captureExceptions() as caught:
        bridge.run_in_background(lambda: {}["missing"], lambda _a: None)
        qtbot.waitUntil(lambda: bool(caught))
    assert caught[0][0] is KeyError


def test_answers_for_a_widget_that_is_gone_are_dropped(bridge: JobBridge, qtbot: QtBot) -> None:
    import shiboken6

    answers: list[object] = []

    class Owner(QObject):
        def take(self, answer: object) -> None:
            answers.append(answer)

    owner = Owner()
    bridge.run_in_background(lambda: 1, owner.take)
    shiboken6.delete(owner)
    qtbot.wait(50)
    assert answers == []


def test_after_closing_nothing_is_asked_any_more(bridge: JobBridge, qtbot: QtBot) -> None:
    bridge.close()
    answers: list[int] = []
    bridge.run_in_background(lambda: 1, answers.append)
    qtbot.wait(20)
    assert answers == []


def test_what_the_work_holds_is_freed_on_the_gui_thread(bridge: JobBridge, qtbot: QtBot) -> None:
    """The last hold of a widget may be the work that it asked for; Qt does not survive its death elsewhere."""
    freed: list[bool] = []
    here = threading.current_thread()

    class Held:
        def __del__(self) -> None:
            freed.append(threading.current_thread() is here)

    def ask(held: Held, answered: list[object]) -> None:
        bridge.run_in_background(lambda: (held, time.sleep(0.002))[1], answered.append)

    for _round in range(40):
        answered: list[object] = []
        ask(Held(), answered)
        qtbot.waitUntil(lambda answered=answered: bool(answered))
    assert freed == [True] * 40


def test_what_failed_work_holds_is_freed_on_the_gui_thread_too(bridge: JobBridge, qtbot: QtBot) -> None:
    freed: list[bool] = []
    here = threading.current_thread()

    class Held:
        def __del__(self) -> None:
            freed.append(threading.current_thread() is here)

    def work(held: Held) -> None:
        raise Refused(f"{held} does not fit")

    def ask(held: Held, heard: list[object]) -> None:
        bridge.run_in_background(lambda: work(held), lambda _a: None, failed=lambda _error: heard.append(1))

    for _round in range(40):
        heard: list[object] = []
        ask(Held(), heard)
        qtbot.waitUntil(lambda heard=heard: bool(heard))
    gc.collect()
    assert freed == [True] * 40
