"""Encrypts what a source's login needs, with a key made from SECRET_KEY."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from registry.connectors import SourceProblem

# Part of the key: what is encrypted for sources opens nothing else that SECRET_KEY protects.
PURPOSE = b"crossport registry sources"


def seal(text: str) -> bytes:
    """The text encrypted; nothing stays nothing."""
    return _fernet().encrypt(text.encode()) if text else b""


def unseal(sealed: bytes | memoryview) -> str:
    """The text again.

    Raises:
        SourceProblem: `secret_unreadable` where SECRET_KEY is another one than when it was stored.
    """
    if not sealed:
        return ""
    try:
        return _fernet().decrypt(bytes(sealed)).decode()
    except InvalidToken as error:
        raise SourceProblem(
            "secret_unreadable",
            "The stored password cannot be read, because SECRET_KEY has changed; "
            "remove the source and add it again.",
        ) from error


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(key: str | bytes) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return base64.urlsafe_b64encode(hkdf.derive(key if isinstance(key, bytes) else key.encode()))
