"""What `pangolin serve` prints once it listens."""

from pangolin.services.sealing.keyring import KEY_FILE
from pangolin.settings import Settings, masked_url

PLACEHOLDER = "<password>"
TEXT = """
Pangolin serves Apache Iceberg at {url}
  data       {data}
  secrets    {secrets}
  sign in    {who}
  documents  {url}/v1/docs and {url}/api/v1/docs
  try it     (pip install pyiceberg pyarrow)

import pyarrow as pa
from pyiceberg.catalog import load_catalog
catalog = load_catalog("pangolin", type="rest", uri="{url}", warehouse="{catalog}"{auth})
catalog.create_namespace_if_not_exists("demo")
table = catalog.create_table_if_not_exists("demo.hello", schema=pa.schema([("id", pa.int64())]))
table.append(pa.table({{"id": [1, 2, 3]}})); print(table.scan().to_arrow())
"""


def banner(settings: Settings, host: str, port: int, password: str) -> str:
    """Return where the server listens and keeps its data, how to sign in, and what to paste.

    `password` is root's if it was just generated: it is shown only this once.
    """
    named = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return TEXT.format(
        url=f"http://{named}:{port}",
        data=masked_url(settings.store_url) or settings.data_path,
        secrets=_secrets(settings),
        who=_who(settings),
        catalog=settings.default_catalog or "<catalog>",
        auth=_auth(settings, password or PLACEHOLDER),
    )


def _secrets(settings: Settings) -> str:
    if settings.secret_keys or settings.secret_keys_file:
        return "sealed with the configured keys"
    if settings.is_local:
        return f"sealed with the key in {settings.data_path / KEY_FILE}; keep a copy elsewhere"
    return "sealed with a key that is lost when this process ends"


def _who(settings: Settings) -> str:
    if settings.no_auth:
        return "not needed: PANGOLIN_NO_AUTH is set"
    if settings.root_password:
        return f"user {settings.root_user}, password of PANGOLIN_ROOT_PASSWORD"
    return f"user {settings.root_user}, with the password shown when the store was created"


def _auth(settings: Settings, password: str) -> str:
    if settings.no_auth:
        # PyIceberg sends "Bearer None" unless it is told to send nothing.
        return ', auth={"type": "noop"}'
    user = f'"username": "{settings.root_user}", "password": "{password}"'
    return f', auth={{"type": "basic", "basic": {{{user}}}}}'
