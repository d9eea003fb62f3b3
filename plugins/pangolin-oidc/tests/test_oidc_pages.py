"""What the pages show of the file of providers is accepted, and every field is explained."""

from pathlib import Path

import pytest
from pangolin_oidc.reading import KNOWN, read

from tests.docs.pages import DOCS, ROOT, blocks

README = ROOT / "plugins/pangolin-oidc/README.md"
PAGES = (README, DOCS / "how-to/sign-in-with-an-identity-provider.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_is_accepted(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CORP_CLIENT_SECRET", "ENTRA_CLIENT_SECRET"):
        monkeypatch.setenv(name, "s")
    (tmp_path / "corp-secret").write_text("s")
    examples = [block.text for block in blocks(page) if block.language == "toml"]
    assert examples
    for example in examples:
        (tmp_path / "providers.toml").write_text(example)
        assert len(read(tmp_path / "providers.toml")) == 1


def test_every_field_is_explained() -> None:
    for field in KNOWN:
        assert f"| `{field}` | " in README.read_text()
