"""Jumps over a sampler's walk, against a Gaussian whose walk is known, and on four pictures."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from models.api import Batch, Condition
from models.families.diffusion import DENOISE, JUMP, Diffusion
from models.objectives.jumps import Jumps, drawn_jumps, jump_loss, jumped, walk
from models.paths.preconditioning import NETWORK_TIME, PRECONDITIONINGS, Preconditioning
from models.sampling.jumps import landings, leap, stretches
from models.sampling.solvers import SOLVERS, euler, levels
from models.training.augment import PARAMETERS
from tests.helpers.prepared_factory import four_pictures
from tests.helpers.tiny_families import SIZE, tiny

MEAN, STD = 0.3, 0.5
SIGMAS = levels(8, lowest=0.01, highest=40.0)


def exact(x: Tensor, sigma: Tensor, target: Tensor) -> Tensor:
    """Where the walk of a Gaussian with MEAN and STD stands at ``target``."""
    wide = ((STD**2 + target.square()) / (STD**2 + sigma.square())).sqrt()
    return MEAN + wide[:, None, None, None] * (x - MEAN)


def sigma_of(path: str, time: Tensor) -> Tensor:
    if path == "edm":
        return torch.exp(time / (NETWORK_TIME / 4))
    return level_of(time)


def level_of(time: Tensor) -> Tensor:
    share = time / NETWORK_TIME
    return share / (1 - share) * 0.5


@pytest.mark.parametrize("name", sorted(PRECONDITIONINGS))
def test_the_network_that_lands_exactly_has_no_loss_and_one_jump_draws_a_gaussian(name: str) -> None:
    path: Preconditioning = PRECONDITIONINGS[name]()

    def network(scaled: Tensor, time: Tensor, landing: Tensor) -> Tensor:
        sigma, target = sigma_of(name, time), level_of(landing)
        scale = path.scalings(sigma)
        noisy = scaled / scale.into
        left = (target / sigma)[:, None, None, None]
        towards = (exact(noisy, sigma, target) - left * noisy) / (1 - left)
        return ((towards - scale.skip * noisy) / scale.out).double()

    start = torch.randn(3000, 1, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 40.0
    sigma, target = (torch.full((3000,), level, dtype=torch.float64) for level in (40.0, 0.7))
    assert float(jump_loss(network, path, Jumps(start, sigma, exact(start, sigma, target), target))) < 1e-6
    drawn = jumped(network, path, start, sigma, torch.zeros_like(sigma))
    assert float(drawn.mean()) == pytest.approx(MEAN, abs=0.03)
    assert float(drawn.std()) == pytest.approx(STD, abs=0.03)


def test_two_jumps_meet_in_the_middle_and_all_touch_levels_of_the_walk() -> None:
    for count in (1, 2, 3, 4):
        stops = landings(SIGMAS, count, 0.8)
        assert len(stops) == count + 1
        assert set(stops) <= set(SIGMAS)
        assert (stops[0], stops[-1]) == (SIGMAS[0], 0.0)
        assert all(first > second for first, second in pairwise(stops))
    middle = landings(SIGMAS, 2, 0.8)[1]
    assert abs(math.log(middle / 0.8)) == min(abs(math.log(level / 0.8)) for level in SIGMAS[1:-1])
    learnt = {pair for group in stretches(SIGMAS, 0.8) for pair in group}
    assert set(pairwise(landings(SIGMAS, 3, 0.8))) <= learnt
    for count in (0, 5):
        with pytest.raises(ValueError, match="jumps"):
            landings(SIGMAS, count, 0.8)


@pytest.mark.parametrize("solver", sorted(SOLVERS))
def test_a_walk_holds_the_state_at_every_level(solver: str) -> None:
    start = torch.randn(50, 1, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 40.0
    sigmas = levels(60, lowest=0.01, highest=40.0)
    states = walk(SOLVERS[solver], lambda x, s: MEAN + STD**2 / (STD**2 + s**2) * (x - MEAN), start, sigmas)
    assert set(sigmas) <= set(states)
    sigma = torch.full((50,), 40.0, dtype=torch.float64)
    for level in sigmas[1:]:
        known = exact(start, sigma, torch.full_like(sigma, level))
        assert float((states[level] - known).abs().max()) < 0.1 * max(1.0, level)


def test_a_jump_of_each_group_is_drawn_from_every_walk() -> None:
    states = {level: torch.full((3, 1, 1, 1), level) + torch.arange(3.0).view(3, 1, 1, 1) for level in SIGMAS}
    groups = stretches(SIGMAS, 0.8)
    jumps = drawn_jumps(states, groups, torch.Generator().manual_seed(0))
    walker = torch.arange(3.0).repeat(len(groups))
    assert torch.allclose(jumps.noisy.flatten(), jumps.sigma + walker)
    assert torch.allclose(jumps.landed.flatten(), jumps.target + walker)
    drawn = list(zip(jumps.sigma.tolist(), jumps.target.tolist(), strict=True))
    for number, group in enumerate(groups):
        allowed = [pytest.approx(pair, rel=1e-5) for pair in group]
        assert all(pair in allowed for pair in drawn[3 * number : 3 * number + 3])


class OneNumber(nn.Module):
    """A network for images of one pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))

    def forward(self, scaled: Tensor, time: Tensor, landing: Tensor) -> Tensor:
        told = torch.stack([scaled.flatten(), time / NETWORK_TIME, landing / NETWORK_TIME], dim=1)
        return cast("Tensor", self.layers(told)).view_as(scaled)


