"""Requests to be signed, as clients send them."""

from pangolin.plugin import SignRequest


def asking(
    method: str, uri: str, body: str | None = None, region: str = "eu-west-1", **headers: str
) -> SignRequest:
    """Return a request; `x_amz_acl` is the header `x-amz-acl`, and so on."""
    given = {name.replace("_", "-"): (value,) for name, value in headers.items()}
    return SignRequest(region, uri, method, given, body)


def deleting(*keys: str) -> str:
    """Return the body of a DeleteObjects."""
    objects = "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)
    return f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{objects}</Delete>'
