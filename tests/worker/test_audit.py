"""The audit of a hand-made sample set: what it measures, what it leaves, and what it refuses."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from app.domain.audit import AuditRecord, Level
from app.domain.audit_rules import STRANGE_FAIL
from app.domain.errors import Refused, Stopped
from app.store import audits as audit_store
from app.store.folders import read_json
from app.worker.audit import audit, strange_share
from app.worker.channel import RecordingChannel
from models.data.prepared import PreparedImages
from models.evaluate.neighbours import CopyCheck
from tests.helpers.projects import throw_out


@pytest.fixture(scope="module")
def folder(audited):
    return audited.root / "audits" / "audit-1"


@pytest.fixture(scope="module")
def record(folder):
    return AuditRecord.from_json(read_json(folder / "audit.json"))


def test_planted_copies_are_found_with_their_training_images(record, audited):
    assert record.suspected_copies == (0, 1)
    train = [i for i, item in enumerate(audited.cohort.items) if (item.split, item.label) == ("train", "clear")]
    nearest = {number: index for number, index, _ in record.nearest}
    assert [nearest[0], nearest[1]] == train[:2]
    assert record.reference == "held-out"
    assert record.level("copies") is Level.CAUTION


def test_every_question_has_a_sentence_with_figures(record):
    assert [verdict.metric for verdict in record.verdicts] == ["fidelity", "classes", "copies"]
    for verdict in record.verdicts:
        assert verdict.sentence.endswith(".")
        assert any(c.isdigit() for c in verdict.sentence)
        assert verdict.figures
    assert record.level("classes") is Level.PASS


def test_every_picture_has_its_pair_beside_it(record, folder):
    assert len(list((folder / "pairs").iterdir())) == 16
    with Image.open(folder / "pairs" / "0.png") as pair:
        pixels = np.asarray(pair)
    side = pixels.shape[0]
    left, right = pixels[:, :side], pixels[:, -side:]
    np.testing.assert_allclose(left.astype(int), right.astype(int), atol=1)
    with Image.open(folder / "pairs" / "5.png") as pair:
        pixels = np.asarray(pair).astype(int)
    assert np.abs(pixels[:, :side] - pixels[:, -side:]).mean() > 5


def test_the_report_is_one_page_that_names_no_source(folder, audited):
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Suspected copies come first" in page
    assert page.count('class="suspect"') == 2
    assert page.count("data:image/png;base64,") >= 4 + 2 + 12
    assert 'src="http' not in page
    assert "Zebrowski" not in page
    assert str(audited.sources[0].parent.parent) not in page


def test_noise_is_strange_and_further_draws_are_not(audited):
    (folder,) = (audited.root / "cache" / "prepared").iterdir()
    data = PreparedImages.open(folder)
    random = np.random.default_rng(1)
    noise = random.uniform(-1, 1, (12, 1, 32, 32)).astype(np.float32)
    drawn = np.load(audited.root / "samples" / audited.samples / "images.npy")[2:]
    check = CopyCheck(data)
    assert strange_share(data, check.nearest(noise).distance) == 1.0
    share = strange_share(data, check.nearest(drawn).distance)
    assert share is not None
    assert share < STRANGE_FAIL


def test_an_audit_speaks_only_for_the_pictures_it_saw(ground_project, ground):
    samples = audit_store.load_samples(ground_project, ground.samples)
    assert audit_store.speaking_audit(ground_project, samples).id == "audit-1"
    throw_out(ground_project, samples, {3})
    assert audit_store.speaking_audit(ground_project, audit_store.load_samples(ground_project, ground.samples)) is None
    throw_out(ground_project, samples, set())
    images = np.load(ground_project.samples / ground.samples / "images.npy")
    images[0] += 0.01
    np.save(ground_project.samples / ground.samples / "images.npy", images)
    assert audit_store.speaking_audit(ground_project, samples) is None


def test_stopping_leaves_nothing(ground_project, ground):
    channel = RecordingChannel()
    channel.stop_asked = True
    with pytest.raises(Stopped):
        audit(ground_project, ground.samples, channel, audit_id="audit-2")
    assert [path.name for path in ground_project.audits.iterdir()] == ["audit-1"]


def test_learnt_images_that_cannot_be_made_again_are_refused(ground_project, ground):
    shutil.rmtree(ground_project.cache / "prepared")
    run = ground_project.runs / "run-1" / "run.json"
    run.write_text(run.read_text().replace("cache/prepared/", "cache/prepared/0"))
    with pytest.raises(Refused) as refusal:
        audit(ground_project, ground.samples, RecordingChannel())
    assert refusal.value.code == "learnt-images-changed"
