"""Training in a real worker that meets trouble: it goes on by itself, or ends in one sentence with its work kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import compose
from app.compose import Services
from app.jobs.messages import CheckpointNow, Message, Notice
from app.jobs.outcome import Outcome
from app.jobs.process import Job, Runner
from models.training import checkpoint
from tests.helpers.troubled_worker import command
from tests.worker.test_kill import SLOW, begin, ended, steps_of, until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system's limits are those of Linux")

Open = Callable[[str], Services]


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def troubled(filled: Services) -> Iterator[Open]:
    """The same project, whose workers meet the trouble of that name."""
    opened: list[Services] = []

    def with_trouble(name: str) -> Services:
        opened.append(compose.open_project(filled.project.root, Runner(command(name))))
        return opened[-1]

    yield with_trouble
    for one in opened:
        one.close(0)


def trained(services: Services, steps: int, heard: list[Message]) -> tuple[Job, Outcome]:
    cohort = services.cohorts.load("shapes")
    listen = heard.append
    job = services.training.start(cohort, family="vae", steps=steps, device="cpu", on_message=listen)
    return job, ended(job)


def codes(heard: list[Message]) -> list[str]:
    return [message.code for message in heard if isinstance(message, Notice)]


def checkpoints(services: Services, job: Job) -> Path:
    return services.training.run(job.id).folder / "checkpoints"


def last_whole(folder: Path) -> int:
    """The step of the last checkpoint, after a look at every byte of it."""
    path = checkpoint.latest(folder)
    assert path is not None
    return checkpoint.read(path).step


def goes_on(services: Services, job: Job) -> list[int]:
    """The steps of an undisturbed worker that resumes the run for two more."""
    heard: list[Message] = []
    outcome = ended(services.training.resume(job.id, steps=2, on_message=heard.append))
    assert outcome.state == "done", outcome.sentence()
    return steps_of(heard)


def test_a_step_out_of_bounds_is_told_and_the_training_goes_on(troubled: Open) -> None:
    heard: list[Message] = []
    _, outcome = trained(troubled("poison once"), 6, heard)
    assert outcome.state == "done", outcome.sentence()
    assert steps_of(heard) == [1, 2, 3, *range(1, 7)]
    assert "stepped-back" in codes(heard)


def test_memory_that_runs_out_makes_the_portions_smaller(troubled: Open, filled: Services) -> None:
    heard: list[Message] = []
    job, outcome = trained(troubled("hunger"), 3, heard)
    assert outcome.state == "done", outcome.sentence()
    told = [message.facts for message in heard if isinstance(message, Notice) and message.code == "smaller-portions"]
    assert [facts["at_once"] for facts in told] == [8]
    assert steps_of(heard) == [1, 2, 3]
    stored = checkpoint.latest(checkpoints(filled, job))
    assert stored is not None
    assert checkpoint.read(stored).at_once == 8
    assert checkpoint.read(stored).images_seen == 3 * checkpoint.read(stored).plan["batch"]


def test_memory_for_not_even_one_image_ends_in_a_sentence(troubled: Open) -> None:
    _, outcome = trained(troubled("starvation"), 3, [])
    assert (outcome.state, outcome.code) == ("failed", "image-too-large")
    assert "Not even one image at a time fits" in outcome.sentence()


def test_a_full_disk_ends_the_training_and_keeps_what_was_saved(troubled: Open, filled: Services) -> None:
    heard: list[Message] = []
    job = begin(troubled("full disk"), heard)
    until(lambda: len(steps_of(heard)) >= 2)
    job.send(CheckpointNow())
    until(lambda: checkpoint.latest(checkpoints(filled, job)) is not None)
    job.send(CheckpointNow())
    outcome = ended(job)
    assert (outcome.state, outcome.code) == ("failed", "training-disk-full"), outcome.sentence()
    assert "free some space, and resume it" in outcome.sentence()
    folder = checkpoints(filled, job)
    saved = last_whole(folder)
    assert sorted(path.name for path in folder.iterdir()) == [f"step-{saved:06d}.json", f"step-{saved:06d}.safetensors"]
    assert goes_on(filled, job) == [saved + 1, saved + 2]


def test_a_kill_in_the_middle_of_a_checkpoint_loses_nothing_that_was_saved(filled: Services) -> None:
    heard: list[Message] = []
    job = begin(filled, heard)
    folder = checkpoints(filled, job)
    until(lambda: bool(steps_of(heard)))
    job.send(CheckpointNow())
    until(lambda: checkpoint.latest(folder) is not None)
    saved = last_whole(folder)
    until(lambda: steps_of(heard)[-1] > saved)
    job.send(CheckpointNow())
    until(lambda: any(folder.glob(".step-*")), pause=0.0)
    assert job.pid is not None
    os.kill(job.pid, signal.SIGKILL)
    assert ended(job).state == "crashed"
    assert last_whole(folder) >= saved
    at = last_whole(folder)
    assert goes_on(filled, job) == [at + 1, at + 2]
    assert not list(folder.glob(".step-*")), "what the killed worker left half is gone"


@pytest.fixture
def saved_run(filled: Services) -> tuple[Services, Job, Path]:
    """A run of three steps and its folder of checkpoints."""
    heard: list[Message] = []
    job, outcome = trained(filled, 3, heard)
    assert outcome.state == "done", outcome.sentence()
    return filled, job, checkpoints(filled, job)


def test_numbers_that_stay_out_of_bounds_end_the_training_with_its_last_checkpoint(
    saved_run: tuple[Services, Job, Path], troubled: Open
) -> None:
    services, job, folder = saved_run
    heard: list[Message] = []
    outcome = ended(troubled("poison").training.resume(job.id, steps=3, on_message=heard.append))
    assert (outcome.state, outcome.code) == ("failed", "diverged")
    assert "out of bounds at step 4" in outcome.sentence()
    assert codes(heard).count("stepped-back") == 2
    assert last_whole(folder) == 3
    assert goes_on(services, job) == [4, 5]


def copied(path: Path, step: int) -> Path:
    """The checkpoint at ``path`` under another step's name."""
    other = path.with_name(f"step-{step:06d}.json")
    for suffix in (".json", checkpoint.TENSORS):
        shutil.copy(path.with_suffix(suffix), other.with_suffix(suffix))
    return other


