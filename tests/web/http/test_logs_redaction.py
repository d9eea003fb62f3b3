"""What a log line must not hold, anyone who writes it."""

import json
import logging
import time
from dataclasses import replace

import pytest

from pangolin.services.context.redaction import redacted
from pangolin.settings import Settings
from pangolin.web.http import logs
from tests.logged import Read

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY0"
PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://acc.blob.core.windows.net/c/x?sv=2023-11-03&sig={SECRET}&sp=r",
        f"https://b.s3.amazonaws.com/k?X-Amz-Security-Token={SECRET}&X-Amz-Date=1",
        f"https://b.s3.amazonaws.com/k?X-Amz-Signature={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"Authorization: Basic {SECRET}",
        f"<Credentials><SecretAccessKey>{SECRET}</SecretAccessKey></Credentials>",
        f"<SessionToken>{SECRET}</SessionToken>",
        f'{{"secret_access_key": "{SECRET}", "region": "r"}}',
        f"{{'s3.secret-access-key': '{SECRET}'}}",
        f"{{'AWS_SECRET_ACCESS_KEY': b'{SECRET}'}}",
        f"s3.session-token={SECRET}",
        f"client_secret={SECRET}&grant_type=client_credentials",
        f"password: {SECRET}",
        f"account_key={SECRET}",
        f'"access_token":"{SECRET}"',
        f"ExternalId={SECRET}",
        f"x-api-key: {SECRET}",
        f"client_assertion={SECRET}",
        f"adls.sas-token.acc.dfs.core.windows.net={SECRET}",
        f"gcs.oauth2.token={SECRET}",
        f"url=https://x.example/?a=b&sig={SECRET}",
        json.dumps(json.dumps({"client_secret": SECRET})),
        f'password="quoted\\"{SECRET}"',
        PEM,
        PEM.replace("\n", "\\n"),
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}",
    ],
)
def test_secrets_are_taken_out_however_they_are_written(text: str) -> None:
    assert SECRET not in redacted(text)
    assert "***" in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v1/tokens/rotate 200 1.2ms root",
        "warehouse lake fails its checks: sibling-read",
        "the token has expired",
        "s3.secret-access-key is required: give the access key and its secret, or neither",
        "a signing key of the installation was rotated",
        "GET /v1/lake/namespaces/keys/tables/secrets 404 0.4ms ann",
        "access key AKIAEXAMPLE may not list the bucket",
        "this endpoint needs a bearer token or HTTP Basic credentials",
        "s3.access-key-id=AKIAEXAMPLE",
    ],
)
def test_plain_words_stay(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    "piece", ["a.secret_", "token=", "secret", "-----BEGIN A", "key ", "<Key>", "password='\\\\"]
)
def test_no_text_takes_long(piece: str) -> None:
    text, began = piece * (200_000 // len(piece)), time.monotonic()
    redacted(text)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_part_of_a_line_holds_a_secret(logged: Read, settings: Settings, form: str) -> None:
    logs.configure(replace(settings, log_format=form))
    log = logging.getLogger("plugin")
    log.info("answer: %s", {"SecretAccessKey": SECRET})
    log.info("fields", extra={"fields": {"url": f"https://x/?sig={SECRET}", "ms": 1}})
    try:
        raise ValueError(f"token={SECRET}")
    except ValueError:
        log.exception("failed")
    lines = logged()
    assert SECRET not in lines
    assert "ValueError: token=***" in lines
    if form == "json":
        assert [json.loads(line)["message"] for line in lines.splitlines()] == [
            "answer: {'SecretAccessKey': ***}",
            "fields",
            "failed",
        ]


@pytest.mark.parametrize("level", ["debug", "info", "warning"])
def test_sdks_say_no_more_than_info(logged: Read, settings: Settings, level: str) -> None:
    logs.configure(replace(settings, log_level=level))
    for name in logs.SDKS:
        logging.getLogger(f"{name}.parsers").debug("the whole answer of a token service")
        logging.getLogger(f"{name}.parsers").warning("heard from %s", name)
    lines = logged()
    assert "the whole answer" not in lines
    assert lines.count("heard from") == len(logs.SDKS)


def test_a_message_that_does_not_fit_harms_nobody_and_tells_nothing(
    logged: Read, settings: Settings
) -> None:
    logs.configure(settings)
    logging.getLogger("plugin").info("%d of %d", SECRET)
    lines = logged()
    assert "a message of plugin does not match its arguments" in lines
    assert SECRET not in lines
