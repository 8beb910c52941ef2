"""A strict Secrets Manager for tests: real HTTP, documented AWS semantics, misbehaviour on request.

    with StrictSecretsManager(clock) as store:
        store.create("token-refresh/mcs/a", {"token": "dummy"})
        store.fail("PutSecretValue", Fault.LOST_AFTER)
        client = store.client()  # boto3; or pass `store.environment` to a process

Emulators made for convenience accept what AWS refuses; a rotation proven against them is not proven.
"""

from __future__ import annotations

from .account import Key
from .calls import ANY, Call, Fault
from .consistency import StaleReads
from .model import Secret, Version
from .store import StrictSecretsManager

__all__ = ["ANY", "Call", "Fault", "Key", "Secret", "StaleReads", "StrictSecretsManager", "Version"]
