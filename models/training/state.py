"""Everything that changes while a run trains, in one place: what a checkpoint must hold and a resume must restore.

It knows one family through the contract, its optimisers, averages, random state and deck; not budgets, previews
or files' places.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import monai
import torch
from torch import Tensor, nn

from models import registry
from models.api import Batch, Condition, Family, FamilyConfig, Reconstructs, Stage, Staged, phases_of
from models.config import TrainingPlan
from models.data.feeding import Feed, on_device
from models.training import checkpoint
from models.training.checkpoint import Checkpoint
from models.training.ema import WeightAverages
from models.training.precision import Chosen, autocast, faster
from models.training.seeds import derived, generator

EXAMPLES = 512
"""Training images that a family looks at when a stage begins."""


class DivergedError(RuntimeError):
    """The loss became infinite or not a number at ``step``."""

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss is not a finite number at step {step}; the checkpoint before it still stands")
        self.step = step


class RunState:
    """A family in training."""

    def __init__(self, plan: TrainingPlan, feed: Feed) -> None:
        self.feed = feed
        self.device = torch.device(plan.device)
        torch.manual_seed(derived(plan.seed, "weights"))
        self.family: Family = registry.build(plan.family)
        self.plan = replace(plan, family=self.family.config)
        self.family.network.to(self.device)
        self.optimisers = {phase: self._optimiser(phase) for phase in phases_of(self.family)}
        self.averages = WeightAverages(self.family.network, plan.averages)
        self.average = plan.averages[0]
        self.random = generator(plan.seed, "training")
        self.step = 0
        self.images_seen = 0
        self.stage_number = 0
        self.stage_began = 0
        self.precision: Chosen = "fp32"

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
        self.average = self.plan.averages[0]

    def choose_precision(self) -> None:
        """Settle the number format: as planned, or the faster of the two on this machine."""
        planned = self.plan.precision
        self.precision = faster(self.trial, self.device) if planned == "auto" else planned

    def trial(self, precision: Chosen | None = None) -> None:
        """The work of a step, to be timed: nothing of it stays."""
        batch = on_device(self.feed.plain(self.plan.batch), self.device)
        for phase in self.stage.phases:
            total, _ = self._loss(batch, phase, generator(0, "timing"), precision or self.precision)
            total.backward()  # type: ignore[no-untyped-call]
        self.family.network.zero_grad(set_to_none=True)

    def train_step(self, rate: float) -> dict[str, float]:
        """One optimiser step of every phase at learning rate ``rate``; returns the named parts of the loss.

        Raises:
            DivergedError: the loss is not finite; the weights are those before the step.
        """
        batch = on_device(self.feed.batch(self.plan.batch, self.plan.augmentation, self.random), self.device)
        told: dict[str, float] = {}
        for phase in self.stage.phases:
            total, named = self._loss(batch, phase, self.random, self.precision)
            value = float(total.detach())
            if not torch.isfinite(total.detach()):
                raise DivergedError(self.step + 1)
            self._descend(self.optimisers[phase], total, phase, rate)
            told |= {**named, "total": told.get("total", 0.0) + value}
        self.step += 1
        self.images_seen += self.plan.batch
        self.averages.update(self.step - self.stage_began)
        return told

    @torch.no_grad()
    def held_out_loss(self, batch: Batch) -> float:
        """Loss of the best average on ``batch``, the same noise each time; settles which average that is."""
        scores: dict[float, float] = {}
        moved = on_device(batch, self.device)
        for length in self.averages.lengths:
            with self.averages.worn(length):
                parts = [
                    float(self._loss(moved, phase, generator(0, "held-out"), self.precision)[0])
                    for phase in self.stage.phases
                ]
            scores[length] = sum(parts)
        self.average = min(scores, key=lambda length: scores[length])
        return scores[self.average]

    def preview(self, labels: Tensor, seeds: list[int]) -> Tensor:
        """Samples of the best average on the CPU, of any attributes."""
        nothing = torch.full((len(labels), len(self.plan.family.attributes)), torch.nan)
        with self.averages.worn(self.average), autocast(self.precision, self.device):
            images = self.family.sample(Condition(labels, nothing), seeds, steps=self.plan.preview_steps)
        return images.float().cpu()

    @torch.no_grad()
    def reconstruction(self, batch: Batch) -> Tensor | None:
        """The images of ``batch`` encoded and decoded by the best average, on the CPU; None for other families."""
        if not isinstance(self.family, Reconstructs):
            return None
        moved = on_device(batch, self.device)
        with self.averages.worn(self.average), autocast(self.precision, self.device):
            return self.family.reconstruct(moved.images, moved.condition).float().cpu()

    def save(self, folder: Path, *, seconds: float, held_out_loss: float | None) -> Path:
        """Write a checkpoint and return its path."""
        described = Checkpoint(
            plan=self.plan.to_json(),
            step=self.step,
            images_seen=self.images_seen,
            seconds=seconds,
            precision=self.precision,
            average=self.average,
            held_out_loss=held_out_loss,
            versions={"python": platform.python_version(), "torch": torch.__version__, "monai": monai.__version__},
            position=self.feed.deck.position,
            stage=self.stage_number,
            stage_began=self.stage_began,
        )
        return checkpoint.write(folder, described, self._tensors())

    def restore(self, path: Path) -> Checkpoint:
        """Take up the run where the checkpoint at ``path`` left it.

        Raises:
            ValueError: the checkpoint is damaged, or belongs to another plan.
        """
        described = checkpoint.read(path)
        stored = TrainingPlan.from_json(described.plan)
        if (stored.family, stored.seed, stored.batch) != (self.plan.family, self.plan.seed, self.plan.batch):
            raise ValueError(f"checkpoint {path.name}: it belongs to another run")
        self.family.network.load_state_dict(checkpoint.tensors(path, "network/"))
        for length in self.averages.lengths:
            self.averages.load(length, checkpoint.tensors(path, f"average/{length}/"))
        for phase, optimiser in self.optimisers.items():
            _load_optimiser(optimiser, checkpoint.tensors(path, f"optimiser/{phase}/"))
        random = checkpoint.tensors(path, "random/")
        self.random.set_state(random["training"])
        torch.set_rng_state(random["global"])
        self.feed.deck.order = checkpoint.tensors(path, "deck/")["order"]
        self.feed.deck.position = described.position
        self.stage_number, self.stage_began = described.stage, described.stage_began
        self.step, self.images_seen, self.average = described.step, described.images_seen, described.average
        self.precision = "bf16" if described.precision == "bf16" else "fp32"
        return described

    def _loss(
        self, batch: Batch, phase: str, random: torch.Generator, precision: Chosen
    ) -> tuple[Tensor, Mapping[str, float]]:
        with autocast(precision, self.device):
            terms = self.family.loss(batch, phase, self.step, random)
        return terms.total, terms.named

    def _optimiser(self, phase: str) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            self.family.parameters(phase),
            lr=self.plan.learning_rate,
            betas=self.plan.betas,
            weight_decay=self.plan.weight_decay,
            fused=self.device.type in ("cpu", "cuda"),
        )

    def _descend(self, optimiser: torch.optim.Optimizer, total: Tensor, phase: str, rate: float) -> None:
        for group in optimiser.param_groups:
            group["lr"] = rate
        self.family.network.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.family.parameters(phase), self.plan.clip)
        optimiser.step()

    def _tensors(self) -> dict[str, Tensor]:
        found = {f"network/{name}": value for name, value in self.family.network.state_dict().items()}
        for length in self.averages.lengths:
            found |= {f"average/{length}/{name}": value for name, value in self.averages.state(length).items()}
        for phase, optimiser in self.optimisers.items():
            for number, entry in optimiser.state_dict()["state"].items():
                found |= {f"optimiser/{phase}/{number}/{name}": value for name, value in entry.items()}
        found |= {"random/training": self.random.get_state(), "random/global": torch.get_rng_state()}
        return found | {"deck/order": self.feed.deck.order}


def _load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    entries: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition("/")
        entries.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": entries})


def sampler_of(path: Path, device: torch.device) -> tuple[Family, FamilyConfig]:
    """The family of a checkpoint, wearing the weight average that samples are drawn with.

    Raises:
        ValueError: the checkpoint is damaged or foreign.
    """
    described = checkpoint.read(path)
    config = TrainingPlan.from_json(described.plan).family
    family = registry.build(config)
    weights = checkpoint.tensors(path, "network/")  # averages hold what is not a whole number
    weights |= checkpoint.tensors(path, f"average/{described.average}/")
    if set(weights) != set(family.network.state_dict()):
        raise ValueError(f"checkpoint {path.name}: its weights do not fit its family")
    family.network.load_state_dict(weights)
    family.network.to(device).eval()
    return family, config
