"""A real worker process and its runner: what comes through, and what happens when it ends badly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.jobs.messages import CheckpointNow, CheckpointSaved, Heartbeat, Message, Metric, Phase
from app.jobs.outcome import Outcome
from app.jobs.process import Job, Runner
from app.jobs.spec import JobSpec
from app.store.folders import read_events
from tests.helpers.worker_kinds import COMMAND

Start = Callable[..., Job]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def runner() -> Iterator[Runner]:
    made = Runner(COMMAND, silence_s=3.5, stop_grace_s=0.5, force_s=0.5)
    yield made
    made.close(0)


@pytest.fixture
def start(runner: Runner, tmp_path: Path) -> Start:
    def begin(kind: str, listener: Any = None, on_outcome: Any = None, name: str = "", **params: Any) -> Job:
        return runner.start(JobSpec(kind, "", str(tmp_path / (name or kind)), params), listener, on_outcome)

    return begin


def ended(job: Job) -> Outcome:
    outcome = job.wait(30)
    assert outcome is not None
    return outcome


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_messages_arrive_in_order_and_the_result_is_the_outcome(start: Start) -> None:
    heard: list[Message] = []
    job = start("count", heard.append, steps=5)
    outcome = ended(job)
    assert (outcome.state, outcome.result, outcome.exit_status) == ("done", {"steps": 5}, 0)
    assert [m.step for m in heard if isinstance(m, Metric)] == [1, 2, 3, 4, 5]
    assert heard[0].kind == "hello"
    assert heard[-1].kind == "finished"
    assert not any(isinstance(m, Heartbeat) for m in heard)


def test_the_history_lies_in_the_jobs_folder(start: Start, tmp_path: Path) -> None:
    ended(start("count", steps=3))
    events = read_events(tmp_path / "count" / "events.jsonl")
    assert [e["event"] for e in events] == ["hello", "phase", "metric", "metric", "metric", "finished"]
    assert all(e["t"].endswith("+00:00") for e in events)


def test_a_stop_saves_and_ends_as_stopped(start: Start) -> None:
    heard: list[Message] = []
    job = start("count", heard.append, steps=10_000)
    until(lambda: any(isinstance(m, Metric) for m in heard))
    assert job.running
    job.stop()
    outcome = ended(job)
    assert (outcome.state, outcome.checkpoint, outcome.exit_status) == ("stopped", "saved.txt", 130)
    assert outcome.last_step
    assert not job.running


def test_requests_reach_the_worker(start: Start) -> None:
    heard: list[Message] = []
    job = start("count", heard.append, steps=10_000)
    until(lambda: any(isinstance(m, Metric) for m in heard))
    job.send(CheckpointNow())
    until(lambda: any(isinstance(m, CheckpointSaved) and m.path == "asked.txt" for m in heard))


def test_a_worker_that_prints_does_not_break_the_conversation(start: Start, tmp_path: Path) -> None:
    assert ended(start("chatter")).result == {"quiet": True}
    log = (tmp_path / "chatter" / "worker.log").read_text()
    for origin in ("python", "the descriptor", "C", "a child"):
        assert f"noise {'on' if origin == 'the descriptor' else 'from'} {origin}" in log


def test_a_segfault_is_a_crash_that_says_where_it_was(start: Start, tmp_path: Path) -> None:
    outcome = ended(start("segfault"))
    assert (outcome.state, outcome.facts["signal"], outcome.last_step) == ("crashed", "SIGSEGV", 7)
    assert "ended unexpectedly" in outcome.sentence()
    assert "Segmentation fault" in (tmp_path / "segfault" / "worker.log").read_text()


def test_an_exit_without_a_last_word_is_a_crash(start: Start) -> None:
    outcome = ended(start("leave"))
    assert (outcome.state, outcome.facts["signal"]) == ("crashed", "exit status 5")


def test_garbage_in_the_pipe_is_a_failure_and_no_hang(start: Start) -> None:
    outcome = ended(start("garbage"))
    assert (outcome.state, outcome.code) == ("failed", "worker-garbled")


def test_a_refusal_keeps_its_code_and_sentence(start: Start) -> None:
    outcome = ended(start("refuse"))
    assert (outcome.state, outcome.code, outcome.exit_status) == ("refused", "nothing-to-import", 3)
    assert "/somewhere" in outcome.sentence()


@pytest.mark.parametrize("kind", ["raise", "nan", "unheard-of"])
def test_a_mistake_in_a_worker_is_told(start: Start, kind: str) -> None:
    outcome = ended(start(kind))
    assert outcome.state in ("failed", "refused")
    assert outcome.sentence()


def test_a_worker_that_does_not_obey_a_stop_is_ended(start: Start) -> None:
    heard: list[Message] = []
    job = start("deaf", heard.append)
    until(lambda: any(isinstance(m, Phase) for m in heard))
    job.stop()
    assert ended(job).state == "stopped"


def test_a_silent_worker_is_lost(start: Start) -> None:
    outcome = ended(start("silent"))
    assert (outcome.state, outcome.code) == ("lost", "worker-lost")


def test_heartbeats_keep_a_busy_worker_alive(start: Start) -> None:
    heard: list[Message] = []
    job = start("deaf", heard.append)
    assert job.wait(4.5) is None
    assert job.running


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_dead_worker_is_noticed_while_its_child_holds_the_pipe(start: Start, tmp_path: Path) -> None:
    job = start("orphan_pipe")
    assert ended(job).state == "crashed"
    orphan = int((tmp_path / "orphan_pipe" / "orphan.pid").read_text())
    until(lambda: not _alive(orphan))


def test_jobs_of_one_resource_wait_for_one_another_and_can_be_stopped_before_they_start(start: Start) -> None:
    first = start("count", name="one", steps=10_000)
    outcomes: list[Outcome] = []
    second = start("count", None, outcomes.append, name="two", steps=1)
    third = start("count", name="three", steps=1)
    until(lambda: first.running)
    assert not second.running
    second.stop()
    assert [o.state for o in outcomes] == ["stopped"]
    assert second.pid is None
    first.stop()
    assert ended(third).state == "done"


def test_a_listener_that_fails_does_not_end_the_job(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    def faulty(_message: Message) -> None:
        raise RuntimeError("the listener's own mistake")

    assert ended(start("count", faulty, steps=2)).state == "done"
    assert "the listener's own mistake" in caplog.text


def test_a_folder_has_one_worker_at_a_time(start: Start, runner: Runner, tmp_path: Path) -> None:
    heard: list[Message] = []
    start("count", heard.append, steps=10_000)
    until(lambda: any(isinstance(m, Metric) for m in heard))
    again = runner.start(JobSpec("count", "", str(tmp_path / "count"), {"steps": 1}, "disk"))
    assert ended(again).code == "job-running"


def test_closing_the_runner_leaves_no_process(tmp_path: Path) -> None:
    runner = Runner(COMMAND)
    heard: list[Message] = []
    running = runner.start(JobSpec("count", "", str(tmp_path / "a"), {"steps": 10_000}), heard.append)
    waiting = runner.start(JobSpec("count", "", str(tmp_path / "b"), {"steps": 1}))
    until(lambda: any(isinstance(m, Metric) for m in heard))
    runner.close(10)
    assert [job.outcome.state for job in (running, waiting) if job.outcome] == ["stopped", "stopped"]
    assert running.pid is not None
    assert not _alive(running.pid)


def test_a_job_that_is_killed_as_it_starts_ends_at_once(start: Start) -> None:
    job = start("deaf")
    job.kill()
    assert ended(job).state in ("crashed", "stopped")


def test_a_closed_runner_starts_nothing(tmp_path: Path) -> None:
    runner = Runner(COMMAND)
    runner.close(0)
    job = runner.start(JobSpec("count", "", str(tmp_path / "late"), {"steps": 1}))
    assert (ended(job).state, job.pid) == ("stopped", None)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_terminated_worker_saves_first(start: Start) -> None:
    heard: list[Message] = []
    job = start("count", heard.append, steps=10_000)
    until(lambda: any(isinstance(m, Metric) for m in heard))
    assert job.pid is not None
    os.kill(job.pid, signal.SIGTERM)
    outcome = ended(job)
    assert (outcome.state, outcome.checkpoint) == ("stopped", "saved.txt")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_dead_parent_ends_the_worker_which_saves_first(tmp_path: Path) -> None:
    script = (
        "import sys, time; from app.jobs.process import Runner; from app.jobs.spec import JobSpec\n"
        "from tests.helpers.worker_kinds import COMMAND\n"
        f"job = Runner(COMMAND).start(JobSpec('count', '', {str(tmp_path)!r}, {{'steps': 100000}}))\n"
        "while job.pid is None: time.sleep(0.01)\n"
        "print(job.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        events = tmp_path / "events.jsonl"
        until(lambda: any(e["event"] == "metric" for e in read_events(events)))
        parent.send_signal(signal.SIGKILL)
    until(lambda: not _alive(worker))
    assert int((tmp_path / "saved.txt").read_text()) > 0
    last = read_events(events)[-1]
    assert (last["event"], last["outcome"]) == ("finished", "stopped")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
