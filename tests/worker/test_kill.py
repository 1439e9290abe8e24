"""Training in a real worker process that is stopped, killed or outlives its program, and what goes on afterwards."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

import pytest

from app import compose
from app.compose import Services
from app.domain.errors import Refused
from app.domain.run import RunState
from app.jobs.messages import CheckpointNow, CheckpointSaved, Message, Metric
from app.jobs.outcome import Outcome
from app.jobs.process import Job

SLOW = 100_000
"""Steps that no test waits for."""


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def begin(services: Services, heard: list[Message] | None = None) -> Job:
    cohort = services.cohorts.load("shapes")
    listener = None if heard is None else heard.append
    return services.training.start(cohort, family="vae", steps=SLOW, device="cpu", on_message=listener)


def ended(job: Job) -> Outcome:
    outcome = job.wait(90)
    assert outcome is not None
    return outcome


def until(condition: Callable[[], bool], seconds: float = 90, pause: float = 0.02) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(pause)


def steps_of(heard: list[Message]) -> list[int]:
    return [m.step for m in heard if isinstance(m, Metric) and "loss" in m.values]


def seen_from_elsewhere(services: Services, job: Job) -> RunState:
    """The state that a second program sees, which has the project open but did not start the job."""
    other = compose.open_project(services.project.root)
    try:
        return other.training.run(job.id).state
    finally:
        other.close(0)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_training_is_interrupted_and_goes_on_from_its_last_checkpoint(filled: Services) -> None:
    training = filled.training
    heard: list[Message] = []
    job = begin(filled, heard)
    until(lambda: bool(steps_of(heard)))
    job.send(CheckpointNow())
    until(lambda: any(isinstance(m, CheckpointSaved) for m in heard))
    saved = next(m for m in heard if isinstance(m, CheckpointSaved))
    until(lambda: steps_of(heard)[-1] > saved.step)
    assert job.pid is not None
    assert seen_from_elsewhere(filled, job) is RunState.RUNNING
    os.kill(job.pid, signal.SIGKILL)
    outcome = ended(job)
    assert (outcome.state, outcome.facts["signal"], outcome.checkpoint) == ("crashed", "SIGKILL", saved.path)
    assert "What was saved before is kept" in outcome.sentence()
    info = training.run(job.id)
    assert info.state is RunState.INTERRUPTED
    assert seen_from_elsewhere(filled, job) is RunState.INTERRUPTED
    assert info.checkpoint == filled.project.root / saved.path
    again: list[Message] = []
    resumed = training.resume(job.id, on_message=again.append)
    until(lambda: len(steps_of(again)) >= 3)
    assert steps_of(again)[0] == saved.step + 1
    resumed.stop()
    assert ended(resumed).state == "stopped"
    assert training.run(job.id).state is RunState.STOPPED


def test_a_program_that_closes_stops_its_training_which_goes_on_later(filled: Services) -> None:
    heard: list[Message] = []
    job = begin(filled, heard)
    waiting = begin(filled)
    until(lambda: len(steps_of(heard)) >= 2)
    assert [filled.training.run(j.id).state for j in (job, waiting)] == [RunState.RUNNING] * 2
    with pytest.raises(Refused, match="is running already"):
        filled.training.resume(job.id)
    filled.close(30)
    assert job.outcome is not None
    assert (job.outcome.state, job.outcome.exit_status) == ("stopped", 130)
    opened = compose.open_project(filled.project.root)
    try:
        info = opened.training.run(job.id)
        assert info.state is RunState.STOPPED
        assert info.checkpoint is not None
        assert opened.training.run(waiting.id).state is RunState.INTERRUPTED
        again: list[Message] = []
        outcome = ended(opened.training.resume(job.id, steps=2, on_message=again.append))
        assert outcome.state == "done", outcome.sentence()
        assert steps_of(again) == [info.last_step + 1, info.last_step + 2]
    finally:
        opened.close(0)
