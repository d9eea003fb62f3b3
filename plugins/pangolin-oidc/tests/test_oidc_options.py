"""Every mistake in the file of providers is found at start and says where it is."""

from pathlib import Path

import pytest
from pangolin_oidc.options import Options
from pangolin_oidc.provider import OidcProvider
from pangolin_oidc.reading import read

from pangolin.app import create_app
from pangolin.plugin import BadRequest, IdentityProvider, hookimpl
from pangolin.registry import BrokenPlugin
from pangolin.settings import Settings

GOOD = """
name = "corp"
issuer = "https://id.example.org/realms/corp"
client_id = "pangolin"
tenant = "default"
"""
GITHUB = """
type = "github"
name = "hub"
client_id = "pangolin"
client_secret = "s"
tenant = "default"
"""


def parsed(tmp_path: Path, *tables: str) -> list[Options]:
    """Read a file that holds some tables."""
    path = tmp_path / "providers.toml"
    path.write_text("".join(f"[[provider]]{table}\n" for table in tables))
    return read(path)


def test_a_provider_needs_little(tmp_path: Path) -> None:
    (options,) = parsed(tmp_path, GOOD)
    assert options.audiences == ("pangolin",)
    assert options.scopes == ("openid", "profile", "email")
    assert (options.label, options.create_users, options.email_domains) == ("corp", False, ())
    assert not any(name.startswith("HS") or name == "none" for name in options.algorithms)


def test_github_has_defaults_of_its_own(tmp_path: Path) -> None:
    plain, own = parsed(
        tmp_path, GITHUB, GITHUB.replace('"hub"', '"own"') + 'issuer = "https://git.example.org"'
    )
    assert (plain.issuer, plain.api_url) == ("https://github.com", "https://api.github.com")
    assert own.api_url == "https://git.example.org/api/v3"


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ('secret = "x"', "secret"),
        ('type = "saml"', "type"),
        ('api_url = "https://api.example.org"', "api_url"),
        ("audiences = []", "audiences"),
        ('audiences = "x"', "audiences"),
        ("audiences = [7]", "audiences"),
        ('scopes = ["profile"]', "scopes"),
        ('scopes = ["openid profile"]', "scopes"),
        ('groups_claim = "a..b"', "groups_claim"),
        ('groups_claim = ""', "groups_claim"),
        ("name_claim = 7", "name_claim"),
        ("roles = { admins = 7 }", "roles"),
        ('roles = ["x"]', "roles"),
        ('email_domains = ["@example.org"]', "email_domains"),
        ('email_domains = ["*"]', "email_domains"),
        ('create_users = "yes"', "create_users"),
        ('algorithms = ["none"]', "algorithms"),
        ('algorithms = ["HS256"]', "algorithms"),
        ('algorithms = ["RS256", "hs512"]', "algorithms"),
        ("algorithms = []", "algorithms"),
        ("leeway_seconds = -1", "leeway_seconds"),
        ("leeway_seconds = 3600", "leeway_seconds"),
        ("leeway_seconds = true", "leeway_seconds"),
        ("leeway_seconds = 1.5", "leeway_seconds"),
        ("allow_http = 1", "allow_http"),
        ('client_secret = ""', "client_secret"),
        ('client_secret = "a"\nclient_secret_env = "B"', "client_secret_env"),
        ('client_secret_env = "PANGOLIN_TEST_NO_SUCH_VARIABLE"', "client_secret_env"),
        ('client_secret_file = "no-such-file"', "client_secret_file"),
        ('label = ""', "label"),
    ],
)
def test_a_mistake_names_provider_and_field(tmp_path: Path, lines: str, field: str) -> None:
    with pytest.raises(BadRequest, match=f"^identity provider 'corp': {field} "):
        parsed(tmp_path, GOOD + lines)


@pytest.mark.parametrize("field", ["name", "issuer", "client_id", "tenant"])
def test_what_is_required_must_be_there(tmp_path: Path, field: str) -> None:
    left = "".join(f"{line}\n" for line in GOOD.splitlines() if not line.startswith(field))
    with pytest.raises(BadRequest, match=f": {field} is required"):
        parsed(tmp_path, f"\n{left}")


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example.org",
        "ftp://id.example.org",
        "https://",
        "https://u:p@id.example.org",
        "https://id.example.org?x=1",
        "https://id.example.org#x",
        "https://id.example.org/a b",
        "//id.example.org",
        "https://id.example.org:0",
        "https://[",
        "http://127.0.0.1:9",
        "http://127.0.0.1.example.org",
    ],
)
def test_an_issuer_must_be_https(tmp_path: Path, issuer: str) -> None:
    with pytest.raises(BadRequest, match="'corp': issuer must be https"):
        parsed(tmp_path, GOOD.replace("https://id.example.org/realms/corp", issuer))


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9", "http://[::1]:9/x", "http://localhost"])
def test_plain_http_is_for_this_machine_only(tmp_path: Path, issuer: str) -> None:
    table = GOOD.replace("https://id.example.org/realms/corp", issuer) + "allow_http = true"
    assert parsed(tmp_path, table)[0].issuer == issuer
    with pytest.raises(BadRequest, match="issuer"):
        parsed(
            tmp_path,
            table.replace("localhost", "x.example")
            .replace("127.0.0.1", "192.0.2.1")
            .replace("[::1]", "[2001:db8::1]"),
        )


