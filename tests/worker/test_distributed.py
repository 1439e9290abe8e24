"""Several processes train one model: as one process would, to rounding; and what happens when one of them dies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from app.compose import Services
from app.jobs.messages import CheckpointNow, CheckpointSaved, Message, Metric
from app.jobs.outcome import Outcome
from app.jobs.process import Job
from models.api import Batch, Family
from models.config import training_plan
from models.data.feeding import Feed
from models.data.prepared import PreparedImages
from models.training.augment import Augmentation
from models.training.distributed import Leader, share_of, slices
from models.training.state import RunState
from models.training.team import RankLostError, Team
from tests.contract.test_offline import set_trap
from tests.helpers.command import understudy
from tests.helpers.prepared_factory import write_prepared
from tests.helpers.ranks import follower
from tests.helpers.tiny_families import tiny

FAMILIES = ("vae", "diffusion", "gan")
BATCH = 16


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedImages:
    return write_prepared(tmp_path_factory.mktemp("data") / "prepared", train=40)


@pytest.fixture(scope="module")
def leader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leader]:
    """Of two ranks, this process and another; one process can meet others only once at a time."""
    meeting = tmp_path_factory.mktemp("ranks") / "meeting"
    other = follower(1, 2, meeting)

    def alive() -> None:
        if other.poll() is not None:
            raise RankLostError(other.stderr.read().decode())

    made = Leader(Team(0, 2, torch.device("cpu"), meeting, alive))
    yield made
    made.close()
    _, errors = other.communicate(timeout=60)
    assert other.returncode == 0, errors.decode()


def state_of(family: str, data: PreparedImages, leader: Any = None) -> RunState:
    plan = training_plan(
        tiny(family), images=40, steps=100, batch=BATCH, precision="fp32", warm_up=5, augmentation=Augmentation()
    )
    state = RunState(plan, Feed(data, "train"))
    state.leader = leader
    return state


class Alone:
    """Both shares of a step, one after the other in this process."""

    size = 2

    def gradients(self, family: Family, batch: Batch, precision: Any, *, phase: str, step: int, seeds: Any) -> Any:
        told: dict[str, float] = {}
        kept = [torch.zeros_like(one) for one in family.parameters(phase)]
        for at, seed in zip(slices(len(batch.images), 2), seeds, strict=True):
            part = Batch(batch.images[at], batch.condition[at], batch.augmentation[at])
            share = len(part.images) / len(batch.images)
            named = share_of(family, part, phase=phase, step=step, seed=seed, precision=precision, share=share)
            told = {name: told.get(name, 0.0) + value for name, value in named.items()}
            for total, one in zip(kept, family.parameters(phase), strict=True):
                if one.grad is not None:
                    total.add_(one.grad)
        for total, one in zip(kept, family.parameters(phase), strict=True):
            one.grad = total
        return told


def curve(state: RunState, steps: int) -> list[float]:
    return [state.train_step(1e-3)["total"] for _ in range(steps)]


@pytest.mark.parametrize("family", FAMILIES)
def test_two_processes_step_as_one_that_computes_both_shares(family: str, data: PreparedImages, leader: Leader) -> None:
    together, alone = state_of(family, data, leader), state_of(family, data, Alone())
    assert curve(together, 12) == pytest.approx(curve(alone, 12), rel=1e-4, abs=1e-5)
    for name, value in together.family.network.state_dict().items():
        assert torch.allclose(value, alone.family.network.state_dict()[name], atol=1e-4), name


def test_two_processes_have_the_loss_curve_of_one(data: PreparedImages, leader: Leader) -> None:
    """To a twentieth of what is learnt, in means of ten steps: both draw other images and other noise from one seed."""
    together, alone = state_of("vae", data, leader), state_of("vae", data)
    first, second = (torch.tensor(curve(state, 90)).reshape(9, 10).mean(dim=1) for state in (together, alone))
    assert float(second[0] - second[-1]) > 0.5
    assert float((first - second).abs().max()) < 0.05 * float(second[0] - second[-1])


def test_a_run_of_several_ranks_can_be_taken_up_again(data: PreparedImages, leader: Leader, tmp_path: Path) -> None:
    whole, half = state_of("vae", data, leader), state_of("vae", data, leader)
    expected = curve(whole, 6)
    curve(half, 3)
    path = half.save(tmp_path, seconds=0.0, held_out_loss=None)
    again = state_of("vae", data, leader)
    again.restore(path)
    assert curve(again, 3) == expected[3:]


def test_slices_hold_every_image_once() -> None:
    for count, size in ((16, 2), (7, 3), (3, 3), (32, 5)):
        held = [position for at in slices(count, size) for position in range(count)[at]]
        assert held == list(range(count))
        assert all(at.stop > at.start for at in slices(count, size))


SLOW = 100_000
"""Steps that no test waits for."""


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def begin(services: Services, heard: list[Message], **options: Any) -> Job:
    chosen = {"family": "vae", "steps": SLOW, "device": "cpu", "devices": 2, **options}
    return services.training.start(services.cohorts.load("shapes"), on_message=heard.append, **chosen)


def ended(job: Job) -> Outcome:
    outcome = job.wait(240)
    assert outcome is not None
    return outcome


def until(condition: Callable[[], Any], seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def stepping(heard: list[Message]) -> bool:
    return any(isinstance(m, Metric) and m.step >= 2 for m in heard)


def other_rank(services: Services) -> int:
    """Process id of the rank that follows."""
    (log,) = services.project.jobs.glob("ranks-*/1/events.jsonl")
    return next(int(line["pid"]) for line in map(json.loads, log.read_text().splitlines()) if line["event"] == "hello")


def test_a_run_on_two_devices_is_done_and_taken_up_again(filled: Services) -> None:
    job = begin(filled, [], steps=3)
    outcome = ended(job)
    assert outcome.state == "done", outcome.sentence()
    info = filled.training.run(job.id)
    assert (info.record.devices, info.last_step) == (2, 3)
    resumed = filled.training.resume(job.id, steps=2)
    outcome = ended(resumed)
    assert (outcome.state, outcome.result["step"]) == ("done", 5), outcome.sentence()
    assert len(list(filled.project.jobs.glob("ranks-*/1"))) == 2


def test_the_death_of_a_rank_ends_the_run_and_the_last_checkpoint_stands(filled: Services) -> None:
    heard: list[Message] = []
    job = begin(filled, heard)
    until(lambda: stepping(heard))
    job.send(CheckpointNow())
    until(lambda: any(isinstance(m, CheckpointSaved) for m in heard))
    psutil.Process(other_rank(filled)).kill()
    outcome = ended(job)
    assert (outcome.state, outcome.code) == ("failed", "rank-lost"), outcome
    assert "What was saved before is kept" in outcome.sentence()
    checkpoint = filled.training.run(job.id).checkpoint
    assert checkpoint is not None
    assert checkpoint.exists()


def test_a_stop_reaches_all_ranks(filled: Services) -> None:
    heard: list[Message] = []
    job = begin(filled, heard)
    until(lambda: stepping(heard))
    pid = other_rank(filled)
    job.stop()
    outcome = ended(job)
    assert outcome.state == "stopped", outcome.sentence()
    until(lambda: not psutil.pid_exists(pid), 20)


def test_ranks_end_with_the_one_that_leads_them(filled: Services) -> None:
    heard: list[Message] = []
    job = begin(filled, heard)
    until(lambda: stepping(heard))
    pid = other_rank(filled)
    psutil.Process(job.pid).kill()
    assert ended(job).state == "crashed"
    until(lambda: not psutil.pid_exists(pid), 20)


def test_more_devices_than_there_are_is_refused(filled: Services) -> None:
    outcome = ended(begin(filled, [], devices=10_000))
    assert (outcome.state, outcome.code) == ("refused", "too-many-devices")


def test_no_process_of_a_training_on_two_devices_goes_online(filled: Services, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    words = ("train", filled.project.root, "--cohort", "shapes", "--steps", "2", "--family", "vae")
    understudy(*words, "--device", "cpu", "--devices", "2", env=set_trap(trap)).done()
    processes = [file.read_text() for file in trap.glob("process-*")]
    assert sum("worker" in text for text in processes) >= 2
    assert not (trap / "calls").exists(), (trap / "calls").read_text()
