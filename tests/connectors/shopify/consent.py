"""Shopify's side of connecting by OAuth: the signed way back, and a certificate that one test alone trusts."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SHOP = "crossdock-test.myshopify.com"
CLIENT_SECRET = "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"


def callback(now: datetime | None = None, secret: str = CLIENT_SECRET, **params: str) -> dict[str, str]:
    """What Shopify appends to the redirect, signed by its rule: hex HMAC over the sorted parameters."""
    at = now or datetime.now(UTC)
    told = {"code": "code-1", "shop": SHOP, "state": "s", "timestamp": str(int(at.timestamp())), **params}
    text = "&".join(f"{name}={value}" for name, value in sorted(told.items()))
    return {**told, "hmac": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}


def tls(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate to trust, and what a server needs to show it."""
    certificate, key = certify(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return certificate, context


def certify(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key."""
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files
