"""The same calls against the strict Secrets Manager and moto: what AWS documents, and where moto (5.2) differs.

Each case begins with a secret whose version 1 says "v1", and ends in what its last call did: the error's code, what
was read, or the labels. Rotation is proven on the strict one only, because moto differs where it matters. Beside the
differences in this table moto has no quota of versions or labels, no bound on a value's size, no stale reads and no KMS
keys; it returns all matches of a filter on one page, and creation times in whole seconds.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from tests.support.secrets_manager import StrictSecretsManager, clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_secretsmanager import SecretsManagerClient

    Outcome = dict[str, int] | tuple[object, ...] | str

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
EXISTS, NOT_FOUND = "ResourceExistsException", "ResourceNotFoundException"
PARAMETER, REQUEST = "InvalidParameterException", "InvalidRequestException"


class Call(NamedTuple):
    """One call; the secret's name is filled in."""

    method: str
    parameters: dict[str, Any]


class Case(NamedTuple):
    """A rule: the calls, and how the last one ends."""

    rule: str
    calls: list[Call]
    aws: Outcome
    moto: Outcome | None = None  # None: the same


def token(number: int) -> str:
    """Makes a version id."""
    return str(uuid.UUID(int=number))


def put(number: int, *labels: str, value: str | None = None) -> Call:
    """Stores a value under a version id."""
    stages = {"VersionStages": list(labels)} if labels else {}
    text = value or f"v{number}"
    return Call("put_secret_value", {"ClientRequestToken": token(number), "SecretString": text, **stages})


def update(number: int) -> Call:
    """Stores a value as a person does."""
    return Call("update_secret", {"ClientRequestToken": token(number), "SecretString": f"v{number}"})


def move(label: str, to: int | None = None, off: int | None = None) -> Call:
    """Moves a label."""
    ids = {"MoveToVersionId": to, "RemoveFromVersionId": off}
    given = {name: token(number) for name, number in ids.items() if number is not None}
    return Call("update_secret_version_stage", {"VersionStage": label, **given})


def get(version: int | None = None, label: str | None = None) -> Call:
    """Reads a value."""
    given = {"VersionId": token(version) if version else None, "VersionStage": label}
    return Call("get_secret_value", {name: value for name, value in given.items() if value})


BATCH = Call("batch_get_secret_value", {})
DELETE = Call("delete_secret", {})

