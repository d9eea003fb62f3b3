"""The application factory: settings, plugins, runtime, web. It touches no disk and no network."""

from collections.abc import Sequence

from flask import Flask, g, request
from flask.typing import ResponseReturnValue

from pangolin.registry import Registry
from pangolin.services.audit import trail
from pangolin.services.authn.sessions import Stale
from pangolin.services.authz.access import Denied
from pangolin.services.context.runtime import Runtime
from pangolin.services.context.times import epoch_ms
from pangolin.settings import Settings
from pangolin.web import fast_path, iceberg, management, openapi
from pangolin.web.context import Server, current_context
from pangolin.web.http import access_log, errors, loopback, proxies, raw_path
from pangolin.web.management import oauth_login

PLUGIN_MARK = "x-"


class Application(Flask):
    """Flask, but nothing is answered for a credential that was not confirmed."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view, once more if the rights it relied on turn out to have changed."""
        try:
            return self._dispatch_confirmed()
        except Stale:
            # Nothing has been written: a revalidation is confirmed before anything else.
            g.pop("context", None)
            return self._dispatch_confirmed()

    def _dispatch_confirmed(self) -> ResponseReturnValue:
        """Run the view, then confirm the credential if the view read nothing."""
        try:
            answer = super().dispatch_request()
        except Denied as error:
            trail.record_denial(g.context, error)
            raise
        if "context" in g:
            g.context.confirm()
        return answer


def create_app(settings: Settings | None = None, *, plugins: Sequence[object] = ()) -> Flask:
    """Build the WSGI application; `plugins` are registered in addition to installed ones.

    Raises `BrokenPlugin`, `UnknownPlugin` and, for invalid settings, `BadRequest`.
    """
    settings = settings or Settings.from_environ()
    loopback.check_settings(settings)
    proxies.check_settings(settings)
    oauth_login.check_settings(settings)
    server = build_server(settings, plugins)
    app = Application("pangolin", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    app.extensions["pangolin"] = server
    fast_path.install(app, server)
    raw_path.install(app)
    access_log.install(app)
    _add_apis(app, server.registry)
    errors.install(app)
    return app


def build_server(settings: Settings, plugins: Sequence[object] = ()) -> Server:
    """Build the layers below the web: plugins, store, object stores. Nothing connects yet."""
    registry = Registry(settings, plugins)
    runtime = Runtime(
        store=registry.open_store(settings.effective_store_url),
        settings=settings,
        clock=epoch_ms,
        object_backends=list(registry.object_backends.values()),
        sinks=registry.event_sinks(),
        vendors=registry.vendors,
        providers=registry.identity_providers(),
    )
    return Server(registry, runtime)


def _add_apis(app: Flask, registry: Registry) -> None:
    protocol = openapi.make_api(app, "ICEBERG", "Apache Iceberg REST catalog", "/v1")
    for blueprint in iceberg.blueprints():
        protocol.register_blueprint(blueprint)
    manage = openapi.make_api(app, "MANAGEMENT", "Pangolin management", "/api/v1")
    for blueprint in management.blueprints():
        manage.register_blueprint(blueprint)
    for plugin, blueprint in registry.blueprints():
        prefix = f"/api/v1/x/{plugin}{blueprint.url_prefix or ''}"
        name = f"{PLUGIN_MARK}{plugin}-{blueprint.name}"
        manage.register_blueprint(blueprint, url_prefix=prefix, name=name)
    app.before_request(_authenticate_plugins)


def _authenticate_plugins() -> None:
    if request.blueprint and request.blueprint.startswith(PLUGIN_MARK):
        current_context()
