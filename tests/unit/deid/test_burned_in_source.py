"""How a data set's values are shown, and where its regions lie, read from real headers."""

from __future__ import annotations

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file

from app.deid.burned_in.blackout import blackout
from app.deid.burned_in.boxes import Box
from app.deid.burned_in.report import Finding, TextReport
from app.deid.burned_in.source import display_of, regions_of
from app.deid.burned_in.views import Display


def test_windows_come_in_stored_values() -> None:
    dataset = dcmread(get_testdata_file("CT_small.dcm"))
    dataset.WindowCenter, dataset.WindowWidth = [40, 300], [400, 1500]
    dataset.RescaleIntercept, dataset.RescaleSlope = -1024, 2
    assert display_of(dataset) == Display("MONOCHROME2", ((432.0, 632.0), (287.0, 1037.0)), (-32768, 32767))


def test_black_of_a_palette_is_its_darkest_colour() -> None:
    dataset = dcmread(get_testdata_file("examples_palette.dcm"))
    display = display_of(dataset)
    frame = dataset.pixel_array
    box = Box(4, 4, 20, 60)
    report = TextReport((frame.shape[0], frame.shape[1]), 1, (Finding(box, (0,), "", 1.0, known=False),), display)
    painted = blackout(frame[None], report)[0]
    assert np.unique(painted[box.slices]).tolist() == [int(np.argmin(display.palette))]
    assert min(display.palette) < 10
    assert max(display.palette) <= 255


def test_colours_that_are_decoded_to_rgb_are_called_so() -> None:
    dataset = dcmread(get_testdata_file("examples_ybr_color.dcm"))
    assert display_of(dataset).photometric == "RGB"


def test_regions_hold_their_last_row_and_column() -> None:
    region = Dataset()
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 10, 20
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 99, 79
    dataset = Dataset()
    assert regions_of(dataset) == ()
    dataset.SequenceOfUltrasoundRegions = [region]
    assert regions_of(dataset) == (Box(20, 10, 80, 100),)
