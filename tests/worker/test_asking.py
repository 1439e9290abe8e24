"""What a picture is asked to show besides its class, from the question to the record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.compose import Services
from app.domain.errors import BadUsage
from app.domain.recipe import Recipe
from app.worker.asking import Asking
from models.api import Attribute
from models.data.prepared import AttributeFacts, PreparedFacts, PreparedImages
from tests.helpers.in_process import do

SEX, AGE = Attribute("Sex", ("F", "M")), Attribute("Age", (), 20.0, 80.0)
ROWS = [
    *[(0, "train", 0.0, 20.0), (0, "train", 0.0, 30.0), (0, "train", 1.0, 80.0), (0, "train", None, 50.0)],
    *[(1, "train", 1.0, 70.0), (1, "test", 0.0, 20.0), (-1, "train", 0.0, 25.0), (2, "test", 0.0, 20.0)],
]


@pytest.fixture
def data(tmp_path: Path) -> PreparedImages:
    count = len(ROWS)
    facts = PreparedFacts(
        classes=("a", "b", "c"),
        labels=tuple(row[0] for row in ROWS),
        split=tuple(row[1] for row in ROWS),
        groups=tuple(range(count)),
        sources=("",) * count,
        pixel_spacing_mm=(None,) * count,
        windows=((0.0, 1.0),) * count,
        attributes=tuple(AttributeFacts(one.name, one.values, one.low, one.high) for one in (SEX, AGE)),
        values=tuple(row[2:] for row in ROWS),
    )
    return PreparedImages.write(tmp_path / "p", np.zeros((count, 1, 16, 16)), facts)


def drawn(asking: Asking, label: int, count: int = 200) -> set[tuple[float | str, ...]]:
    rows = asking.of([label] * count, list(range(count)))
    return {tuple("?" if np.isnan(value) else round(float(value), 3) for value in row) for row in rows}


def test_what_nobody_asks_for_occurs_as_in_the_training_images_of_the_class(data: PreparedImages) -> None:
    asking = Asking(data, (SEX, AGE), {})
    assert drawn(asking, 0) == {(0.0, 0.0), (0.0, 0.167), (1.0, 1.0), ("?", 0.5)}
    assert drawn(asking, 1) == {(1.0, 0.833)}, "neither a test image nor one without a label lends its values"
    assert drawn(asking, 2) == {("?", "?")}, "nothing is known of this class"


def test_what_is_asked_for_brings_what_goes_with_it(data: PreparedImages) -> None:
    assert drawn(Asking(data, (SEX, AGE), {"Sex": "F"}), 0) == {(0.0, 0.0), (0.0, 0.167)}
    assert drawn(Asking(data, (SEX, AGE), {"Age": 78.0}), 0) == {(1.0, 0.967)}
    assert drawn(Asking(data, (SEX, AGE), {"Sex": "F", "Age": 80.0}), 1) == {(0.0, 1.0)}
    assert drawn(Asking(data, (SEX, AGE), {"Sex": "M"}), 2) == {(1.0, "?")}


def test_a_picture_depends_on_its_label_and_seed_alone(data: PreparedImages) -> None:
    asking = Asking(data, (SEX, AGE), {})
    whole = asking.of([0, 1, 0], [5, 6, 7])
    np.testing.assert_array_equal(asking.of([0], [7]), whole[2:])
    words = asking.words(1, 6)
    assert words == {"Sex": "M", "Age": 70.0}
    assert Asking(data, (), {}).of([0, 1], [0, 1]).shape == (2, 0)


def test_a_model_that_knows_more_or_other_attributes_than_the_images(data: PreparedImages) -> None:
    wider = (Attribute("Age", (), 0.0, 100.0), Attribute("Scanner", ("x", "y")), Attribute("Sex", ("M", "F")))
    assert drawn(Asking(data, wider, {}), 1) == {(0.7, "?", 0.0)}


@pytest.fixture
def rich(trained: Services, tmp_path: Path) -> tuple[Services, str]:
    """A run on a cohort with two attributes and images without a label."""
    items = trained.cohorts.load("shapes").items
    rows = [
        f"{Path(i.source).parent.name}/{Path(i.source).name},{'thin' if n % 2 else 'thick'},{n % 7}"
        for n, i in enumerate(items)
    ]
    (tmp_path / "known.csv").write_text("\n".join(["file,stroke,size", *rows]))
    some = [f"{Path(i.source).parent.name}/{Path(i.source).name},{i.label}" for n, i in enumerate(items) if n % 3]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *some]))
    cohort = trained.cohorts.make(
        "rich",
        Recipe(size=32),
        label_by=f"csv:{tmp_path / 'labels.csv'}",
        attributes=[f"csv:{tmp_path / 'known.csv'}"],
        unlabelled=True,
    )
    assert cohort.unlabelled > 5
    job = trained.training.start(cohort, family="vae", steps=5, device="cpu")
    do(job.spec)
    return trained, job.id


def test_a_set_is_drawn_with_what_was_asked_and_keeps_it(rich: tuple[Services, str]) -> None:
    services, run = rich
    assert [one.name for one in services.generation.attributes(run)] == ["size", "stroke"]
    drawn = {}
    for stroke in ("thin", "thick"):
        result = do(services.generation.start(run, per_class=4, attributes={"Stroke": stroke}).spec)
        record = services.generation.load(result["samples"])
        assert record.asked == {"stroke": stroke}
        assert {sample.attributes["stroke"] for sample in record.samples} == {stroke}
        assert len({sample.attributes["size"] for sample in record.samples}) > 1
        drawn[stroke] = services.generation.images(record.id)
    assert not np.array_equal(drawn["thin"], drawn["thick"])
    free = services.generation.load(do(services.generation.start(run, per_class=8).spec)["samples"])
    assert free.asked == {}
    assert {sample.attributes["stroke"] for sample in free.samples} == {"thin", "thick"}


def test_what_the_run_does_not_know_is_refused_at_once(rich: tuple[Services, str]) -> None:
    services, run = rich
    with pytest.raises(BadUsage, match=r"no attribute “age”. Its attributes: size \(0 to 6\); stroke \(thick, thin\)"):
        services.generation.start(run, per_class=1, attributes={"age": "3"})
    with pytest.raises(BadUsage, match="Choose from thick, thin"):
        services.generation.start(run, per_class=1, attributes={"stroke": "wide"})
    plain = next(info.record.id for info in services.training.runs() if info.record.cohort == "shapes")
    with pytest.raises(BadUsage, match="Its attributes: none"):
        services.generation.start(plain, per_class=1, attributes={"stroke": "thin"})
