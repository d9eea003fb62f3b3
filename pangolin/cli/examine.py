"""The checks of `pangolin doctor`: each part is checked even if another is broken."""

from pangolin.cli.sessions import opened_server
from pangolin.errors import PangolinError
from pangolin.services.operations.doctor import Finding, check_data_dir, check_runtime
from pangolin.settings import Settings, unknown_variables


def examine() -> list[Finding]:
    """Check settings, plugins, store and object stores."""
    from pangolin.web.http.loopback import check_settings

    try:
        settings = Settings.from_environ()
        check_settings(settings)
    except PangolinError as error:
        return [Finding("settings", error.message, "change that variable; see `pangolin settings`")]
    unknown = [
        Finding(each.name, each.problem, each.remedy, harmless=True) for each in unknown_variables()
    ]
    findings = [Finding("settings"), *unknown, check_data_dir(settings)]
    try:
        with opened_server(settings) as server:
            loaded = {row.name for row in server.registry.plugins()}
            findings.append(Finding(f"plugins: {', '.join(sorted(loaded))}"))
            return [*findings, *check_runtime(server.runtime)]
    except PangolinError as error:
        remedy = "the message says what to install, fix or disable; see `pangolin plugins`"
        return [*findings, Finding("plugins", error.message, remedy)]


def examine_store() -> list[Finding]:
    """Measure the configured store's round trips and run the backend's own checks."""
    from pangolin.services.operations.store_check import check

    try:
        with opened_server(Settings.from_environ()) as server:
            looked = list(check(server.runtime.store, server.runtime.clock))
    except PangolinError as error:
        return [Finding("store", error.message, "start the database and check PANGOLIN_STORE_URL")]
    return [
        Finding(
            f"{each.part}: {each.value}" if each.value else each.part, each.problem, each.remedy
        )
        for each in looked
    ]
