"""What the project promises in pyproject.toml is true: exact pins, one torch everywhere, every package installed."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]


@pytest.mark.parametrize("pin", PINS)
def test_every_dependency_is_pinned_and_is_what_runs_here(pin: str) -> None:
    name, equals, wanted = pin.partition("==")
    assert equals, f"{pin} names no exact version"
    assert re.fullmatch(r"[\d.]+", wanted)
    assert version(name).partition("+")[0] == wanted


def test_the_installer_names_the_same_torch() -> None:
    torch = next(pin for pin in PINS if pin.startswith("torch=="))
    assert f'TORCH_PIN="{torch}"' in (ROOT / "installers/common/python.sh").read_text(encoding="utf-8")


def test_what_is_named_is_there() -> None:
    for name in (PROJECT["readme"], *PROJECT["license-files"], "ARCHITECTURE.md", "CHANGELOG.md"):
        assert (ROOT / name).stat().st_size > 500, name


def test_the_readme_shows_the_two_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("./installers/linux/run.sh", "./installers/linux/test.sh"):
        assert command in readme
        assert (ROOT / command).stat().st_mode & 0o111, f"{command} cannot be run"