def test_wrong_checkpoints_are_refused_or_passed_over(saved_run: tuple[Services, Job, Path]) -> None:
    services, job, folder = saved_run
    good = folder / "step-000003.json"
    damaged = copied(good, 4)
    damaged.with_suffix(checkpoint.TENSORS).write_bytes(b"nothing of the kind")
    assert goes_on(services, job) == [4, 5]
    last = checkpoint.latest(folder)
    assert last is not None
    assert checkpoint.read(last).step == 5, "the damaged one is in nobody's way"
    foreign = copied(last, 9)
    document = json.loads(foreign.read_text())
    document["plan"]["seed"] += 1
    foreign.write_text(json.dumps(document))
    outcome = ended(services.training.resume(job.id, steps=2))
    assert (outcome.state, outcome.code) == ("failed", "unusable-checkpoint")
    assert "step-000009.json: it belongs to another run" in outcome.sentence()
    assert checkpoint.read(last).step == 5, "nothing was touched"


def test_a_training_is_not_begun_from_a_damaged_checkpoint(saved_run: tuple[Services, Job, Path]) -> None:
    services, _, folder = saved_run
    damaged = copied(folder / "step-000003.json", 7)
    damaged.with_suffix(checkpoint.TENSORS).write_bytes(b"nothing of the kind")
    cohort = services.cohorts.load("shapes")
    job = services.training.start(cohort, family="vae", steps=SLOW, device="cpu", from_checkpoint=damaged)
    outcome = ended(job)
    assert outcome.state == "refused"
    assert "step-000007.json" in outcome.sentence()
    assert checkpoint.latest(checkpoints(services, job)) is None
