"""A small classifier of real images: the yardstick for generated ones, and the space in which they are compared.

It is trained on the real training split alone, each time from its seed. No generator is ever trained or chosen with
it. Where there are fewer than two classes it learns to tell the four quarter turns instead, so that its features
still know the anatomy. It knows arrays and labels, not families.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.data.prepared import PreparedImages
from models.training.augment import Augmentation
from models.training.seeds import derived, generator

SIDE = 32
"""Larger images are averaged down to this side first."""
FEATURES = 64
EPOCHS = 24
BATCH = 64
RATE = 3e-3
FEWEST_STEPS = 60
"""Optimiser steps that even a handful of images gets."""
STEADY = Augmentation(share=0.8, degrees=10.0, scale=0.1, shift=0.06)
OnProgress = Callable[[int, int], None]
Images = NDArray[np.floating[Any]]


class _Network(nn.Module):
    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_block(channels, 32),
            nn.MaxPool2d(2),
            *_block(32, 64),
            *_block(64, 64),
            nn.MaxPool2d(2),
            *_block(64, 128),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(128, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(FEATURES, outputs))

    def forward(self, images: Tensor) -> Tensor:
        output: Tensor = self.head(self.features(images))
        return output


def _block(inside: int, outside: int) -> list[nn.Module]:
    return [nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]


@dataclass(frozen=True, slots=True)
class Judge:
    """A trained classifier.

    Attributes:
        network: in evaluation mode.
        knows_classes: whether it tells the classes (and not the quarter turns).
    """

    network: _Network
    knows_classes: bool

    def look(self, images: Images) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Features ``(n, FEATURES)`` and predicted class ``(n,)`` of images ``(n, C, H, W)`` in [-1, 1]."""
        if not len(images):
            return np.zeros((0, FEATURES)), np.zeros(0, dtype=np.int64)
        found: list[Tensor] = []
        with torch.no_grad():
            for part in torch.from_numpy(np.array(images, dtype=np.float32)).tensor_split(-(-len(images) // 256)):
                found.append(self.network.features(_small(part)))
            features = torch.cat(found)
            predicted = self.network.head(features).argmax(dim=1)
        return features.double().numpy(), predicted.numpy().astype(np.int64)


def train_judge(data: PreparedImages, *, seed: int, on_progress: OnProgress | None = None) -> Judge:
    """Train the classifier on the training split; the best epoch on the validation split is kept.

    Args:
        data: prepared images.
        seed: decides everything; the same data and seed give the same classifier on one machine.
        on_progress: called after each epoch with (epochs done, epochs in all).

    Raises:
        ValueError: there are no training images.
    """
    train, held = data.subset("train"), data.subset("val")
    if not len(train):
        raise ValueError("there are no training images")
    labelled = train[data.labels[train] >= 0]
    several = len(np.unique(data.labels[labelled])) > 1
    used = labelled if several else train
    held = held[data.labels[held] >= 0] if several else held
    make = _told if several else _turned
    course = _Course(
        training=make(data, used), held=make(data, held), outputs=len(data.classes) if several else 4, seed=seed
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived(seed, "judge"))
        return Judge(course.run(data.channels, on_progress), several)


@dataclass(frozen=True, slots=True)
class _Course:
    """One training of the classifier."""

    training: tuple[Tensor, Tensor]
    held: tuple[Tensor, Tensor]
    outputs: int
    seed: int

    def run(self, channels: int, on_progress: OnProgress | None) -> _Network:
        network = _Network(channels, self.outputs)
        random = generator(self.seed, "judge")
        rounds = max(1, len(self.training[0]) // BATCH)
        epochs = max(EPOCHS, -(-FEWEST_STEPS // rounds))
        optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
        rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=epochs * rounds, pct_start=0.2)
        weight = _balance(self.training[1], self.outputs)
        best, kept = float("inf"), network.state_dict()
        for epoch in range(epochs):
            network.train()
            order = torch.randperm(len(self.training[0]), generator=random)
            for hand in order[: rounds * BATCH].tensor_split(rounds):
                loss = functional.cross_entropy(*self._shown(network, hand, random), weight, label_smoothing=0.05)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                rates.step()
            score = self._held_loss(network, weight)
            if score <= best:
                best, kept = score, {name: value.clone() for name, value in network.state_dict().items()}
            if on_progress is not None:
                on_progress(epoch + 1, epochs)
        network.load_state_dict(kept)
        return network.eval()

    def _shown(self, network: _Network, hand: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
        """Answers to the moved images of ``hand``, and what they should be."""
        images, labels = self.training
        if len(hand) == 1:  # one image has no batch statistics: show it twice
            hand = hand.repeat(2)
        moved, _ = STEADY.apply(images[hand], random)
        return network(moved), labels[hand]

    def _held_loss(self, network: _Network, weight: Tensor) -> float:
        """Loss on the validation images; 0 where there are none, so that the last epoch stays."""
        network.eval()
        images, labels = self.held
        if not len(images):
            return 0.0
        with torch.no_grad():
            return float(functional.cross_entropy(network(images), labels, weight=weight))


def _small(images: Tensor) -> Tensor:
    return functional.adaptive_avg_pool2d(images, SIDE) if images.shape[-1] > SIDE else images


def _told(data: PreparedImages, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    return _small(torch.from_numpy(data.images(indices))), torch.from_numpy(data.labels[indices])


def _turned(data: PreparedImages, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    images = _small(torch.from_numpy(data.images(indices)))
    turns = torch.arange(4).repeat_interleave(len(images))
    return torch.cat([torch.rot90(images, turn, (2, 3)) for turn in range(4)]), turns


def _balance(labels: Tensor, outputs: int) -> Tensor:
    """Weights that let every class count alike."""
    counts = torch.bincount(labels, minlength=outputs).clamp(min=1).float()
    return counts.sum() / (outputs * counts)
