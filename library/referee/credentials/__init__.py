"""User names and passwords of bots: found in the environment, an encrypted file, or the keyring of the system.

No text and no error of this room holds a password.
"""

from referee.credentials.credential import Credential, credential_key, variables_of
from referee.credentials.lookup import find_credential
from referee.credentials.sealed_file import CredentialFile, credential_file, new_key_file
from referee.credentials.system_keyring import SystemKeyring

__all__ = [
    "Credential",
    "CredentialFile",
    "SystemKeyring",
    "credential_file",
    "credential_key",
    "find_credential",
    "new_key_file",
    "variables_of",
]
