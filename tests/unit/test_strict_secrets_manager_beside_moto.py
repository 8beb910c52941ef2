"""Where moto follows AWS, the strict Secrets Manager and moto agree: the same facts, asked of both.

Rotation is proven on the strict one only, because moto (5.2) departs from AWS where it matters. It
- does not follow UpdateSecretVersionStage when it is asked for a value without VersionStage, or in a batch: it answers
  with the version that PutSecretValue or UpdateSecret last made current (ask for the stage by name);
- overwrites a version, its labels included, if its token is used again while AWSPENDING is on it;
- takes every label off a version that stops being current by PutSecretValue or UpdateSecret;
- loses AWSCURRENT, and moves AWSPREVIOUS, in a move of AWSCURRENT that it refuses;
- lets AWSCURRENT be removed;
- moves any other label without RemoveFromVersionId, and leaves it on the old version too;
- writes to, and moves the labels of, a secret that is marked for deletion;
- ignores a token used again with UpdateSecret, if the content is the same, where AWS refuses;
- has no quota of versions or labels, and no bound on a value's size;
- answers a batch by filter in one page, whatever its size, and fails it whole for one deleted secret;
- tells creation times in whole seconds, and lists versions without labels unasked;
- says of a label that nobody holds that the secret is missing;
- is never stale, and never out of a KMS key.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.secrets_manager import StrictSecretsManager, clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient


@pytest.fixture(scope="module")
def strict_url() -> Iterator[str]:
    """A strict server."""
    with StrictSecretsManager() as store:
        yield store.url
        store.check_invariants()


@pytest.fixture(params=["strict", "moto"])
def client(request: pytest.FixtureRequest) -> SecretsManagerClient:
    """A client of one, then of the other."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return clients.client(url, {})


@pytest.fixture
def moto(moto_url: str) -> SecretsManagerClient:
    """A client of moto alone."""
    return clients.client(moto_url, {})


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"token-refresh/mcs/{uuid.uuid4()}"


@pytest.fixture
def secret(client: SecretsManagerClient, name: str) -> str:
    """A secret whose version 1 says "one"; its name."""
    client.create_secret(Name=name, SecretString="one", ClientRequestToken=token(1))
    return name


def token(number: int) -> str:
    """Makes a version id."""
    return str(uuid.UUID(int=number))


def put(client: SecretsManagerClient, secret: str, number: int, value: str, *labels: str) -> None:
    """Puts a value under a version id."""
    stages: dict[str, Any] = {"VersionStages": list(labels)} if labels else {}
    client.put_secret_value(SecretId=secret, ClientRequestToken=token(number), SecretString=value, **stages)


def create_and_move(client: SecretsManagerClient, name: str) -> None:
    """Makes a secret that says "one", puts "two" beside it, and moves AWSCURRENT there."""
    client.create_secret(Name=name, SecretString="one", ClientRequestToken=token(1))
    put(client, name, 2, "two", "ISSUED")
    client.update_secret_version_stage(
        SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=token(2), RemoveFromVersionId=token(1)
    )


def labels(client: SecretsManagerClient, secret: str) -> dict[str, str]:
    """Tells which version each label is on."""
    stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    return {label: version_id for version_id, labels in stages.items() for label in labels}


def refusal(act: Callable[..., object], /, **parameters: object) -> str:
    """Calls, expects a refusal, and returns its code and message."""
    with pytest.raises(Exception, match="An error occurred") as caught:
        act(**parameters)
    return str(caught.value)


def test_a_value_put_without_labels_becomes_current(client: SecretsManagerClient, secret: str) -> None:
    """And AWSPREVIOUS follows."""
    put(client, secret, 2, "two")
    assert labels(client, secret) == {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1)}


def test_a_value_put_as_pending_leaves_current(client: SecretsManagerClient, secret: str) -> None:
    """Exactly the labels asked for."""
    put(client, secret, 2, "two", "AWSPENDING")
    assert labels(client, secret) == {"AWSCURRENT": token(1), "AWSPENDING": token(2)}


