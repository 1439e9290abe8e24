"""What a run does on its own when numbers go out of bounds, or memory runs out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from models.api import Batch, LossTerms
from models.config import TrainingPlan, training_plan
from models.data.prepared import PreparedImages
from models.families.flow import Flow
from models.training import checkpoint, memory
from models.training.events import CheckpointSaved, Ended, Event, Notice, StepDone
from models.training.loop import DivergedError, train
from models.training.memory import Portions, TooLargeError
from models.training.setbacks import STRETCH, Setbacks
from tests.helpers.prepared_factory import write_prepared
from tests.helpers.tiny_families import tiny

Loss = Callable[..., LossTerms]


def plan(**settings: Any) -> TrainingPlan:
    chosen = {"steps": 8, "batch": 4, "precision": "fp32", "warm_up": 2, "preview_per_class": 1, "preview_from": 0.9}
    return training_plan(tiny("flow"), images=12, **{**chosen, **settings})


@pytest.fixture
def data(tmp_path: Path) -> PreparedImages:
    return write_prepared(tmp_path / "prepared", train=12, val=4, test=4)


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Flow, Batch, int, Loss], LossTerms]], None]:
    """Puts something round the loss of the family."""
    genuine = Flow.loss

    def put(planted: Callable[[Flow, Batch, int, Loss], LossTerms]) -> None:
        def loss(self: Flow, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
            return planted(self, batch, step, lambda: genuine(self, batch, phase, step, generator))

        monkeypatch.setattr(Flow, "loss", loss)

    return put


def asking(*requests: str | None) -> Callable[[], Any]:
    waiting = iter(requests)
    return lambda: next(waiting, None)


def notices(events: list[Event], code: str) -> list[dict[str, Any]]:
    return [dict(event.facts) for event in events if isinstance(event, Notice) and event.code == code]


def poisoned(at: int, times: int) -> Callable[..., LossTerms]:
    """The loss of step ``at`` is not a number, so many times."""
    left = [times]

    def planted(_: Flow, batch: Batch, step: int, genuine: Loss) -> LossTerms:
        terms = genuine()
        if step + 1 != at or not left[0] or not torch.is_grad_enabled():
            return terms
        left[0] -= 1
        return LossTerms(terms.total * torch.nan, terms.named)

    return planted


def test_a_step_that_is_not_a_number_is_tried_again_from_the_last_checkpoint(
    data: PreparedImages, tmp_path: Path, plant: Any
) -> None:
    plant(poisoned(5, times=1))
    events = list(train(plan(), data, folder=tmp_path / "run", asked=asking(None, None, "checkpoint")))
    assert notices(events, "stepped-back") == [{"step": 5, "back": 3, "rate": 0.5}]
    assert [event.step for event in events if isinstance(event, StepDone)] == [1, 2, 3, 4, 4, 5, 6, 7, 8]
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert checkpoint.read(ended.checkpoint).setbacks == [5]
    fourth = [event.loss["total"] for event in events if isinstance(event, StepDone) and event.step == 4]
    assert fourth[0] != fourth[1], "the same images and noise would be as poisoned as before"


def test_without_a_checkpoint_it_begins_anew(data: PreparedImages, tmp_path: Path, plant: Any) -> None:
    plant(poisoned(3, times=2))
    events = list(train(plan(), data, folder=tmp_path / "run"))
    assert [fact["rate"] for fact in notices(events, "stepped-back")] == [0.5, 0.25]
    assert [event.step for event in events if isinstance(event, StepDone)] == [1, 2, 1, 2, *range(1, 9)]


def test_it_ends_where_it_comes_again_and_again(data: PreparedImages, tmp_path: Path, plant: Any) -> None:
    plant(poisoned(3, times=9))
    heard: list[Event] = []
    with pytest.raises(DivergedError) as caught:
        heard.extend(train(plan(), data, folder=tmp_path / "run", asked=asking("checkpoint")))
    assert caught.value.step == 3
    kept = checkpoint.latest(tmp_path / "run")
    assert kept is not None
    assert checkpoint.read(kept).step == 1


def test_a_gradient_that_is_not_a_number_does_not_reach_the_weights(
    data: PreparedImages, tmp_path: Path, plant: Any
) -> None:
    class Spoilt(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, value: torch.Tensor) -> torch.Tensor:
            return value.clone()

        @staticmethod
        def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * torch.inf

    left = [1]

    def planted(_: Flow, batch: Batch, step: int, genuine: Loss) -> LossTerms:
        terms = genuine()
        if step == 3 and left[0] and torch.is_grad_enabled():
            left[0] -= 1
            return LossTerms(Spoilt.apply(terms.total), terms.named)
        return terms

    plant(planted)
    events = list(train(plan(), data, folder=tmp_path / "run", asked=asking("checkpoint")))
    assert notices(events, "stepped-back") == [{"step": 4, "back": 1, "rate": 0.5}]


def test_a_checkpoint_never_holds_a_weight_that_is_not_a_number(
    data: PreparedImages, tmp_path: Path, plant: Any
) -> None:
    left = [1]

    def planted(family: Flow, batch: Batch, step: int, genuine: Loss) -> LossTerms:
        terms = genuine()
        if step == 1 and left[0] and torch.is_grad_enabled():
            left[0] -= 1
            weight = list(family.network.parameters())[-1]
            with torch.no_grad():
                weight.view(-1)[0] = torch.nan
        return terms

    plant(planted)
    events = list(train(plan(), data, folder=tmp_path / "run", asked=asking(None, "checkpoint", "checkpoint")))
    assert notices(events, "stepped-back")[0]["step"] in (2, 3)
    for event in events:
        if isinstance(event, CheckpointSaved):
            stored = checkpoint.tensors(event.path, "network/") if event.path.exists() else {}
            assert all(bool(value.isfinite().all()) for value in stored.values())


def test_a_run_that_stepped_back_resumes_to_the_bit(data: PreparedImages, tmp_path: Path, plant: Any) -> None:
    plant(poisoned(3, times=1))
    whole = list(train(plan(), data, folder=tmp_path / "whole"))[-1]
    plant(poisoned(3, times=1))
    half = list(train(plan(), data, folder=tmp_path / "half", asked=asking(*[None] * 5, "stop")))[-1]
    assert isinstance(half, Ended)
    assert half.step == 3
    rest = list(train(plan(), data, folder=tmp_path / "half", resume=half.checkpoint))[-1]
    assert isinstance(whole, Ended)
    assert isinstance(rest, Ended)
    first, second = (one.checkpoint.with_suffix(".safetensors").read_bytes() for one in (whole, rest))
    assert first == second
    assert json.loads(rest.checkpoint.read_text())["setbacks"] == [3]


def test_only_setbacks_of_late_count() -> None:
    old = Setbacks((10, 20))
    assert old.after(DivergedError(20 + STRETCH)).steps == (10, 20, 20 + STRETCH)
    with pytest.raises(DivergedError):
        old.after(DivergedError(30))


def short_of_memory(most: int, saying: str = "DefaultCPUAllocator: can't allocate memory") -> Callable[..., LossTerms]:
    """Memory for at most so many images."""

    def planted(_: Flow, batch: Batch, step: int, genuine: Loss) -> LossTerms:
        if len(batch.images) > most:
            raise RuntimeError(saying)
        return genuine()

    return planted


def weights_after(data: PreparedImages, folder: Path, **settings: Any) -> dict[str, torch.Tensor]:
    ended = list(train(plan(**settings), data, folder=folder))[-1]
    assert isinstance(ended, Ended)
    return checkpoint.tensors(ended.checkpoint, "network/")


def test_memory_that_runs_out_halves_the_images_at_once_and_is_remembered(
    data: PreparedImages, tmp_path: Path, plant: Any
) -> None:
    plant(short_of_memory(1))
    events = list(train(plan(), data, folder=tmp_path / "run"))
    assert notices(events, "smaller-portions") == [{"at_once": 1, "batch": 4}]
    assert [event.images_seen for event in events if isinstance(event, StepDone)] == [4 * step for step in range(1, 9)]
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert checkpoint.read(ended.checkpoint).at_once == 1
    again = list(train(plan(steps=10), data, folder=tmp_path / "run", resume=ended.checkpoint))
    assert notices(again, "smaller-portions") == []


def test_portions_are_the_same_step(data: PreparedImages, tmp_path: Path, plant: Any) -> None:
    """Where the loss is a mean over images, uneven portions too give its gradient up to rounding."""

    def mean_over_images(family: Flow, batch: Batch, step: int, genuine: Loss) -> LossTerms:
        weight = next(family.network.parameters()).view(-1)
        each = torch.cos(weight[None] * 40 * batch.images.mean(dim=(1, 2, 3))[:, None]).mean(dim=1)
        return LossTerms(each.mean(), {"all": float(each.detach().mean())})

    def narrow(family: Flow, batch: Batch, step: int, genuine: Loss) -> LossTerms:
        if len(batch.images) > 3:
            raise MemoryError
        return mean_over_images(family, batch, step, genuine)

    settings = {"steps": 4, "batch": 5, "learning_rate": 0.3, "warm_up": 0, "decay_from": 1.0}
    plant(mean_over_images)
    whole = weights_after(data, tmp_path / "whole", **settings)
    plant(narrow)
    parts = weights_after(data, tmp_path / "parts", **settings)
    apart = {name: float((whole[name] - parts[name]).abs().max()) for name in whole}
    assert max(apart.values()) < 2e-3


def test_one_image_that_does_not_fit_ends_the_run(data: PreparedImages, tmp_path: Path, plant: Any) -> None:
    plant(short_of_memory(0, "CUDA out of memory. Tried to allocate 2.00 GiB"))
    with pytest.raises(TooLargeError):
        list(train(plan(), data, folder=tmp_path / "run"))


def test_other_errors_are_not_taken_for_it(data: PreparedImages, tmp_path: Path, plant: Any) -> None:
    plant(short_of_memory(0, "mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        list(train(plan(), data, folder=tmp_path / "run"))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: not enough memory: you tried"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5.0 GB)"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_every_backend_says_it_in_its_own_words(error: BaseException) -> None:
    assert memory.ran_out(error)


def test_a_try_that_failed_lets_go_before_the_next() -> None:
    portions, log = Portions(5, torch.device("cpu")), []

    def work() -> list[slice]:
        log.append(portions.at_once)
        if portions.at_once > 2:
            raise MemoryError
        return list(portions.of(5))

    assert portions.fitting(work, lambda: log.append(0)) == [slice(0, 2), slice(2, 4), slice(4, 6)]
    assert log == [5, 0, 3, 0, 2]
