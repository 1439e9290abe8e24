"""What a person may write for a time, a list, a device, a count."""

from __future__ import annotations

import argparse

import pytest

from app.cli import arguments


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400), ("1.5h", 5400), ("5min", 300), ("overnight", 28800)],
)
def test_a_time_is_read_in_seconds(text: str, seconds: float) -> None:
    assert arguments.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "0s", "-5m", "5 years", "1m2h", "nan"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a time"):
        arguments.duration(text)


def test_a_list_keeps_its_order_and_names_each_once() -> None:
    assert arguments.listed("png", "dicom", "nifti")(" NIfTI,png,png,") == ("nifti", "png")


@pytest.mark.parametrize("text", ["", ",", "png,gif"])
def test_a_list_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="png, dicom"):
        arguments.listed("png", "dicom")(text)


@pytest.mark.parametrize("text", ["auto", "cpu", "mps", "cuda", "cuda:3"])
def test_devices_are_known_by_their_names(text: str) -> None:
    assert arguments.device(text) == text


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (arguments.device, "cuda:x"),
        (arguments.at_least(1), "0"),
        (arguments.at_least(0), "2.5"),
        (arguments.positive, "0"),
        (arguments.positive, "inf"),
        (arguments.positive, "nan"),
        (arguments.positive, "much"),
    ],
)
def test_numbers_out_of_range_are_refused(read: type[object], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        read(text)
