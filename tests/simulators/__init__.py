"""Stateful stand-ins for the three providers, from the documents, sharing no code with the layer."""

from __future__ import annotations

from tests.simulators.ekuaibao import Ekuaibao
from tests.simulators.exchange import Received
from tests.simulators.fashion_world import FashionWorld
from tests.simulators.mcs import Mcs
from tests.simulators.moods import Mood
from tests.simulators.server import Simulator

__all__ = ["Ekuaibao", "FashionWorld", "Mcs", "Mood", "Received", "Simulator"]
