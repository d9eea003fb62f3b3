"""The how-to pages are typed too: each on a fresh catalog of one server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, Block, blocks, shown
from tests.docs.reader import environ_of, install_extensions
from tests.docs.typed import Typed, typing
from tests.servers.gcp import Gcp
from tests.servers.live import PASSWORD, Live, serving

PAGES = (
    "connect-duckdb",
    "connect-pyiceberg",
    "deploy-under-gunicorn",
    "let-services-in",
    "manage-users-and-access",
    "manage-warehouses",
    "move-and-back-up",
    "move-and-purge",
    "vend-credentials-aws",
    "vend-credentials-azure",
    "vend-credentials-gcp",
    "work-with-branches-and-tags",
    "write-a-storage-backend",
)
# PyIceberg reads its file when it is imported, and the page goes on in a new Python.
FORGET = (
    "import sys\nfor name in [n for n in sys.modules if 'pyiceberg' in n]: del sys.modules[name]"
)
pytestmark = pytest.mark.integration


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    """Serve the quick start in a directory of the test's own."""
    with serving(tmp_path, {"PANGOLIN_ROOT_PASSWORD": PASSWORD}, "--workers", "2") as running:
        yield running


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Typed]:
    """A reader's Python."""
    home = tmp_path / "home"
    home.mkdir()
    install_extensions(home)
    with typing(tmp_path, environ_of(home)) as running:
        yield running


@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_as_it_is_written(
    page: str, server: Live, python: Typed, tmp_path: Path
) -> None:
    # What Google returns when a key is created.
    (tmp_path / "key.json").write_text(Gcp().service_account())
    printed = ""
    for block in blocks(DOCS / f"how-to/{page}.md"):
        text = _filled_in(block.text, server)
        if block.language == "text":
            assert shown(block.text, printed), f"line {block.line} shows otherwise:\n{printed}"
        elif block.language == "python":
            printed = python.run(text)
        elif block.language == "sql":
            printed = _run_sql(python, server, text)
        elif block.language == "yaml":
            (tmp_path / "home/.pyiceberg.yaml").write_text(text)
            python.run(FORGET)


def test_what_the_server_prints_can_be_pasted_without_authentication(
    python: Typed, tmp_path: Path
) -> None:
    with serving(tmp_path, {"PANGOLIN_NO_AUTH": "true"}, "--workers", "2") as running:
        lines = running.printed[running.printed.index("import pyarrow") :]
        assert "pyarrow.Table" in python.run(lines)


def _filled_in(text: str, server: Live) -> str:
    ours = ("http://127.0.0.1:8080", "http://127.0.0.1:8081", "https://lake.example.org")
    for written in ours:
        text = text.replace(written, server.url)
    if "<token>" in text:
        text = text.replace("<token>", _token(server))
    return text.replace("<password>", PASSWORD)


def _token(server: Live) -> str:
    credentials = {"username": "root", "password": PASSWORD}
    return str(server.ask("/api/v1/users/login", "POST", credentials)[1]["token"])


def _run_sql(python: Typed, server: Live, text: str) -> str:
    if "INSTALL" in text:
        python.run("import duckdb\nduck = duckdb.connect()")
    if "@trial" in text:
        server.ask("/api/v1/branches", "POST", {"catalog": "lakehouse", "name": "trial"})
    return python.run(f"print(duck.execute({text!r}).fetchall())")


def test_what_runs_on_a_page_is_known() -> None:
    running = {
        path.stem
        for path in (DOCS / "how-to").glob("*.md")
        if any(_runs(block) for block in blocks(path))
    }
    assert running == set(PAGES)


def _runs(block: Block) -> bool:
    return block.language in ("python", "sql", "yaml")
