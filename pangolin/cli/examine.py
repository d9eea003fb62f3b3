"""The whole of `pangolin doctor`: each part is looked at even if another is broken."""

from pangolin.errors import PangolinError
from pangolin.services.doctor import Finding, check_data_dir, check_runtime
from pangolin.settings import Settings


def examine() -> list[Finding]:
    """Look at settings, plugins, store and object stores."""
    from pangolin.app import build_server
    from pangolin.web.loopback import check_settings

    try:
        settings = Settings.from_environ()
        check_settings(settings)
    except PangolinError as error:
        return [Finding("settings", error.message, "change that variable; see `pangolin settings`")]
    findings = [Finding("settings"), check_data_dir(settings)]
    try:
        server = build_server(settings)
    except PangolinError as error:
        remedy = "the message says what to install, mend or disable; see `pangolin plugins`"
        return [*findings, Finding("plugins", error.message, remedy)]
    loaded = {row.name for row in server.registry.plugins()}
    findings.append(Finding(f"plugins: {', '.join(sorted(loaded))}"))
    return [*findings, *check_runtime(server.runtime)]


def examine_store() -> list[Finding]:
    """Measure the configured store's round trips and ask the backend about itself."""
    from pangolin.app import build_server
    from pangolin.services.store_check import check

    try:
        runtime = build_server(Settings.from_environ()).runtime
        looked = list(check(runtime.store, runtime.clock))
    except PangolinError as error:
        return [Finding("store", error.message, "start the database and check PANGOLIN_STORE_URL")]
    return [
        Finding(
            f"{each.part}: {each.value}" if each.value else each.part, each.problem, each.remedy
        )
        for each in looked
    ]
