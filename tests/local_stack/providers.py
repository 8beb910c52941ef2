"""What the local stack has to know about each provider."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.simulators import Ekuaibao, FashionWorld, Mcs, Simulator


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: its names in the project, its simulator, the fields that a rotation changes."""

    name: str
    stem: str  # what the template's names for it begin with
    simulator: type[Simulator]
    tokens: tuple[str, ...]

    @property
    def function(self) -> str:
        """Return the function's logical id."""
        return f"{self.stem}Function"


MCS = Provider("mcs", "Mcs", Mcs, ("token", "access_token"))
FASHION_WORLD = Provider("fashion-world", "FashionWorld", FashionWorld, ("apiKey", "secretKey"))
EKUAIBAO = Provider("ekuaibao", "Ekuaibao", Ekuaibao, ("accessToken", "refreshToken"))
PROVIDERS = (MCS, FASHION_WORLD, EKUAIBAO)
