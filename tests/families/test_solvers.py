"""Samplers and preconditioning against cases whose answer is known."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.api import Condition
from models.objectives.denoising import denoise, denoising_loss
from models.paths.preconditioning import PRECONDITIONINGS
from models.sampling.guidance import ConditionedDenoise, Guidance, guided
from models.sampling.solvers import SOLVERS, levels

MEAN, STD = 0.3, 0.5


def ideal(x: Tensor, sigma: float) -> Tensor:
    """The exact denoiser of a Gaussian with MEAN and STD."""
    return MEAN + STD**2 / (STD**2 + sigma**2) * (x - MEAN)


def drawn(solver: str, steps: int) -> Tensor:
    sigmas = levels(steps, lowest=0.005, highest=80.0)
    noise = torch.randn(4000, 1, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return SOLVERS[solver](ideal, noise * sigmas[0], sigmas, lambda done, total: None)


@pytest.mark.parametrize("solver", sorted(SOLVERS))
def test_a_gaussian_is_drawn_with_its_mean_and_deviation(solver: str) -> None:
    samples = drawn(solver, 60)
    assert float(samples.mean()) == pytest.approx(MEAN, abs=0.03)
    assert float(samples.std()) == pytest.approx(STD, abs=0.03)


@pytest.mark.parametrize("path", sorted(PRECONDITIONINGS))
@pytest.mark.parametrize("solver", sorted(SOLVERS))
def test_a_gaussian_is_drawn_through_the_scalings_of_either_path(path: str, solver: str) -> None:
    """The network's exact output is known; the samplers see nothing but the denoiser made of it."""
    scalings = PRECONDITIONINGS[path]()

    def network(scaled: Tensor, time: Tensor) -> Tensor:
        sigma = sigma_of(path, scalings, time)
        scale = scalings.scalings(sigma)
        noisy = scaled / scale.into
        return (ideal(noisy, float(sigma[0])) - scale.skip * noisy) / scale.out

    def denoiser(x: Tensor, sigma: float) -> Tensor:
        return denoise(network, scalings, x, torch.full((len(x),), sigma, dtype=torch.float64))

    sigmas = levels(40, lowest=0.01, highest=40.0)
    start = torch.randn(3000, 1, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * sigmas[0]
    samples = SOLVERS[solver](denoiser, start, sigmas, lambda done, total: None)
    assert float(samples.mean()) == pytest.approx(MEAN, abs=0.03)
    assert float(samples.std()) == pytest.approx(STD, abs=0.03)


@pytest.mark.parametrize("solver", ["heun", "dpmpp_2m", "midpoint"])
def test_second_order_solvers_are_nearer_the_exact_flow_than_euler(solver: str) -> None:
    start = torch.randn(500, 1, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 80.0
    exact = MEAN + STD * (start - MEAN) / (80.0**2 + STD**2) ** 0.5
    errors = {
        name: float((SOLVERS[name](ideal, start, levels(20), lambda done, total: None) - exact).abs().mean())
        for name in (solver, "euler")
    }
    assert errors[solver] < 0.5 * errors["euler"]


@pytest.mark.parametrize("solver", sorted(SOLVERS))
def test_every_step_is_told_and_one_step_is_enough_to_run(solver: str) -> None:
    told: list[tuple[int, int]] = []
    sigmas = levels(5)
    SOLVERS[solver](ideal, torch.zeros(1, 1, 1, 1), sigmas, lambda done, total: told.append((done, total)))
    assert told == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    only = SOLVERS[solver](ideal, torch.ones(1, 1, 1, 1), levels(1), lambda done, total: None)
    assert torch.allclose(only, ideal(torch.ones(1, 1, 1, 1), levels(1)[0]))


def test_levels_fall_to_zero() -> None:
    sigmas = levels(9, lowest=0.01, highest=40.0)
    assert sigmas[0] == pytest.approx(40.0)
    assert sigmas[-2] == pytest.approx(0.01)
    assert sigmas[-1] == 0.0
    assert all(first > second for first, second in pairwise(sigmas))
    with pytest.raises(ValueError, match="at least one step"):
        levels(0)


@pytest.mark.parametrize("name", sorted(PRECONDITIONINGS))
def test_the_loss_is_zero_for_the_network_that_makes_the_denoiser_exact(name: str) -> None:
    path = PRECONDITIONINGS[name]()
    latents = torch.full((64, 1, 2, 2), 0.2, dtype=torch.float64)

    def exact(scaled: Tensor, time: Tensor) -> Tensor:
        sigma = sigma_of(name, path, time)
        scale = path.scalings(sigma)
        return (0.2 - scale.skip * (scaled / scale.into)) / scale.out

    assert float(denoising_loss(exact, path, latents, torch.Generator().manual_seed(0))) < 1e-4
    sigma = torch.tensor([0.1, 1.0, 10.0], dtype=torch.float64)
    noisy = torch.randn(3, 1, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.allclose(denoise(exact, path, noisy, sigma), latents[:3], atol=1e-3)


def sigma_of(name: str, path: object, time: Tensor) -> Tensor:
    if name == "edm":
        return torch.exp(time / 250.0)
    share = time / 1000.0
    return share / (1 - share) * 0.5


@pytest.mark.parametrize("name", sorted(PRECONDITIONINGS))
def test_what_the_network_sees_and_says_has_unit_variance(name: str) -> None:
    path = PRECONDITIONINGS[name]()
    random = torch.Generator().manual_seed(0)
    for level in (0.05, 0.5, 5.0):
        sigma = torch.full((1,), level)
        clean = torch.randn(50_000, generator=random) * 0.5
        noisy = clean + level * torch.randn(50_000, generator=random)
        scale = path.scalings(sigma)
        assert float((scale.into * noisy).std()) <= 1.05
        target = (clean - scale.skip * noisy) / scale.out
        assert 0.9 < float(target.std()) < 1.5


def test_guidance_pushes_from_nothing_towards_what_is_asked_and_only_in_its_interval() -> None:
    calls: list[int] = []

    def denoiser(x: Tensor, sigma: Tensor, asked: Condition) -> Tensor:
        calls.append(len(x))
        return asked.labels.float().view(-1, 1, 1, 1).expand_as(x)

    wanted = Condition(torch.tensor([3, 3]))
    step = guided(denoiser, wanted, Guidance(2.0, (0.1, 1.0)))
    x = torch.zeros(2, 1, 1, 1)
    assert float(step(x, 0.5).mean()) == -1 + 2.0 * (3 - -1)
    assert float(step(x, 5.0).mean()) == 3
    assert float(guided(denoiser, wanted, Guidance(1.0, (0.1, 1.0)))(x, 0.5).mean()) == 3
    assert calls == [4, 2, 2]


def test_autoguidance_pushes_away_from_what_a_weaker_network_says_of_the_same_condition() -> None:
    def says(value: float) -> ConditionedDenoise:
        return lambda x, sigma, asked: torch.full_like(x, value) * asked.labels.view(-1, 1, 1, 1)

    wanted = Condition(torch.tensor([1, 2]))
    step = guided(says(5.0), wanted, Guidance(1.5, (0.1, 1.0)), weaker=says(4.0))
    assert step(torch.zeros(2, 1, 1, 1), 0.5).flatten().tolist() == [5.5, 11.0]
    assert step(torch.zeros(2, 1, 1, 1), 5.0).flatten().tolist() == [5.0, 10.0]


def test_a_guided_evaluation_counts_twice() -> None:
    sigmas = (40.0, 2.0, 0.5, 0.05, 0.0)
    assert Guidance(2.0, (0.1, 3.0)).evaluations(sigmas) == 6
    assert Guidance(1.0, (0.1, 3.0)).evaluations(sigmas) == 4
