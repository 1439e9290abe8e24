"""Cohorts as they are kept in the project database."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, select

from app.domain.cohort import Cohort, Item
from app.domain.errors import BadUsage
from app.domain.recipe import Recipe
from app.store.folders import now
from app.store.project import Project
from app.store.schema import cohort_items, cohorts


def to_json(cohort: Cohort) -> dict[str, Any]:
    """A cohort as JSON values: what a run keeps beside it, so that it can be made again."""
    return asdict(cohort)


def from_json(record: dict[str, Any]) -> Cohort:
    """Inverse of ``to_json``."""
    return Cohort(
        name=record["name"],
        recipe=Recipe.from_json(record["recipe"]),
        items=tuple(Item(**item) for item in record["items"]),
        patients_known=record["patients_known"],
        notices=tuple(record["notices"]),
    )


class Cohorts:
    """Save and load by name."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def save(self, cohort: Cohort) -> None:
        """Keep a cohort; one of the same name is replaced."""
        rows = [
            {
                "cohort": cohort.name,
                "number": number,
                "series": item.series,
                "index": item.index,
                "label": item.label,
                "split": item.split,
                "patient": item.patient,
                "source": item.source,
                "attributes": dict(item.attributes),
            }
            for number, item in enumerate(cohort.items)
        ]
        with self._project.writing() as connection:
            connection.execute(delete(cohorts).where(cohorts.c.name == cohort.name))
            connection.execute(
                insert(cohorts).values(
                    name=cohort.name,
                    created=now(),
                    recipe=cohort.recipe.to_json(),
                    patients_known=cohort.patients_known,
                    notices=list(cohort.notices),
                )
            )
            if rows:
                connection.execute(insert(cohort_items), rows)

    def load(self, name: str) -> Cohort:
        """The cohort of that name.

        Raises:
            BadUsage: ``unknown-cohort``.
        """
        query = select(cohort_items).where(cohort_items.c.cohort == name).order_by(cohort_items.c.number)
        with self._project.reading() as connection:
            head = connection.execute(select(cohorts).where(cohorts.c.name == name)).mappings().first()
            rows = connection.execute(query).mappings().all()
        if head is None:
            raise BadUsage("unknown-cohort", name=name, known=", ".join(self.names()) or "none")
        columns = ("series", "index", "label", "split", "patient", "source", "attributes")
        return Cohort(
            name=name,
            recipe=Recipe.from_json(head["recipe"]),
            items=tuple(Item(**{column: row[column] for column in columns}) for row in rows),
            patients_known=head["patients_known"],
            notices=tuple(head["notices"]),
        )

    def names(self) -> list[str]:
        """Names of all cohorts, newest first."""
        with self._project.reading() as connection:
            query = select(cohorts.c.name).order_by(cohorts.c.created.desc(), cohorts.c.name)
            return list(connection.execute(query).scalars())

    def delete(self, name: str) -> None:
        """Forget a cohort; its runs stay."""
        with self._project.writing() as connection:
            connection.execute(delete(cohorts).where(cohorts.c.name == name))
