"""The `pangolin` command."""

from pangolin.cli.audit import audit
from pangolin.cli.group import Group
from pangolin.cli.inspect import openapi, plugins, settings
from pangolin.cli.keys import keys
from pangolin.cli.maintenance import doctor, gc, init, upgrade
from pangolin.cli.root import root
from pangolin.cli.secrets import secrets
from pangolin.cli.serve import serve
from pangolin.cli.transfer import copy, export, import_

main = Group(
    "pangolin",
    help="A multi-tenant lakehouse catalog for Apache Iceberg.",
    commands=[
        serve,
        init,
        upgrade,
        copy,
        export,
        import_,
        gc,
        audit,
        keys,
        secrets,
        root,
        doctor,
        plugins,
        settings,
        openapi,
    ],
)

__all__ = ["main"]
