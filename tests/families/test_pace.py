"""The choice of threads, on steps whose time is made up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from models.training.pace import FIRST_S, Pace


@pytest.fixture(autouse=True)
def own_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


class Machine:
    """A clock that a step moves on, by another amount with one thread and with two."""

    def __init__(self, alone: float, together: float) -> None:
        self.now, self.alone, self.together, self.steps = 0.0, alone, together, 0

    def step(self) -> None:
        self.steps += 1
        self.now += self.alone if torch.get_num_threads() == 1 else self.together


@pytest.mark.parametrize(("together", "threads"), [(0.6, 2), (0.95, 1), (8.0, 1)])
def test_more_threads_only_where_they_pay(together: float, threads: int) -> None:
    machine = Machine(1.0, together)
    pace = Pace(machine.step, lambda: machine.now)
    pace.keep()
    assert torch.get_num_threads() == threads
    pace.close()
    assert torch.get_num_threads() == 2


def test_it_looks_again_and_follows_a_machine_that_becomes_idle() -> None:
    machine = Machine(1.0, 8.0)
    pace = Pace(machine.step, lambda: machine.now)
    pace.keep()
    looked = machine.steps
    pace.keep()
    assert machine.steps == looked
    machine.together, machine.now = 0.6, machine.now + 2 * FIRST_S
    pace.keep()
    assert torch.get_num_threads() == 2


def test_steps_that_become_slow_call_for_a_new_look_at_once() -> None:
    machine = Machine(1.0, 0.6)
    pace = Pace(machine.step, lambda: machine.now)
    for _ in range(12):
        pace.keep()
        machine.step()
    assert torch.get_num_threads() == 2
    machine.together = 4.0
    for _ in range(7):
        pace.keep()
        machine.step()
    assert torch.get_num_threads() == 1