def test_pending_leaves_the_version_it_was_on(client: SecretsManagerClient, secret: str) -> None:
    """One version a label."""
    put(client, secret, 2, "two", "AWSPENDING")
    put(client, secret, 3, "three", "AWSPENDING")
    assert labels(client, secret) == {"AWSCURRENT": token(1), "AWSPENDING": token(3)}


def test_several_labels_leave_the_versions_they_were_on(client: SecretsManagerClient, secret: str) -> None:
    """Wherever each of them was."""
    put(client, secret, 2, "two", "ISSUED")
    put(client, secret, 3, "three", "ASKED")
    put(client, secret, 4, "four", "ISSUED", "ASKED")
    assert labels(client, secret) == {"AWSCURRENT": token(1), "ISSUED": token(4), "ASKED": token(4)}


def test_a_value_put_as_current_and_pending_moves_previous(client: SecretsManagerClient, secret: str) -> None:
    """How a rotation is saved."""
    put(client, secret, 2, "two", "AWSPENDING")
    put(client, secret, 3, "three", "AWSCURRENT", "AWSPENDING")
    expected = {"AWSCURRENT": token(3), "AWSPENDING": token(3), "AWSPREVIOUS": token(1)}
    assert labels(client, secret) == expected


def test_the_first_version_is_current_whatever_its_labels(client: SecretsManagerClient, name: str) -> None:
    """Documented of "the first version for the secret"."""
    client.create_secret(Name=name)
    put(client, name, 1, "one", "AWSPENDING")
    assert labels(client, name) == {"AWSCURRENT": token(1), "AWSPENDING": token(1)}


def test_the_same_token_and_content_again_do_nothing(client: SecretsManagerClient, secret: str) -> None:
    """Not even to labels."""
    put(client, secret, 2, "two")
    put(client, secret, 1, "one")
    assert labels(client, secret) == {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1)}


def test_the_same_token_with_other_content_is_refused(client: SecretsManagerClient, secret: str) -> None:
    """And the old content stays."""
    parameters = {"SecretId": secret, "SecretString": "other", "ClientRequestToken": token(1)}
    assert "ResourceExistsException" in refusal(client.put_secret_value, **parameters)
    assert client.get_secret_value(SecretId=secret)["SecretString"] == "one"


def test_a_token_of_65_characters_is_refused(client: SecretsManagerClient, secret: str) -> None:
    """At most 64."""
    parameters = {"SecretId": secret, "SecretString": "two", "ClientRequestToken": "t" * 65}
    assert "InvalidParameterException" in refusal(client.put_secret_value, **parameters)


def test_a_name_that_is_taken_is_refused(client: SecretsManagerClient, secret: str) -> None:
    """CreateSecret never overwrites."""
    assert "ResourceExistsException" in refusal(client.create_secret, Name=secret, SecretString="two")


def test_the_same_creation_again_is_ignored(client: SecretsManagerClient, secret: str) -> None:
    """A retry."""
    again = client.create_secret(Name=secret, SecretString="one", ClientRequestToken=token(1))
    assert again["VersionId"] == token(1)


def test_current_moves_with_its_holder_named(client: SecretsManagerClient, secret: str) -> None:
    """AWSPREVIOUS goes to the version that AWSCURRENT left."""
    put(client, secret, 2, "two", "AWSPENDING")
    client.update_secret_version_stage(
        SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token(2), RemoveFromVersionId=token(1)
    )
    expected = {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1), "AWSPENDING": token(2)}
    assert labels(client, secret) == expected


def test_a_moved_current_is_found_by_its_name(client: SecretsManagerClient, name: str) -> None:
    """What a reader gets who names it."""
    create_and_move(client, name)
    assert client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")["SecretString"] == "two"


