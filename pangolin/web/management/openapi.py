"""How the management endpoints are documented."""

from collections.abc import Callable
from typing import cast

from marshmallow import Schema

from pangolin.web import blueprint, openapi
from pangolin.web.blueprint import F
from pangolin.web.openapi import IDEMPOTENCY_KEY


class Blueprint(blueprint.Blueprint):
    """A blueprint of the management API."""

    COMMON = (*openapi.COMMON, 404)

    def changing(self, *statuses: int, query: type[Schema] | None = None) -> Callable[[F], F]:
        """Document an endpoint that changes something: its error answers and the Idempotency-Key.

        `query` repeats the schema of the query, because parameters that are named replace those
        found.
        """
        asked = [{"in": "query", "schema": query}] if query else []

        def decorate(view: F) -> F:
            documented = self.failures(409, 415, 422, *statuses)(view)
            return cast(F, self.doc(parameters=[IDEMPOTENCY_KEY, *asked])(documented))

        return decorate
