"""Drawing a sample set, carried out in this process."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.compose import Services
from app.domain.errors import BadUsage, Failed, Refused, Stopped
from app.domain.recipe import Recipe
from app.jobs.messages import Message, Notice, PreviewReady, Stop
from app.worker.channel import RecordingChannel
from models.evaluate.neighbours import CopyCheck, Neighbours
from tests.helpers.in_process import do


@pytest.fixture
def run(trained: Services) -> str:
    return trained.training.runs()[0].record.id


def draw(services: Services, run: str, channel: RecordingChannel | None = None, **options: Any) -> dict[str, Any]:
    return do(services.generation.start(run, **options).spec, channel)


def test_so_many_of_every_class(trained: Services, run: str) -> None:
    channel = RecordingChannel()
    result = draw(trained, run, channel, per_class=3, seed=7)
    assert result["counts"] == {"disc": 3, "ring": 3, "square": 3}
    record = trained.generation.load(result["samples"])
    assert [s.label for s in record.samples] == ["disc"] * 3 + ["ring"] * 3 + ["square"] * 3
    assert (record.run, record.seed, record.window, record.pixel_spacing_mm) == (run, 7, (0.0, 255.0), None)
    assert record.checkpoint_sha256
    images = trained.generation.images(record.id)
    assert (images.shape, images.dtype) == ((9, 1, 32, 32), np.float32)
    assert np.abs(images).max() <= 1
    assert len({image.tobytes() for image in images}) == 9
    assert trained.generation.sets() == [record]
    assert any(isinstance(m, PreviewReady) for m in channel.messages)


def test_the_same_seed_draws_the_same_pictures(trained: Services, run: str) -> None:
    first, again, other = (draw(trained, run, per_class=2, seed=seed)["samples"] for seed in (1, 1, 2))
    images = trained.generation.images
    assert np.array_equal(images(first), images(again))
    assert not np.array_equal(images(first), images(other))


def test_single_classes(trained: Services, run: str) -> None:
    assert draw(trained, run, classes={"ring": 2})["counts"] == {"ring": 2}
    with pytest.raises(BadUsage, match="Its classes: disc, ring, square"):
        trained.generation.start(run, classes={"triangle": 2})


def test_balance_brings_every_class_up_to_the_largest(trained: Services, run: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nothing to balance"):
        trained.generation.start(run, balance=True)
    wanted = {"disc": 9, "ring": 5, "square": 9}
    rows = [f"{name}/{n:03}.png,train" for name, count in wanted.items() for n in range(count)]
    (tmp_path / "split.csv").write_text("\n".join(["file,split", *rows]))
    uneven = trained.cohorts.make("uneven", Recipe(size=32), split=f"csv:{tmp_path / 'split.csv'}")
    second = trained.training.start(uneven, family="vae", steps=1)
    shutil.copytree(trained.project.runs / run / "checkpoints", f"{second.spec.folder}/checkpoints")
    assert draw(trained, second.id, balance=True)["counts"] == {"ring": 4}


@pytest.mark.parametrize("amount", [{}, {"per_class": 0}, {"per_class": 2, "balance": True}, {"classes": {}}])
def test_an_amount_that_makes_no_sense(trained: Services, run: str, amount: dict[str, Any]) -> None:
    with pytest.raises(BadUsage):
        trained.generation.start(run, **amount)


def test_a_suspected_copy_is_drawn_again(trained: Services, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[int] = []

    def first_one_once(_self: CopyCheck, found: Neighbours) -> NDArray[np.bool_]:
        rounds.append(len(found.index))
        return np.arange(len(found.index)) < (1 if len(rounds) == 1 else 0)

    plain = draw(trained, run, per_class=2, seed=5)["samples"]
    monkeypatch.setattr(CopyCheck, "suspects", first_one_once)
    result = draw(trained, run, per_class=2, seed=5)
    assert rounds == [6, 1]
    record = trained.generation.load(result["samples"])
    assert (result["screened_out"], record.screened_out) == (1, 1)
    before, after = (trained.generation.images(name) for name in (plain, record.id))
    assert not np.array_equal(before[0], after[0])
    assert np.array_equal(before[1:], after[1:])
    assert len({s.seed for s in record.samples}) == 6


def test_what_stays_a_copy_is_told(trained: Services, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CopyCheck, "suspects", lambda _self, found: np.ones(len(found.index), dtype=bool))
    channel = RecordingChannel()
    assert draw(trained, run, channel, per_class=1)["screened_out"] == 9
    assert [m.facts for m in channel.messages if isinstance(m, Notice) and m.code == "copies-remain"] == [{"count": 3}]


def test_a_stop_leaves_nothing_half(trained: Services, run: str) -> None:
    def stop(message: Message) -> None:
        if isinstance(message, PreviewReady):
            channel.ask(Stop())

    channel = RecordingChannel(stop)
    with pytest.raises(Stopped):
        draw(trained, run, channel, per_class=2)
    assert list(trained.project.samples.iterdir()) == []
    assert trained.generation.sets() == []


def test_a_run_without_a_checkpoint_and_one_with_a_damaged_one(trained: Services, run: str) -> None:
    fresh = trained.training.start(trained.cohorts.make("new", Recipe(size=32)), steps=5)
    with pytest.raises(Refused, match="not saved anything yet"):
        trained.generation.start(fresh.id, per_class=1)
    for weights in trained.project.runs.glob(f"{run}/checkpoints/*.safetensors"):
        weights.write_bytes(b"damaged")
    with pytest.raises(Failed, match="checkpoint to draw from is damaged"):
        draw(trained, run, per_class=1)


def test_pictures_are_thrown_out_and_taken_back(trained: Services, run: str) -> None:
    samples = draw(trained, run, per_class=2)["samples"]
    trained.generation.throw_out(samples, [0, 5])
    assert trained.generation.load(samples).counts() == {"disc": 1, "ring": 2, "square": 1}
    trained.generation.throw_out(samples, [0], kept=True)
    assert trained.generation.load(samples).counts() == {"disc": 2, "ring": 2, "square": 1}
    assert len(trained.generation.images(samples)) == 6


def test_names_of_sample_sets_are_no_paths(trained: Services) -> None:
    for name in ("", "..", "../runs", "nothing"):
        with pytest.raises(BadUsage, match="no sample set"):
            trained.generation.load(name)