def test_current_moves_to_a_version_that_has_lost_its_labels(client: SecretsManagerClient, secret: str) -> None:
    """It exists until it is removed."""
    put(client, secret, 2, "two", "AWSPENDING")
    put(client, secret, 3, "three", "AWSPENDING")
    client.update_secret_version_stage(
        SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token(2), RemoveFromVersionId=token(1)
    )
    assert labels(client, secret) == {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1), "AWSPENDING": token(3)}


def test_current_moved_back_swaps_with_previous(client: SecretsManagerClient, secret: str) -> None:
    """The way to revert."""
    put(client, secret, 2, "two")
    client.update_secret_version_stage(
        SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token(1), RemoveFromVersionId=token(2)
    )
    assert labels(client, secret) == {"AWSCURRENT": token(1), "AWSPREVIOUS": token(2)}


@pytest.mark.parametrize("holder", [{}, {"RemoveFromVersionId": token(1)}])
def test_current_does_not_move_unless_its_holder_is_named(
    client: SecretsManagerClient, secret: str, holder: dict[str, str]
) -> None:
    """A compare-and-swap."""
    put(client, secret, 2, "two")
    put(client, secret, 3, "three")
    parameters = {"SecretId": secret, "VersionStage": "AWSCURRENT", "MoveToVersionId": token(2), **holder}
    assert "InvalidParameterException" in refusal(client.update_secret_version_stage, **parameters)


def test_a_label_can_be_removed_from_its_holder(client: SecretsManagerClient, secret: str) -> None:
    """By naming no new one; the version stays."""
    put(client, secret, 2, "two", "MINE")
    client.update_secret_version_stage(SecretId=secret, VersionStage="MINE", RemoveFromVersionId=token(2))
    assert labels(client, secret) == {"AWSCURRENT": token(1)}
    assert client.get_secret_value(SecretId=secret, VersionId=token(2))["SecretString"] == "two"


def test_a_missing_secret_is_not_found(client: SecretsManagerClient, name: str) -> None:
    """With AWS's message for it."""
    said = refusal(client.get_secret_value, SecretId=name)
    assert "(ResourceNotFoundException)" in said
    assert said.endswith("Secrets Manager can't find the specified secret.")


def test_a_label_nobody_holds_is_not_found(client: SecretsManagerClient, secret: str) -> None:
    """The message, which tells it from a missing secret, is the strict one's alone."""
    said = refusal(client.get_secret_value, SecretId=secret, VersionStage="AWSPENDING")
    assert "(ResourceNotFoundException)" in said


def test_a_secret_without_a_value_has_no_current(client: SecretsManagerClient, name: str) -> None:
    """With AWS's message for it."""
    client.create_secret(Name=name)
    said = refusal(client.get_secret_value, SecretId=name)
    assert "(ResourceNotFoundException)" in said
    assert said.endswith("Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")


def test_an_id_that_names_no_version_is_not_found(client: SecretsManagerClient, secret: str) -> None:
    """As a label that nobody holds."""
    said = refusal(client.get_secret_value, SecretId=secret, VersionId=token(9))
    assert "(ResourceNotFoundException)" in said


def test_an_id_and_a_label_must_agree(client: SecretsManagerClient, secret: str) -> None:
    """They must refer to the same version."""
    put(client, secret, 2, "two")
    parameters = {"SecretId": secret, "VersionId": token(1), "VersionStage": "AWSCURRENT"}
    assert "InvalidRequestException" in refusal(client.get_secret_value, **parameters)


def test_a_version_without_labels_can_be_read(client: SecretsManagerClient, secret: str) -> None:
    """Until it is removed."""
    put(client, secret, 2, "two")
    put(client, secret, 3, "three")
    assert client.get_secret_value(SecretId=secret, VersionId=token(1))["SecretString"] == "one"


def test_binary_comes_back_as_it_went(client: SecretsManagerClient, name: str) -> None:
    """Any bytes."""
    client.create_secret(Name=name, SecretBinary=b"\x00\xff")
    assert client.get_secret_value(SecretId=name)["SecretBinary"] == b"\x00\xff"


