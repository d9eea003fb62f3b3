"""The `pangolin` command."""

from pangolin.cli.audit import audit
from pangolin.cli.group import Group
from pangolin.cli.keys import keys
from pangolin.cli.move import copy, export, import_
from pangolin.cli.operate import doctor, gc, init, upgrade
from pangolin.cli.root import root
from pangolin.cli.secrets import secrets
from pangolin.cli.serve import serve
from pangolin.cli.show import openapi, plugins, settings

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
