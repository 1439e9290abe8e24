"""The baseline: MONAI's 2D DDPM tutorial recipe, made class-conditional, for the same minutes.

DiffusionModelUNet (128, 256, 256) with attention on the two lower levels and heads of 256 channels, epsilon
prediction over a linear schedule of 1000 steps, Adam at 2.5e-5, no weight average, 50 DDIM steps
(Project-MONAI/tutorials, generation/2d_ddpm). Only the class embedding is ours: the tutorial has no classes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch
from monai.networks.nets import DiffusionModelUNet
from monai.networks.schedulers import DDIMScheduler, DDPMScheduler
from torch.nn import functional

from models.data.feeding import Feed, on_device
from models.data.prepared import PreparedImages
from models.training.augment import Augmentation

BATCH = 16
SAMPLED_AT_ONCE = 32
DDIM_STEPS = 50


def build(data: PreparedImages) -> DiffusionModelUNet:
    """The tutorial's network with a class embedding."""
    return DiffusionModelUNet(
        spatial_dims=2,
        in_channels=data.channels,
        out_channels=data.channels,
        channels=(128, 256, 256),
        attention_levels=(False, True, True),
        num_res_blocks=1,
        num_head_channels=256,
        num_class_embeds=len(data.classes),
    )


def steps(network: DiffusionModelUNet, data: PreparedImages, seed: int, device: str = "cpu") -> Iterator[int]:
    """The tutorial's training loop, step by step: images seen so far; with AMP on a graphics card."""
    random = torch.Generator().manual_seed(seed)
    network.to(device)
    optimiser = torch.optim.Adam(network.parameters(), lr=2.5e-5)
    schedule = DDPMScheduler(num_train_timesteps=1000, schedule="linear_beta")
    mixed = device.startswith("cuda")
    scaler = torch.amp.GradScaler("cuda", enabled=mixed)
    feed = Feed(data, "train")
    seen = 0
    while True:
        batch = on_device(feed.batch(BATCH, Augmentation(share=0.0), random), torch.device(device))
        noise = torch.randn(batch.images.shape, generator=random).to(device)
        times = torch.randint(0, 1000, (BATCH,), generator=random).to(device)
        noisy = schedule.add_noise(original_samples=_unit(batch.images), noise=noise, timesteps=times)
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cuda", dtype=torch.float16, enabled=mixed):
            loss = functional.mse_loss(network(noisy, times, class_labels=batch.condition.labels), noise)
        scaler.scale(loss).backward()
        scaler.step(optimiser)
        scaler.update()
        seen += BATCH
        yield seen


def train(data: PreparedImages, seconds: float, seed: int) -> tuple[DiffusionModelUNet, float]:
    """The network after ``seconds`` of training, and its images per second."""
    torch.manual_seed(seed)
    network = build(data)
    training, seen = steps(network, data, seed), 0
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        seen = next(training)
    return network.eval(), seen / (time.monotonic() - started)


@torch.no_grad()
def sample(network: DiffusionModelUNet, labels: np.ndarray, shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """One image per label, ``(n, C, H, W)`` in [-1, 1]."""
    schedule = DDIMScheduler(num_train_timesteps=1000, schedule="linear_beta")
    schedule.set_timesteps(DDIM_STEPS)
    random = torch.Generator().manual_seed(seed)
    done: list[torch.Tensor] = []
    for wanted in torch.from_numpy(labels).split(SAMPLED_AT_ONCE):
        images = torch.randn((len(wanted), *shape), generator=random)
        for moment in schedule.timesteps:
            told = torch.full((len(wanted),), int(moment))
            images, _ = schedule.step(network(images, told, class_labels=wanted), int(moment), images)
        done.append(images)
    return (torch.cat(done) * 2 - 1).clamp(-1, 1).numpy()


def _unit(images: torch.Tensor) -> torch.Tensor:
    """The tutorial scales images to [0, 1]."""
    return (images + 1) / 2