def test_a_full_and_a_partial_arn_find_a_secret(client: SecretsManagerClient, secret: str) -> None:
    """Both are documented."""
    arn = client.describe_secret(SecretId=secret)["ARN"]
    assert [client.get_secret_value(SecretId=one)["Name"] for one in (arn, arn[:-7])] == [secret, secret]


def test_update_secret_makes_its_value_current(client: SecretsManagerClient, secret: str) -> None:
    """As a person's edit at the console does."""
    client.update_secret(SecretId=secret, SecretString="two", ClientRequestToken=token(2))
    assert labels(client, secret) == {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1)}


def test_a_secret_marked_for_deletion_cannot_be_read(client: SecretsManagerClient, secret: str) -> None:
    """Until it is restored, labels and all."""
    client.delete_secret(SecretId=secret)
    assert "InvalidRequestException" in refusal(client.get_secret_value, SecretId=secret)
    client.restore_secret(SecretId=secret)
    assert labels(client, secret) == {"AWSCURRENT": token(1)}


def test_a_batch_by_filter_reads_a_prefix(client: SecretsManagerClient, secret: str) -> None:
    """Each with its current value."""
    put(client, secret, 2, "two")
    client.create_secret(Name=f"not/{secret}", SecretString="other")
    answer = client.batch_get_secret_value(Filters=[{"Key": "name", "Values": [secret[:-4]]}])
    found = [(one["Name"], one["VersionId"], one["SecretString"]) for one in answer["SecretValues"]]
    assert found == [(secret, token(2), "two")]


def test_a_batch_by_ids_tells_errors_apart(client: SecretsManagerClient, secret: str, name: str) -> None:
    """The others are read."""
    missing = f"{name}/missing"
    answer = client.batch_get_secret_value(SecretIdList=[secret, missing])
    errors = [(one["SecretId"], one["ErrorCode"]) for one in answer["Errors"]]
    assert [one["Name"] for one in answer["SecretValues"]] == [secret]
    assert errors == [(missing, "ResourceNotFoundException")]


def test_a_batch_takes_ids_or_filters_not_both(client: SecretsManagerClient, secret: str) -> None:
    """One or the other."""
    both = {"SecretIdList": [secret], "Filters": [{"Key": "name", "Values": [secret]}]}
    assert "InvalidParameterException" in refusal(client.batch_get_secret_value, **both)


def test_moto_alone_does_not_follow_a_move_when_no_stage_is_named(moto: SecretsManagerClient, name: str) -> None:
    """If this fails, moto has become better: take it off the list above."""
    create_and_move(moto, name)
    assert moto.get_secret_value(SecretId=name)["SecretString"] == "one"


def test_moto_alone_does_not_follow_a_move_in_a_batch(moto: SecretsManagerClient, name: str) -> None:
    """If this fails, moto has become better: take it off the list above."""
    create_and_move(moto, name)
    (value,) = moto.batch_get_secret_value(SecretIdList=[name])["SecretValues"]
    assert (value["SecretString"], value["VersionStages"]) == ("one", ["AWSPREVIOUS"])


def test_moto_alone_overwrites_a_pending_version(moto: SecretsManagerClient, name: str) -> None:
    """If this fails, moto has become better: take it off the list above."""
    moto.create_secret(Name=name, SecretString="one", ClientRequestToken=token(1))
    for value in ("two", "other"):
        put(moto, name, 2, value, "AWSPENDING")
    assert moto.get_secret_value(SecretId=name, VersionId=token(2))["SecretString"] == "other"


def test_moto_alone_takes_every_label_off_what_was_current(moto: SecretsManagerClient, name: str) -> None:
    """If this fails, moto has become better: take it off the list above."""
    moto.create_secret(Name=name, SecretString="one", ClientRequestToken=token(1))
    moto.update_secret_version_stage(SecretId=name, VersionStage="REJECTED", MoveToVersionId=token(1))
    put(moto, name, 2, "two")
    assert labels(moto, name) == {"AWSCURRENT": token(2), "AWSPREVIOUS": token(1)}
