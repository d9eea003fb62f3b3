"""What the endpoints of tables and of views share, apart from their documentation."""

from dataclasses import dataclass
from typing import Any

from flask import Response

from pangolin.services.tables import commits, creation, tables
from pangolin.services.tables.loading import Loaded
from pangolin.services.versioned.addressing import Levels
from pangolin.services.versioned.relations import Relation
from pangolin.web.context import current_context
from pangolin.web.iceberg import parameters, responses

PATH = "/<prefix>/namespaces/<namespace:namespace>"


@dataclass(frozen=True, slots=True)
class Relations:
    """The requests that tables and views have in common."""

    relation: Relation

    def names(self, prefix: str, namespace: Levels) -> Response:
        """Return a page of the names in a namespace."""
        ctx = current_context()
        page = parameters.paging(ctx.settings.max_page_size)
        names, more = tables.list_names(
            ctx, prefix, namespace, self.relation, after=page.after, limit=page.limit
        )
        return responses.identifiers(namespace, names, parameters.token(more))

    def create(self, prefix: str, namespace: Levels, delegation: tuple[str, ...] = ()) -> Loaded:
        """Create what the body describes."""
        request = parameters.body()
        return creation.create(
            current_context(), prefix, namespace, request, self.relation, delegation=delegation
        )

    def register(
        self,
        prefix: str,
        namespace: Levels,
        given: dict[str, Any],
        delegation: tuple[str, ...] = (),
    ) -> Loaded:
        """Register an existing metadata file."""
        return creation.register(
            current_context(),
            prefix,
            namespace,
            given["name"],
            given["metadata_location"],
            overwrite=bool(given.get("overwrite")),
            relation=self.relation,
            delegation=delegation,
        )

    def exists(self, prefix: str, namespace: Levels, name: str) -> Response:
        """Return 204 if it exists."""
        tables.exists(current_context(), prefix, namespace, name, self.relation)
        return responses.nothing()

    def commit(self, prefix: str, namespace: Levels, name: str) -> Loaded:
        """Commit the body's updates if its requirements hold."""
        wire = parameters.commit_body(namespace, name)
        asked = wire["requirements"], wire["updates"]
        return commits.commit(current_context(), prefix, namespace, name, *asked, self.relation)

    def drop(self, prefix: str, namespace: Levels, name: str, *, purge: bool) -> Response:
        """Drop it; with `purge` its files are deleted as well."""
        tables.drop(current_context(), prefix, namespace, name, self.relation, purge=purge)
        return responses.nothing()

    def rename(self, prefix: str, given: dict[str, Any]) -> Response:
        """Rename it, possibly into another namespace."""
        old, new = given["source"], given["destination"]
        before, after = (old["namespace"], old["name"]), (new["namespace"], new["name"])
        tables.rename(current_context(), prefix, before, after, self.relation)
        return responses.nothing()