CASES = [
    # Versions are immutable; a ClientRequestToken is a version's id.
    Case("the id is the token", [put(2, PENDING), get(2)], ("v2", [PENDING])),
    Case("the same token and content: nothing moves", [put(2), put(1)], {CURRENT: 2, PREVIOUS: 1}),
    Case(
        "the same token and content, other labels: nothing moves",
        [put(2, "ISSUED"), put(3, "ISSUED"), put(2, "ISSUED", "MINE")],
        {CURRENT: 1, "ISSUED": 3},
    ),
    Case("the same token, other content", [put(2, "ISSUED"), put(2, "ISSUED", value="other")], EXISTS),
    Case(
        "the same token, other content, while AWSPENDING is on it",
        [put(2, PENDING), put(2, PENDING, value="other")],
        EXISTS,
        moto={CURRENT: 1, PENDING: 2},
    ),
    Case("the same, when the version has no labels", [put(2, "X"), put(3, "X"), put(2, value="other")], EXISTS),
    Case("UpdateSecret refuses a used token, same content", [update(1)], EXISTS, moto={CURRENT: 1}),
    Case("a value is required", [Call("put_secret_value", {})], PARAMETER, moto=REQUEST),
    Case(
        "a token of 65 characters",
        [Call("put_secret_value", {"ClientRequestToken": "t" * 65, "SecretString": "v2"})],
        PARAMETER,
    ),
    Case("a version without labels is kept", [put(2), put(3), get(1)], ("v1", None)),
    # Labels.
    Case("without labels a value becomes current", [put(2)], {CURRENT: 2, PREVIOUS: 1}),
    Case("so does a person's", [update(2)], {CURRENT: 2, PREVIOUS: 1}),
    Case("with labels, exactly those", [put(2, PENDING)], {CURRENT: 1, PENDING: 2}),
    Case(
        "labels leave the versions they were on",
        [put(2, "ISSUED", PENDING), put(3, "ASKED"), put(4, "ISSUED", "ASKED")],
        {CURRENT: 1, PENDING: 2, "ISSUED": 4, "ASKED": 4},
    ),
    Case(
        "current and pending at once",
        [put(2), put(3, CURRENT, PENDING)],
        {CURRENT: 3, PENDING: 3, PREVIOUS: 2},
    ),
    Case(
        "other labels stay when AWSCURRENT leaves",
        [move("MINE", 1), put(2)],
        {CURRENT: 2, PREVIOUS: 1, "MINE": 1},
        moto={CURRENT: 2, PREVIOUS: 1},
    ),
    # A move is a compare-and-swap.
    Case("AWSPREVIOUS follows", [put(2, PENDING), move(CURRENT, 2, 1)], {CURRENT: 2, PREVIOUS: 1, PENDING: 2}),
    Case("back: they swap", [put(2), move(CURRENT, 1, 2)], {CURRENT: 1, PREVIOUS: 2}),
    Case(
        "to a version without labels",
        [put(2, PENDING), put(3, PENDING), move(CURRENT, 2, 1)],
        {CURRENT: 2, PREVIOUS: 1, PENDING: 3},
    ),
    Case("no holder named", [put(2), put(3), move(CURRENT, 2)], PARAMETER),
    Case("a wrong holder named", [put(2), put(3), move(CURRENT, 2, 1)], PARAMETER),
    Case("the same move again", [put(2, "X"), move(CURRENT, 2, 1), move(CURRENT, 2, 1)], PARAMETER),
    Case(
        "another label, no holder named",
        [put(2, "MINE"), move("MINE", 1)],
        PARAMETER,
        moto={CURRENT: 1, "MINE": 2},
    ),
    Case("already there: no holder needed", [move(CURRENT, 1)], {CURRENT: 1}, moto=PARAMETER),
    Case("on no version: no holder needed", [move("REJECTED", 1)], {CURRENT: 1, "REJECTED": 1}),
    Case("on no version: a holder named", [put(2, "X"), move("MINE", 2, 1)], PARAMETER),
    Case("a label is removed", [put(2, "MINE"), move("MINE", off=2)], {CURRENT: 1}),
    Case("AWSCURRENT is never removed", [move(CURRENT, off=1)], PARAMETER, moto={PREVIOUS: 1}),
    Case("no version named", [move("MINE")], PARAMETER, moto={CURRENT: 1}),
    Case("to no version", [move("MINE", 9)], NOT_FOUND, moto=PARAMETER),
    Case("off no version", [put(2, "X"), move(CURRENT, 2, 9)], NOT_FOUND, moto=PARAMETER),
    # Reads.
    Case("a moved AWSCURRENT, by name", [put(2, "X"), move(CURRENT, 2, 1), get(label=CURRENT)], ("v2", [CURRENT, "X"])),
    Case(
        "a moved AWSCURRENT, no stage named",
        [put(2, "X"), move(CURRENT, 2, 1), get()],
        ("v2", [CURRENT, "X"]),
        moto=("v1", [PREVIOUS]),
    ),
    Case(
        "a moved AWSCURRENT, in a batch",
        [put(2, "X"), move(CURRENT, 2, 1), BATCH],
        ("v2", [CURRENT, "X"]),
        moto=("v1", [PREVIOUS]),
    ),
    Case("a label on no version", [get(label=PENDING)], NOT_FOUND),
    Case("an id of no version", [get(9)], NOT_FOUND),
    Case("an id and a label that disagree", [put(2), get(1, CURRENT)], REQUEST),
    # A secret marked for deletion.
    Case("it cannot be read", [DELETE, get()], REQUEST),
    Case("nor written", [DELETE, put(2)], REQUEST, moto={CURRENT: 2, PREVIOUS: 1}),
    Case("nor updated", [DELETE, update(2)], REQUEST),
    Case("nor its labels moved", [DELETE, move("X", 1)], REQUEST, moto={CURRENT: 1, "X": 1}),
    # A creation.
    Case("its name is taken", [Call("create_secret", {"SecretString": "other"})], EXISTS),
    Case(
        "the same one again is a retry",
        [Call("create_secret", {"SecretString": "v1", "ClientRequestToken": token(1)})],
        {CURRENT: 1},
    ),
]
BOTH = pytest.mark.parametrize("server", ["strict", "moto"])