@pytest.mark.parametrize("name", ["Corp", "a/b", "-a", "a b", "x" * 65, "ä", "."])
def test_a_name_is_fit_for_urls(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match="name must be"):
        parsed(tmp_path, GOOD.replace('"corp"', f'"{name}"'))


def test_two_providers_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="'corp': name is given twice"):
        parsed(tmp_path, GOOD, GOOD.replace("id.example", "other.example"))


def test_two_providers_of_one_issuer_must_not_share_an_audience(tmp_path: Path) -> None:
    second = GOOD.replace('"corp"', '"again"')
    with pytest.raises(BadRequest, match="'again': audiences"):
        parsed(tmp_path, GOOD, second)
    assert len(parsed(tmp_path, GOOD, second.replace('"pangolin"', '"another"'))) == 2


@pytest.mark.parametrize(
    "table",
    [GITHUB, GOOD.replace("https://id.example.org/realms/corp", "https://accounts.google.com")],
)
def test_users_are_not_made_of_everybody_in_the_world(tmp_path: Path, table: str) -> None:
    with pytest.raises(BadRequest, match="email_domains are required"):
        parsed(tmp_path, f"{table}create_users = true")
    parsed(tmp_path, f'{table}create_users = true\nemail_domains = ["example.org"]')


def test_github_needs_a_secret(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="'hub': client_secret is required"):
        parsed(tmp_path, GITHUB.replace('client_secret = "s"', ""))


@pytest.mark.parametrize("field", ["audiences", "algorithms", "groups_claim", "leeway_seconds"])
def test_github_has_no_tokens_to_check(tmp_path: Path, field: str) -> None:
    with pytest.raises(BadRequest, match=f"'hub': {field} is a field of type oidc only"):
        parsed(tmp_path, f"{GITHUB}{field} = []")


def test_a_secret_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORP_SECRET", "from the environment")
    (tmp_path / "secret").write_text("from a file\n")
    first, second = parsed(
        tmp_path,
        f'{GOOD}client_secret_env = "CORP_SECRET"',
        GOOD.replace('"corp"', '"two"').replace('"pangolin"', '"b"')
        + 'client_secret_file = "secret"',
    )
    assert (first.client_secret, second.client_secret) == ("from the environment", "from a file")
    assert "from" not in repr(first) + repr(second)


@pytest.mark.parametrize("text", ["", "[[provider", "provider = 7", "provider = []", "[other]"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "providers.toml"
    path.write_text(text)
    with pytest.raises(BadRequest, match="PANGOLIN_IDENTITY_PROVIDERS"):
        read(path)


def test_the_application_does_not_start_with_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "providers.toml"
    path.write_text(f"[[provider]]{GOOD}leeway = 5")
    with pytest.raises(BrokenPlugin, match=r"'oidc'.*'corp': leeway is not a field"):
        create_app(Settings(store_url="memory:", identity_providers=str(path)))


def test_the_application_does_not_start_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(BrokenPlugin, match="no-such-file"):
        create_app(Settings(store_url="memory:", identity_providers=str(tmp_path / "no-such-file")))


def test_the_application_does_not_start_without_the_plugin(tmp_path: Path) -> None:
    settings = Settings(
        store_url="memory:", identity_providers=str(tmp_path / "x"), disabled_plugins=("oidc",)
    )
    with pytest.raises(BrokenPlugin, match="pip install pangolin-oidc"):
        create_app(settings)


def test_two_plugins_must_not_register_one_name(tmp_path: Path) -> None:
    path = tmp_path / "providers.toml"
    path.write_text(f"[[provider]]{GOOD}")
    settings = Settings(store_url="memory:", identity_providers=str(path))
    with pytest.raises(BrokenPlugin, match="both register the identity provider 'corp'"):
        create_app(settings, plugins=[Another()])


class Another:
    """Another plugin, which registers a provider of the same name."""

    name = "another"

    @hookimpl
    def pangolin_identity_providers(self) -> list[IdentityProvider]:
        return [OidcProvider(read_one())]


def read_one() -> Options:
    """Return a provider's options as they could be written."""
    return Options(
        name="corp", type="oidc", label="x", issuer="https://x.example", client_id="x", tenant="x"
    )


def test_starting_reaches_no_network(tmp_path: Path) -> None:
    path = tmp_path / "providers.toml"
    path.write_text(f"[[provider]]{GOOD}[[provider]]{GITHUB}")
    app = create_app(Settings(store_url="memory:", identity_providers=str(path)))
    found = app.extensions["pangolin"].runtime.providers
    assert [(item.name, item.weaker) for item in found] == [("corp", False), ("hub", True)]
