"""The tables of ``project.db`` as they are now. Older forms live in ``migrations/versions``."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

HEAD = "0004"
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
    Column("frame_of_reference", Text, nullable=False, server_default=""),
    Column("apart", Text, nullable=False, server_default=""),
)

files = Table(
    "files",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False, unique=True),
    Column("study", Text, nullable=False, index=True),
    Column("patient", Text, nullable=False, index=True),
    Column("patient_known", Boolean, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("sop_instance_uid", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("modified_ns", Integer, nullable=False),
    Column("facts", LargeBinary),
)
"""Files of the library. ``study`` is no link: a file is known before its study is put together.

``sha256`` is "" until the pixels were checked; ``facts`` is NULL where the header has to be looked at again.
"""
Index("ix_files_unchecked", files.c.id, sqlite_where=text("sha256 = ''"))

stale = Table("stale", metadata, Column("study", Text, primary_key=True))
"""Studies whose files changed and whose series were not put together again yet."""

instances = Table(
    "instances",
    metadata,
    Column("series", Text, ForeignKey("series.key", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("file", Integer, ForeignKey("files.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("index", Integer, nullable=False),
    Column("position_mm", Float),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    sqlite_with_rowid=False,
)

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

series_tags = Table(
    "series_tags",
    metadata,
    Column("series", Text, ForeignKey("series.key", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
)
"""The person's own words on series (``series.tags`` is what headers say)."""

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
    Column("series", Text, nullable=False, index=True),
    Column("index", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("split", Text, nullable=False),
    Column("patient", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("attributes", JSON, nullable=False, server_default="{}"),
)
"""The slices of a cohort; no link to ``series``, so that a cohort keeps its record when a study is removed."""
