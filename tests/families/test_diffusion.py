"""What the diffusion family makes of its options, besides the contract that all families keep."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from models.api import Batch, Condition, Stage
from models.config import preset, training_plan
from models.data.prepared import PreparedImages
from models.families.diffusion import DENOISE, JUMP, WEAKER, Diffusion
from models.sampling.generate import generate
from models.training.augment import PARAMETERS
from models.training.events import Ended, Request
from models.training.loop import train
from tests.helpers.prepared_factory import four_pictures, write_prepared
from tests.helpers.tiny_families import SIZE, tiny


def built(**options: object) -> Diffusion:
    torch.manual_seed(0)
    return Diffusion(tiny("diffusion", **options))


def batch_of_four() -> Batch:
    images, labels = four_pictures(SIZE)
    return Batch(torch.from_numpy(images), Condition(torch.from_numpy(labels)), torch.zeros(4, PARAMETERS))


def test_the_weaker_network_is_there_only_where_it_guides() -> None:
    plain, guided = built(guide="dropped", jump_share=0.0), built(guide="weaker", jump_share=0.25)
    assert plain.stages == (Stage(DENOISE, (DENOISE,)),)
    assert plain.networks.weaker is None
    assert plain.networks.jumper is None
    assert guided.stages == (Stage(DENOISE, (DENOISE, WEAKER), 0.75), Stage(JUMP, (JUMP,), 0.25, watched=False))
    sizes = [sum(value.numel() for value in guided.parameters(phase)) for phase in (DENOISE, WEAKER, JUMP)]
    assert sizes[1] < 0.5 * sizes[0] <= sizes[2]


def test_autoguidance_steers_with_the_weaker_network_and_asks_for_the_condition_on_both_sides() -> None:
    family = built(guide="weaker", guidance=2.0)
    asked, seeds = Condition(torch.tensor([0, 1])), [1, 2]
    random = torch.Generator().manual_seed(0)
    for phase, steps in ((DENOISE, 4), (WEAKER, 2)):
        optimiser = torch.optim.Adam(family.parameters(phase), 3e-3)
        for step in range(steps):
            family.network.zero_grad(set_to_none=True)
            family.loss(batch_of_four(), phase, step, random).total.backward()
            optimiser.step()
    before, plain = family.sample(asked, seeds), family.sample(asked, seeds, guidance=1.0)
    assert not torch.allclose(before, plain, atol=1e-3)
    with torch.no_grad():
        for value in family.parameters(WEAKER):
            value.mul_(0.5)
    assert not torch.allclose(family.sample(asked, seeds), before, atol=1e-3)
    assert torch.equal(family.sample(asked, seeds, guidance=1.0), plain)


@pytest.mark.parametrize("solver", ["euler", "heun", "midpoint", "dpmpp_2m"])
@pytest.mark.parametrize("path", ["edm", "flow"])
def test_every_path_goes_with_every_solver(path: str, solver: str) -> None:
    told: list[tuple[int, int]] = []
    drawn = built(path=path, solver=solver).sample(
        Condition(torch.tensor([0])), [1], steps=6, on_step=lambda done, total: told.append((done, total))
    )
    assert torch.isfinite(drawn).all()
    assert told[-1] == ((6, 6) if solver in ("euler", "dpmpp_2m") else (3, 3))


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_an_image_takes_at_most_eight_network_evaluations_by_default(size: int, device: str) -> None:
    family = Diffusion(preset("diffusion", size=size, channels=1, classes=("a", "b"), images=500, device=device))
    seen: list[int] = []
    for net in (family.networks.main, family.networks.weaker):
        if net is not None:
            net.register_forward_hook(lambda module, given, output: seen.append(len(output)))
    family.sample(Condition(torch.tensor([0])), [1])
    assert sum(seen) == family.evaluations <= 8


def test_options_that_do_not_fit_are_refused() -> None:
    for options in ({"path": "curved"}, {"solver": "magic"}, {"guide": "stronger"}):
        with pytest.raises(ValueError, match="is none of"):
            built(**options)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedImages:
    return write_prepared(tmp_path_factory.mktemp("data") / "prepared", size=SIZE, train=20, val=6, test=6)


def test_a_run_with_both_helpers_stops_and_resumes_to_the_bit(data: PreparedImages, tmp_path: Path) -> None:
    """Once while it learns to denoise, once while it learns to jump; and what it learnt draws."""
    config = tiny("diffusion", guide="weaker", jump_share=0.5, steps=4)
    plan = training_plan(
        config, images=20, steps=6, batch=6, precision="fp32", warm_up=2, preview_per_class=1, preview_steps=2
    )
    (whole,) = [event for event in train(plan, data, folder=tmp_path / "whole") if isinstance(event, Ended)]
    resume: Path | None = None
    for stop in (2, 3, None):
        events = train(plan, data, folder=tmp_path / "parts", resume=resume, asked=stopping(stop))
        (ended,) = [event for event in events if isinstance(event, Ended)]
        resume = ended.checkpoint
    first, second = (path.with_suffix(".safetensors").read_bytes() for path in (whole.checkpoint, ended.checkpoint))
    assert first == second
    for steps in (2, None):
        (drawn,) = generate(ended.checkpoint, [0, 1], [1, 2], steps=steps)
        alone = np.concatenate(list(generate(ended.checkpoint, [0, 1], [1, 2], steps=steps, batch=1)))
        assert np.allclose(drawn, alone, atol=1e-4)


def stopping(after: int | None) -> Callable[[], Request | None]:
    """Asks for a stop after so many steps of a call."""
    steps = count(1)
    return lambda: "stop" if next(steps) == after else None


@pytest.mark.parametrize("phase", [DENOISE, WEAKER, JUMP])
def test_every_weight_of_a_phase_learns_and_no_other(phase: str) -> None:
    family, random = built(guide="weaker", jump_share=0.5, steps=4, label_dropout=0.5), torch.Generator().manual_seed(0)
    batch = batch_of_four()
    for _ in range(3):
        for number, each in enumerate((DENOISE, WEAKER, JUMP)):
            if number == 2:
                family.enter(JUMP, batch)
            stepped(family, each, batch, random)
    family.network.zero_grad(set_to_none=True)
    sum(family.loss(batch, phase, 0, random).total for _ in range(8)).backward()
    own = {id(value) for value in family.parameters(phase)}
    moved = {id(value) for value in family.network.parameters() if value.grad is not None and value.grad.any()}
    assert moved == own


def stepped(family: Diffusion, phase: str, batch: Batch, random: torch.Generator) -> None:
    """One step of gradient descent."""
    family.network.zero_grad(set_to_none=True)
    family.loss(batch, phase, 0, random).total.backward()
    with torch.no_grad():
        for value in family.parameters(phase):
            if value.grad is not None:
                value.sub_(0.01 * value.grad.sign())