@pytest.fixture(scope="module")
def strict() -> Iterator[StrictSecretsManager]:
    """A strict server."""
    with StrictSecretsManager() as store:
        yield store
        store.check_invariants()


@pytest.fixture
def client(server: str, strict: StrictSecretsManager, moto_url: str) -> SecretsManagerClient:
    """A client of one of the two."""
    return clients.client(strict.url if server == "strict" else moto_url, {})


@pytest.fixture
def secret(client: SecretsManagerClient) -> str:
    """The name of a secret whose version 1 says "v1"."""
    name = f"token-refresh/mcs/{uuid.uuid4()}"
    client.create_secret(Name=name, SecretString="v1", ClientRequestToken=token(1))
    return name


def outcome(client: SecretsManagerClient, secret: str, call: Call) -> Outcome:
    """Makes a call, and returns how it ended."""
    name: dict[str, Any] = {"Name" if call.method == "create_secret" else "SecretId": secret}
    if call == BATCH:
        name = {"Filters": [{"Key": "name", "Values": [secret]}]}
    try:
        answer = getattr(client, call.method)(**name, **call.parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    (value,) = answer.get("SecretValues", [answer])
    if "SecretString" in value:
        return value["SecretString"], sorted(value["VersionStages"]) if value.get("VersionStages") else None
    versions = client.list_secret_version_ids(SecretId=secret)["Versions"]
    return {label: uuid.UUID(one["VersionId"]).int for one in versions for label in one["VersionStages"]}


@BOTH
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule(client: SecretsManagerClient, secret: str, case: Case, server: str, strict: StrictSecretsManager) -> None:
    """The strict one does what AWS documents, and a refusal changes nothing; moto does so, or as the table says.

    If only moto fails, moto has become better: take its outcome out of the table.
    """
    for call in case.calls[:-1]:
        outcome(client, secret, call)
    before = strict.secret(secret) if server == "strict" else None

    ended = outcome(client, secret, case.calls[-1])

    assert ended == (case.moto if server == "moto" and case.moto is not None else case.aws)
    if server == "strict" and isinstance(ended, str):
        assert strict.secret(secret) == before


@BOTH
def test_a_first_version_is_current_whatever_its_labels(client: SecretsManagerClient) -> None:
    """Before it there is no value: AWS's message says so."""
    name = str(uuid.uuid4())
    client.create_secret(Name=name)
    with pytest.raises(ClientError, match="can't find the specified secret value for staging label: AWSCURRENT"):
        client.get_secret_value(SecretId=name)
    assert outcome(client, name, put(1, PENDING)) == {CURRENT: 1, PENDING: 1}


@BOTH
def test_a_missing_secret_is_not_found(client: SecretsManagerClient) -> None:
    """With AWS's message for it."""
    with pytest.raises(ClientError, match=r"\(ResourceNotFoundException\).*can't find the specified secret\.$"):
        client.get_secret_value(SecretId="missing")


@BOTH
def test_a_name_an_arn_and_a_partial_arn_find_a_secret(client: SecretsManagerClient, secret: str) -> None:
    """All three are documented."""
    arn = client.get_secret_value(SecretId=secret)["ARN"]
    assert {client.get_secret_value(SecretId=one)["Name"] for one in (secret, arn, arn[:-7])} == {secret}


@BOTH
def test_a_batch_reads_a_prefix(client: SecretsManagerClient, secret: str) -> None:
    """Of the names, each secret's current value."""
    client.create_secret(Name=f"not/{secret}", SecretString="other")
    filters: Any = [{"Key": "name", "Values": [secret[:-4]]}]
    found = client.batch_get_secret_value(Filters=filters)["SecretValues"]
    assert [(one["Name"], one["VersionId"], one["SecretString"]) for one in found] == [(secret, token(1), "v1")]


@BOTH
@pytest.mark.parametrize("value", [{"SecretBinary": b"\x00\xff"}, {"SecretString": "合思 \u2028\n\x00"}])
def test_a_value_comes_back_as_it_went(client: SecretsManagerClient, secret: str, value: dict[str, Any]) -> None:
    """Any bytes, any text."""
    client.put_secret_value(SecretId=secret, **value)
    got: dict[str, Any] = {**client.get_secret_value(SecretId=secret)}
    assert {**got, **value} == got
