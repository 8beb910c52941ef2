"""Stateful stand-ins for the three providers, from the documents, sharing no code with the layer."""

from __future__ import annotations

from tests.support.simulators.ekuaibao import Ekuaibao
from tests.support.simulators.exchange import Received
from tests.support.simulators.fashion_world import FashionWorld
from tests.support.simulators.mcs import Mcs
from tests.support.simulators.moods import Mood
from tests.support.simulators.simulator import Simulator

__all__ = ["Ekuaibao", "FashionWorld", "Mcs", "Mood", "Received", "Simulator"]
