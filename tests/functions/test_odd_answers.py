"""Answers that cost an account once: each is read for what it is, and heals where it can."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.clock import MINUTE
from tests.support.world import one_provider

if TYPE_CHECKING:
    from tests.support.world import World

MCS_ERROR = {"apiVersion": "0.0.1", "code": 500, "statusCode": 500, "options": {}}


@pytest.mark.parametrize("provider_name", ["mcs"])
class TestMcs:
    """Its documents spell a path in two ways."""

    @pytest.mark.parametrize("tokens", [True, False])
    def test_the_other_spelling_of_its_path(self, world: World, *, tokens: bool) -> None:
        """A page that says "not found" cannot have spent anything: the provider's later pages spell it "thirdparty"."""
        world.add(tokens=tokens)
        world.provider.answer_with(404, body="<html>not found</html>")
        run = world.run()
        first, second = [sent.path for sent in run.sent]
        assert second == first.replace("thirdpart", "thirdparty")
        assert "MCS answered HTTP 404" in run.failure

    def test_a_404_of_its_own_is_final(self, world: World) -> None:
        """MCS itself has answered."""
        world.add()
        world.provider.answer_with(404, body=json.dumps({**MCS_ERROR, "code": 404, "message": "no"}))
        assert len(world.run().sent) == 1


@pytest.mark.parametrize("provider_name", ["fashion-world"])
class TestALoginWhoseTokensAreNearlyOver:
    """Fashion World hands out the living pair with its old expiry."""

    def login(self, world: World, minutes: float) -> str:
        """Adds a secret that can log in only, whose login gives a living pair that ends soon."""
        name = world.prefix + "a"
        account = world.provider.create_account(name)
        world.store.create(name, {field: account[field] for field in world.kind.login_fields})
        pair = world.provider.current(name)
        expires = round((world.clock.now() + minutes * MINUTE) * 1000)
        world.provider.answer_with(200, body=json.dumps({**pair, "userId": "u", "expireIn": expires}))
        return name

    @pytest.mark.parametrize("minutes", [1, 57])
    def test_a_refresh_follows_in_the_same_run(self, world: World, minutes: float) -> None:
        """So that they do not die before the next one is due."""
        name = self.login(world, minutes)
        run = world.run()
        assert run.result["outcomes"] == {"logged_in": 1}
        assert [sent.path for sent in run.sent] == ["/api/my/login", "/api/my/refresh-token"]
        assert world.provider.is_live(world.document(name))
        assert run.metrics["LifeRemainingPercent"] > 99
        assert world.run().result["outcomes"] == {"fresh": 1}

    def test_longer_ones_are_left(self, world: World) -> None:
        """They are refreshed when they are due."""
        self.login(world, 59)
        assert len(world.run().sent) == 1

    def test_a_refresh_that_fails_leaves_the_login(self, world: World) -> None:
        """The next run asks again."""
        name = self.login(world, 20)
        world.provider.answer_with(503)
        run = world.run()
        assert run.result["outcomes"] == {"logged_in": 1}
        assert world.provider.is_live(world.document(name))
        assert world.run().result["outcomes"] == {"refreshed": 1}


@one_provider
class TestASecretWithoutAValue:
    """Made by Terraform first, say."""

    @pytest.mark.parametrize("by_name", [True, False])
    def test_it_is_listed_and_not_raised(self, world: World, *, by_name: bool) -> None:
        """A warning, and no alarm: it is still to be filled."""
        name = world.prefix + "a"
        world.store.client().create_secret(Name=name)
        run = world.run({"secret_id": name} if by_name else None)
        assert run.result["outcomes"] == {"invalid_secret": 1}
        [listed] = run.result["secrets"]
        assert (listed["name"], listed["error"]) == (name, "the secret has no value yet: store one")
        assert by_name or run.metrics["NeedsAttention"] == 0
        assert [line["level"] for line in run.lines if line.get("secret") == name] == ["WARNING"]
        assert run.sent == []

    def test_it_is_due_once_it_has_one(self, world: World) -> None:
        """As any value that a person stored."""
        name = world.prefix + "a"
        world.store.client().create_secret(Name=name)
        world.run()
        world.store.person_writes(name, world.provider.create_account("theirs"))
        assert world.run().result["outcomes"] == {"refreshed": 1}


@one_provider
def test_white_space_at_the_ends_is_named_when_it_is_refused(world: World) -> None:
    """It is presented as it stands: nobody but a person knows whether it belongs there."""
    name = world.add(login_fields=False)
    world.edit(name, **{world.kind.refreshed_by: world.document(name)[world.kind.refreshed_by] + " "})
    failure = world.run().failure
    assert f"; {world.kind.refreshed_by} begins or ends with white space or an invisible character" in failure
