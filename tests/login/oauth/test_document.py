"""The token endpoint is documented as it is: open, a form, with errors of its own shape."""

import pytest
from flask.testing import FlaskClient

from tests.login.oauth.clients import FORM

PATHS = {
    "/v1/oauth/tokens": "/v1/openapi.json",
    "/v1/{prefix}/oauth/tokens": "/v1/openapi.json",
    "/api/v1/iceberg/{prefix}/oauth/tokens": "/api/v1/openapi.json",
    "/api/v1/iceberg/{prefix}/v1/oauth/tokens": "/api/v1/openapi.json",
}


@pytest.mark.parametrize(("path", "document"), PATHS.items())
def test_the_endpoint_is_documented(anybody: FlaskClient, path: str, document: str) -> None:
    found = anybody.get(document).get_json()
    operation = found["paths"][path]["post"]
    assert operation["security"] == []
    assert set(operation["requestBody"]["content"]) == {FORM}
    for status in ("400", "401", "413", "429", "500", "503"):
        schema = operation["responses"][status]["content"]["application/json"]["schema"]
        assert schema["$ref"].endswith("/OAuthErrorBody")
    members = found["components"]["schemas"]["OAuthErrorBody"]["properties"]
    assert set(members) == {"error", "error_description"}


@pytest.mark.parametrize("document", sorted(set(PATHS.values())))
def test_no_other_endpoint_answers_in_this_shape(anybody: FlaskClient, document: str) -> None:
    for path, methods in anybody.get(document).get_json()["paths"].items():
        assert ("OAuthErrorBody" in str(methods)) == (path in PATHS)
