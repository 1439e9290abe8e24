"""The tables of ``project.db`` as they are now. Older forms live in ``migrations/versions``."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text

HEAD = "0002"
"""Newest migration: a database at this version is opened without looking further."""

metadata = MetaData()

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

studies = Table(
    "studies",
    metadata,
    Column("key", Text, primary_key=True),
    Column("patient", Text, nullable=False),
    Column("patient_known", Boolean, nullable=False),
    Column("label", Text, nullable=False),
    Column("date", Text, nullable=False),
)

series = Table(
    "series",
    metadata,
    Column("key", Text, primary_key=True),
    Column("study", Text, ForeignKey("studies.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("modality", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("spacing_mm", JSON, nullable=False),
    Column("orientation", JSON, nullable=False),
    Column("unit", Text, nullable=False),
    Column("bits", Integer, nullable=False),
    Column("warnings", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
)

instances = Table(
    "instances",
    metadata,
    Column("series", Text, ForeignKey("series.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("index", Integer, nullable=False),
    Column("position_mm", Float),
    Column("sop_instance_uid", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
)
Index("ix_instances_sha256", instances.c.sha256)
Index("ix_instances_sop_instance_uid", instances.c.sop_instance_uid)

quarantine = Table(
    "quarantine",
    metadata,
    Column("path", Text, primary_key=True),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

labels = Table(
    "labels",
    metadata,
    Column("series", Text, ForeignKey("series.key", ondelete="CASCADE"), primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("label", Text, nullable=False),
)
"""Labels given by hand; index -1 speaks for the whole series."""

cohorts = Table(
    "cohorts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("created", Text, nullable=False),
    Column("recipe", JSON, nullable=False),
    Column("patients_known", Boolean, nullable=False),
    Column("notices", JSON, nullable=False),
)

cohort_items = Table(
    "cohort_items",
    metadata,
    Column("cohort", Text, ForeignKey("cohorts.name", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("series", Text, nullable=False),
    Column("index", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("split", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("source", Text, nullable=False),
)
"""The slices of a cohort; no link to ``series``, so that a cohort keeps its record when a study is removed."""
