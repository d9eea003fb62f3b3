"""What a blueprint of a plugin works with: who asks, whether they may, and a documented blueprint.

The one home of these names, from which `pangolin.plugin` exports what it promises.
"""

from pangolin.services.authz.access import require
from pangolin.services.context.context import Context
from pangolin.services.context.resource import Resource
from pangolin.web.blueprint import Blueprint
from pangolin.web.context import current_context

__all__ = ["Blueprint", "Context", "Resource", "current_context", "require"]
