"""What the next requests meet: moods and canned answers, waiting in line."""

from __future__ import annotations

import json
from collections import deque

from tests.support.simulators.exchange import Answer
from tests.support.simulators.moods import Mood

_MOST_TIMES = 1_000

Behaviour = Mood | Answer


class Line:
    """A first-in, first-out line of behaviours in front of one that stands until reset; the server's lock guards it."""

    def __init__(self) -> None:
        """Starts with no behaviour at all."""
        self._waiting: deque[Behaviour] = deque()
        self._standing: Behaviour | None = None

    def add(self, behaviour: Behaviour, times: int | None) -> None:
        """Adds a behaviour for so many requests, or (None) for every request once the line is empty."""
        if times is None:
            self._standing = behaviour
        else:
            self._waiting.extend([behaviour] * times)

    def clear(self) -> None:
        """Forgets every behaviour."""
        self._waiting.clear()
        self._standing = None

    def take(self) -> Behaviour | None:
        """Returns the next request's behaviour; None means a good mood."""
        return self._waiting.popleft() if self._waiting else self._standing


def read_wish(body: bytes) -> tuple[Mood | None, int | None]:
    """Reads the body of ``POST /_mood``.

    Returns the mood (None: back to good behaviour) and the number of requests (None: until reset). Raises
    ValueError, naming the moods there are, if it cannot.
    """
    try:
        wish = json.loads(body)
        mood = None if wish["mood"] is None else Mood(wish["mood"].lower())
        times = wish.get("times", 1)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ValueError(f'want {{"mood": name or null, "times": number or null}}; moods: {", ".join(Mood)}') from None
    if times is not None and (type(times) is not int or not 0 < times <= _MOST_TIMES):
        raise ValueError(f'"times" is a number from 1 to {_MOST_TIMES}, or null (until reset)')
    return mood, times
