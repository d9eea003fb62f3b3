"""A certificate for 127.0.0.1, and the authority that made it, for servers of tests."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files: what clients trust, and the server's certificate and key."""

    authority: Path
    chain: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """What a server speaks TLS with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """What a client trusts the server by."""
        return ssl.create_default_context(cafile=str(self.authority))

    def environ(self) -> dict[str, str]:
        """Variables by which requests, aiohttp and obstore trust it."""
        return {name: str(self.authority) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}


def certify(directory: Path) -> Certificate:
    """Make an authority and a certificate of 127.0.0.1 in a directory."""
    made = Certificate(directory / "ca.pem", directory / "cert.pem", directory / "key.pem")
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _builder("pangolin test authority", "pangolin test authority", ca_key)
    leaf = _builder("127.0.0.1", "pangolin test authority", key).add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    made.authority.write_bytes(_signed(ca, ca_key, is_authority=True))
    made.chain.write_bytes(_signed(leaf, ca_key, is_authority=False))
    made.key.write_bytes(private_pem(key))
    return made


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Write a private key down."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (subject, issuer)
    ]
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
    )


def _signed(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
) -> bytes:
    constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
    certificate = builder.add_extension(constraints, critical=True).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)
