"""Where the notes hang."""

import os
from typing import Protocol, cast

import redis


class Board(Protocol):
    """Texts in the order in which they came."""

    def all(self) -> list[str]: ...

    def add(self, text: str) -> int:
        """Returns how many there are now."""
        ...


class InMemory:
    """A board of this process: it is empty again after the next start."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def all(self) -> list[str]:
        return self._texts

    def add(self, text: str) -> int:
        self._texts.append(text)
        return len(self._texts)


class InRedis:
    """A board that outlives this process, and that several can share."""

    KEY = "notes"

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, decode_responses=True)

    def all(self) -> list[str]:
        return cast(list[str], self._redis.lrange(self.KEY, 0, -1))

    def add(self, text: str) -> int:
        return cast(int, self._redis.rpush(self.KEY, text))


def of_environment() -> Board:
    """The board in the Redis that REDIS_URL names, or in memory."""
    url = os.environ.get("REDIS_URL")
    return InRedis(url) if url else InMemory()