def two_values(x: Tensor, sigma: float) -> Tensor:
    """The exact denoiser of pixels that are 0.5 or -0.5."""
    return 0.5 * torch.tanh(0.5 * x / sigma**2)


def test_a_network_learns_to_jump_where_the_denoiser_sees_only_the_mean() -> None:
    torch.manual_seed(0)
    random, network, path = torch.Generator().manual_seed(0), OneNumber(), PRECONDITIONINGS["flow"]()
    optimiser, groups = torch.optim.Adam(network.parameters(), 3e-3), stretches(SIGMAS, 0.8)

    def walked(count: int) -> dict[float, Tensor]:
        start = torch.randn((count, 1, 1, 1), generator=random) * SIGMAS[0]
        return walk(SOLVERS["dpmpp_2m"], two_values, start, SIGMAS)

    for _ in range(400):
        loss = jump_loss(network, path, drawn_jumps(walked(64), groups, random))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def jump(noisy: Tensor, sigma: float, target: float) -> Tensor:
        now, then = (torch.full((len(noisy),), level) for level in (sigma, target))
        return jumped(network, path, noisy, now, then)

    states = walked(500)
    with torch.no_grad():
        for count in (1, 2):
            stops = landings(SIGMAS, count, 0.8)
            plain = euler(two_values, states[SIGMAS[0]], stops, lambda done, total: None)
            landed = leap(jump, states[SIGMAS[0]], stops, lambda done, total: None)
            near, far = ((one - states[0.0]).abs().mean() for one in (landed, plain))
            assert float(near) < 0.5 * float(far), count


def batch_of_four() -> Batch:
    images, labels = four_pictures(SIZE)
    return Batch(torch.from_numpy(images), Condition(torch.from_numpy(labels)), torch.zeros(4, PARAMETERS))


def trained(family: Diffusion, phase: str, steps: int) -> None:
    random, batch = torch.Generator().manual_seed(0), batch_of_four()
    optimiser = torch.optim.Adam(family.parameters(phase), 3e-3)
    for step in range(steps):
        family.network.zero_grad(set_to_none=True)
        family.loss(batch, phase, step, random).total.backward()
        optimiser.step()


LABELS = Condition(torch.tensor([0, 0, 0, 1, 1, 1]))
SEEDS = list(range(6))


def test_a_few_steps_are_jumps_once_these_are_learnt_and_many_steps_stay_as_they_were() -> None:
    torch.manual_seed(0)
    family = Diffusion(tiny("diffusion", jump_share=0.2, steps=8))
    trained(family, DENOISE, 3)
    many, few = family.sample(LABELS, SEEDS), family.sample(LABELS, SEEDS, steps=2)
    assert not family.networks.can_jump
    family.enter(JUMP, batch_of_four())
    assert family.networks.can_jump
    trained(family, JUMP, 3)
    assert torch.equal(family.sample(LABELS, SEEDS), many)
    told: list[tuple[int, int]] = []
    jumps = family.sample(LABELS, SEEDS, steps=2, on_step=lambda done, total: told.append((done, total)))
    assert not torch.allclose(jumps, few, atol=1e-3)
    assert told == [(1, 2), (2, 2)]


def test_a_jump_begins_as_an_euler_step_of_the_denoiser() -> None:
    torch.manual_seed(0)
    fresh = Diffusion(tiny("diffusion", jump_share=0.2, guidance=1.0, steps=8))
    trained(fresh, "denoise", 3)
    fresh.enter(JUMP, batch_of_four())
    start = torch.randn((6, *fresh.latent_shape), generator=torch.Generator().manual_seed(1)) * SIGMAS[0]
    with torch.no_grad():
        stepped = euler(fresh._guided(LABELS), start, landings(SIGMAS, 3, 0.8), lambda done, total: None)
        landed = leap(fresh._jump(LABELS), start, landings(SIGMAS, 3, 0.8), lambda done, total: None)
    assert torch.allclose(stepped, landed, atol=1e-4)


def test_jumps_need_a_share_and_a_walk() -> None:
    assert [stage.name for stage in Diffusion(tiny("diffusion", jump_share=0.0)).stages] == ["denoise"]
    with pytest.raises(ValueError, match="jumps over 3 levels"):
        Diffusion(tiny("diffusion", jump_share=0.2, steps=3))
    with pytest.raises(ValueError, match="no network that jumps"):
        Diffusion(tiny("diffusion", jump_share=0.0)).enter(JUMP, batch_of_four())
