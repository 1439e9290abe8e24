"""Everything that changes while a run trains, in one place: what a checkpoint must hold and a resume must restore.

It knows one family through the contract, its optimisers, averages, random state and deck; not budgets, previews
or files' places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from models import registry
from models.api import Batch, Condition, Family, Reconstructs, Stage, Staged, phases_of
from models.config import TrainingPlan
from models.data.feeding import Feed, on_device
from models.training import checkpoint, storing
from models.training.checkpoint import Checkpoint
from models.training.distributed import Leader
from models.training.ema import WeightAverages
from models.training.memory import Portions
from models.training.precision import Chosen, autocast, faster
from models.training.seeds import derived, generator
from models.training.setbacks import DivergedError, Setbacks

EXAMPLES = 512
"""Training images that a family looks at when a stage begins."""
LATE = 1_000_000
"""The step that held-out images are judged at: every weight of a loss that grows at first has its full size."""

T = TypeVar("T")


class RunState:
    """A family in training.

    Attributes:
        portions: how many images go through the network together; fewer than a batch once memory ran out.
        setbacks: where the run went out of bounds.
        average: length of the weight average that is worn for samples.
        leader: asks the other ranks where several devices train together, else None.
    """

    def __init__(self, plan: TrainingPlan, feed: Feed) -> None:
        self.feed = feed
        self.device = torch.device(plan.device)
        torch.manual_seed(derived(plan.seed, "weights"))
        # Left out: channels_last (0.9 to 1.0 times the speed on MONAI's U-Net; families may lay out their own weights),
        # and torch.compile, which takes over a minute and a C++ compiler before the first step.
        self.family: Family = registry.build(plan.family)
        self.plan = replace(plan, family=self.family.config)
        self.family.network.to(self.device)
        self.optimisers = {phase: self._optimiser(phase) for phase in phases_of(self.family)}
        self.averages = WeightAverages(self.family.network, plan.averages)
        self.average = plan.average
        self.random = generator(plan.seed, "training")
        self.step = 0
        self.images_seen = 0
        self.stage_number = 0
        self.stage_began = 0
        self.precision: Chosen = "fp32"
        self.portions = Portions(plan.batch, self.device)
        self.setbacks = Setbacks()
        self.leader: Leader | None = None

    @property
    def stage(self) -> Stage:
        """The stretch of training that lasts."""
        return self.family.stages[self.stage_number]

    def enter(self, number: int) -> None:
        """Begin stage ``number``: what was learnt so far is worn as its best average, and averages begin anew."""
        self.averages.settle(self.average)
        self.stage_number, self.stage_began = number, self.step
        if isinstance(self.family, Staged):
            examples = on_device(self.feed.plain(EXAMPLES), self.device)
            with torch.no_grad():
                self.family.enter(self.stage.name, examples)
        self.averages = WeightAverages(self.family.network, self.plan.averages)
        self.average = self.plan.average

    def choose_precision(self) -> None:
        """Settle the number format: as planned, or the faster of the two on this machine."""
        planned = self.plan.precision
        self.precision = faster(self.trial, self.device) if planned == "auto" else planned

    def trial(self, precision: Chosen | None = None) -> None:
        """The work of a step, to be timed: nothing of it stays."""

        def work() -> None:
            batch = on_device(self.feed.plain(self.portions.at_once), self.device)
            for phase in self.stage.phases:
                total, _ = self._loss(batch, phase, generator(0, "timing"), precision or self.precision)
                total.backward()  # type: ignore[no-untyped-call]

        self._fitting(work)
        self.family.network.zero_grad(set_to_none=True)

    def train_step(self, rate: float) -> dict[str, float]:
        """One optimiser step of every phase at learning rate ``rate``; returns the named parts of the loss.

        Raises:
            DivergedError: a loss or its gradient is not finite; the phase's weights are those before the step.
            TooLargeError: not even one image fits into memory.
        """
        batch = self.feed.batch(self.plan.batch, self.plan.augmentation, self.random)
        told: dict[str, float] = {}
        for phase in self.stage.phases:
            began = self.random.get_state()

            def work(phase: str = phase, began: Tensor = began) -> dict[str, float]:
                self.random.set_state(began)
                return self._gradients(batch, phase)

            named = self._fitting(work) if self.leader is None else self._together(self.leader, batch, phase)
            self._descend(phase, rate * self.setbacks.rate)
            told |= {**named, "total": told.get("total", 0.0) + named["total"]}
        self.step += 1
        self.images_seen += self.plan.batch
        self.averages.update(self.step - self.stage_began)
        return told

    def step_back(self, source: Path | None, error: DivergedError) -> Checkpoint | None:
        """Go on from the checkpoint ``source`` (returned), or anew, at a lower rate and with other random numbers.

        Without those the same poisoned step would come again.

        Raises:
            DivergedError: it has happened too often of late.
        """
        setbacks = self.setbacks.after(error)
        if source is None:
            self._begin_again()
        described = None if source is None else self.restore(source)
        self.setbacks = setbacks
        self.random = generator(self.plan.seed, "training", len(setbacks.steps))
        self.feed.deck.shuffle(self.random)
        return described

    @torch.no_grad()
    def held_out_loss(self, batch: Batch, *, choose: bool = False, closely: bool = False) -> float:
        """Loss of the worn average on ``batch``, the same noise each time.

        Args:
            batch: held-out images.
            choose: judge every length that is followed, and wear the best from now on.
            closely: as well as those between the best and its neighbours.
        """
        lengths = self.averages.lengths if choose else (self.average,)
        scores = {length: self._score(batch, length) for length in lengths}
        best = min(scores, key=lambda length: scores[length])
        if choose and closely:
            scores |= {length: self._score(batch, length) for length in self.averages.between(best)}
            best = min(scores, key=lambda length: scores[length])
        self.average = best
        return scores[best]

    def preview(self, labels: Tensor, seeds: list[int]) -> Tensor:
        """Samples of the worn average on the CPU, of any attributes."""
        nothing = torch.full((len(labels), len(self.plan.family.attributes)), torch.nan)
        asked = Condition(labels, nothing)

        def draw(part: slice) -> Tensor:
            return self.family.sample(asked[part], seeds[part], steps=self.plan.preview_steps)

        return self._worn(draw, len(labels))

    @torch.no_grad()
    def reconstruction(self, batch: Batch) -> Tensor | None:
        """The images of ``batch`` encoded and decoded by the worn average, on the CPU; None for other families."""
        family = self.family
        if not isinstance(family, Reconstructs):
            return None

        def draw(part: slice) -> Tensor:
            moved = on_device(_portion(batch, part), self.device)
            return family.reconstruct(moved.images, moved.condition)

        return self._worn(draw, len(batch.images))

    def save(self, folder: Path, *, seconds: float, held_out_loss: float | None, **told: Any) -> Path:
        """Write a checkpoint and return its path; ``told`` are further fields of ``Checkpoint``.

        Raises:
            DivergedError: a weight is not finite; nothing was written.
            OSError: the folder cannot be written.
        """
        if not all(bool(torch.isfinite(value).all()) for value in self.family.network.parameters()):
            raise DivergedError(self.step)
        described = storing.described(self, seconds=seconds, held_out_loss=held_out_loss, **told)
        return checkpoint.write(folder, described, storing.tensors_of(self))

    def restore(self, path: Path) -> Checkpoint:
        """Take up the run where the checkpoint at ``path`` left it.

        Raises:
            ValueError: the checkpoint is damaged, or belongs to another plan.
        """
        return storing.take_up(self, path)

    def _begin_again(self) -> None:
        fresh = RunState(self.plan, self.feed)
        fresh.precision, fresh.portions, fresh.leader = self.precision, self.portions, self.leader
        self.feed.deck.order, self.feed.deck.position = torch.empty(0, dtype=torch.int64), 0
        for name, value in vars(fresh).items():
            setattr(self, name, value)

    def _fitting(self, work: Callable[[], T]) -> T:
        return self.portions.fitting(work, lambda: self.family.network.zero_grad(set_to_none=True))

    def _gradients(self, batch: Batch, phase: str) -> dict[str, float]:
        """Gradient of the loss of the whole batch, portion by portion; returns its named parts.

        Raises:
            DivergedError: the loss is not finite.
        """
        self.family.network.zero_grad(set_to_none=True)
        told: dict[str, float] = {}
        for part in self.portions.of(len(batch.images)):
            portion = on_device(_portion(batch, part), self.device)
            share = len(portion.images) / len(batch.images)
            total, named = self._loss(portion, phase, self.random, self.precision)
            value = float(total.detach())
            if value - value != 0.0:  # infinite or not a number
                raise DivergedError(self.step + 1)
            (total * share).backward()  # type: ignore[no-untyped-call]
            for name, part_value in {**named, "total": value}.items():
                told[name] = told.get(name, 0.0) + share * part_value
        return told

    def _together(self, leader: Leader, batch: Batch, phase: str) -> dict[str, float]:
        """As ``_gradients``, computed by all ranks of a team."""
        seeds = torch.randint(2**31, (leader.size,), generator=self.random).tolist()
        named = leader.gradients(self.family, batch, self.precision, phase=phase, step=self.step, seeds=seeds)
        if named["total"] - named["total"] != 0.0:
            raise DivergedError(self.step + 1)
        return named

    def _descend(self, phase: str, rate: float) -> None:
        norm = nn.utils.clip_grad_norm_(self.family.parameters(phase), self.plan.clip)
        if not bool(torch.isfinite(norm)):
            raise DivergedError(self.step + 1)
        optimiser = self.optimisers[phase]
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()

    def _score(self, batch: Batch, length: float) -> float:
        """Mean loss over the stage's phases of one average on held-out images."""

        def work() -> float:
            total = 0.0
            for phase in self.stage.phases:
                random = generator(0, "held-out")
                for part in self.portions.of(len(batch.images)):
                    portion = on_device(_portion(batch, part), self.device)
                    loss, _ = self._loss(portion, phase, random, self.precision, LATE)
                    total += float(loss) * len(portion.images) / len(batch.images)
            return total

        with self.averages.worn(length):
            return self._fitting(work)

    def _worn(self, draw: Callable[[slice], Tensor], count: int) -> Tensor:
        """Images drawn in portions by the worn average, on the CPU."""

        def work() -> Tensor:
            return torch.cat([draw(part).float().cpu() for part in self.portions.of(count)])

        with self.averages.worn(self.average), autocast(self.precision, self.device):
            return self._fitting(work)

    def _loss(
        self, batch: Batch, phase: str, random: torch.Generator, precision: Chosen, step: int | None = None
    ) -> tuple[Tensor, Mapping[str, float]]:
        with autocast(precision, self.device):
            terms = self.family.loss(batch, phase, self.step if step is None else step, random)
        return terms.total, terms.named

    def _optimiser(self, phase: str) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            self.family.parameters(phase),
            lr=self.plan.learning_rate,
            betas=self.plan.betas,
            weight_decay=self.plan.weight_decay,
            fused=self.device.type in ("cpu", "cuda"),
        )


def _portion(batch: Batch, part: slice) -> Batch:
    return Batch(batch.images[part], batch.condition[part], batch.augmentation[part])
