"""Ed25519 keys in PEM files: made, read, and the short name by which a public one is known.

Knows nothing of models and logs. The rooms say what a faulty key means to the person who must mend it.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class KeyFault(ValueError):
    """A file doesn't hold the key it should; the message names the file and never quotes its content."""


def key_pair(passphrase: bytes = b"") -> tuple[bytes, bytes]:
    """A new private and public key as PEM; the private one encrypted where there is a passphrase."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    locked = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return (
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked),
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


def read_private_key(path: Path, passphrase: bytes = b"") -> Ed25519PrivateKey:
    """The private key in this file. Raises KeyFault."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(path.read_bytes(), passphrase or None)
    except OSError as error:
        raise KeyFault(f"the key {path} can't be read ({error.strerror})") from None
    except TypeError:
        state = "isn't locked by a passphrase" if passphrase else "is locked; give its passphrase"
        raise KeyFault(f"the key {path} {state}") from None
    except ValueError:
        raise KeyFault(f"{path} isn't a private key, or the passphrase is wrong") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFault(f"{path} isn't an Ed25519 key")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key in this file. Raises KeyFault."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise KeyFault(f"the key {path} can't be read ({error.strerror})") from None
    except ValueError:
        raise KeyFault(f"{path} isn't a public key; restore it") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFault(f"{path} isn't an Ed25519 key; restore it")
    return key


def key_name(key: Ed25519PublicKey) -> str:
    """16 hex digits by which a public key is known."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


def is_signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    """Whether the holder of the private key signed exactly these bytes."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
