"""What must be right before the API is served: to whom it is open, and its certificate. Checked before anything starts,
so that one line says what is wrong."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from .errors import SettingsError
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Certificate:
    """Two files in PEM: the chain, the server's own certificate first, and its private key."""

    chain: Path
    key: Path


def check_serving(settings: Settings) -> None:
    """
    Raises:
      SettingsError: the API would be open to other machines without anybody having said so; or there is something wrong
        with its certificate.
    """
    if settings.is_public and settings.auth is None:
        reason = f"HOST is {settings.host}, so other machines reach the API, but AUTH isn't set."
        raise SettingsError(f"{reason} Set AUTH=oauth, or AUTH=off if everybody who reaches it may use it.")
    certificate(settings)


def certificate(settings: Settings) -> Certificate | None:
    """The certificate to serve HTTPS with; None for plain HTTP.

    Raises:
      SettingsError: a file can't be read, or both don't belong together.
    """
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    files = {"TLS_CERT_FILE": settings.tls_cert_file, "TLS_KEY_FILE": settings.tls_key_file}
    for name, file in files.items():
        try:
            Path(file).read_bytes()
        except OSError as error:
            raise SettingsError(f"{name} must be a file that can be read, but {file}: {error.strerror}.") from None
    found = Certificate(Path(settings.tls_cert_file), Path(settings.tls_key_file))
    try:
        # Asked for the passphrase of an encrypted key, OpenSSL would wait for somebody to type it.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.chain, found.key, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise SettingsError(
            f"TLS_CERT_FILE ({found.chain}) and TLS_KEY_FILE ({found.key}) must be a certificate and its unencrypted "
            f"private key, in PEM, but: {reason}."
        ) from None
    return found
