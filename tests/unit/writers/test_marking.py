"""What is said is the same in every format, and whatever was typed comes through as a text that the format can hold."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import nibabel as nib
import pydicom
import pytest
from hypothesis import example, given, settings
from PIL import Image

from app.imaging import dicom_writer, marking, nifti_writer, png_writer, tiff_writer, xmp
from app.imaging.dicom_text import line, paragraph
from tests.helpers.judges import dicom_errors
from tests.helpers.labels import TYPED, labels
from tests.helpers.pages import ct_page, real


def with_examples(test):
    for label in TYPED:
        test = example(label)(test)
    return settings(max_examples=60, deadline=None)(given(labels)(test))


@with_examples
def test_a_plain_text_is_short_of_nothing_but_what_no_file_can_hold(label):
    plain = marking.plain(label)
    assert len(plain) == len(label)
    plain.encode()
    ElementTree.fromstring(f"<a>{xmp._text(label)}</a>")
    assert all(new == old for old, new in zip(label, plain, strict=True) if old.isprintable())


@with_examples
def test_dicom_texts_fit_their_representation(label):
    assert "\\" not in line(label)
    assert line("\\" + label).isprintable() or not label.isprintable()
    assert len(line(label).encode()) <= 64
    assert len(paragraph(label, 1024).encode()) <= 1024
    assert line(label) == line(label).strip()


@with_examples
def test_every_format_holds_any_label(label):
    page = ct_page(label=label)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        dicom_writer.write(root / "a.dcm", page)
        nifti_writer.write(root / "a.nii.gz", page)
        png_writer.write(root / "a.png", page)
        tiff_writer.write(root / "a.tif", page)
        dataset = pydicom.dcmread(root / "a.dcm")
        sidecar = json.loads((root / "a.json").read_text(encoding="utf-8"))
        comment = json.loads(nib.load(root / "a.nii.gz").header.extensions[0].get_content().decode().rstrip("\0"))
        with Image.open(root / "a.png") as image:
            texts, png_xmp = image.text, image.info["xmp"]
        with Image.open(root / "a.tif") as image:
            described, tiff_xmp = json.loads(image.tag_v2[270]), image.tag_v2[700]
    plain = marking.plain(label)
    assert sidecar == comment == described
    assert sidecar["Label"] == texts["Label"] == plain
    assert dataset.ImageComments == paragraph(f"class: {label}")
    assert dataset.SeriesDescription == line(f"Synthetic: {label}")
    for packet in (png_xmp, tiff_xmp):
        (shown,) = ElementTree.fromstring(packet).iter(f"{{{xmp.NAMESPACES['dc']}}}subject")
        assert (shown[0][0].text or "") == plain


@pytest.mark.judge
@pytest.mark.parametrize("label", TYPED)
def test_dciodvfy_accepts_every_typed_label(tmp_path, label):
    dicom_writer.write(tmp_path / "a.dcm", ct_page(label=label))
    assert dicom_errors(tmp_path / "a.dcm") == []


@pytest.mark.judge
def test_dciodvfy_would_refuse_a_label_written_as_it_was_typed(tmp_path):
    dataset = dicom_writer.build(ct_page())
    dataset.SeriesDescription = "Synthetic: " + "腫瘍" * 200
    dataset.save_as(tmp_path / "a.dcm")
    assert dicom_errors(tmp_path / "a.dcm")


@pytest.mark.parametrize(("page", "synthetic"), [(ct_page(), True), (real(ct_page()), False)])
def test_only_a_synthetic_picture_names_a_source_type(page, synthetic):
    facts = marking.facts(page)
    assert facts["SyntheticData"] is synthetic
    assert (facts.get("DigitalSourceType") == marking.TRAINED_MEDIA) is synthetic
    assert marking.texts(page)["Synthetic"] == marking.word(page.origin) == ("yes" if synthetic else "no")
    assert ("no patient" in marking.story(page.origin)) is synthetic


def test_a_window_reads_back_exactly():
    low, high = marking.texts(ct_page(window=(-1024.123456789, 3e6)))["Window"].split("..")
    assert (float(low), float(high)) == (-1024.123456789, 3e6)
