"""The tree of errors is the one that its docstring draws, and each leaf knows its outcome."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

from token_refresh import errors
from token_refresh.errors import Denied, InvalidSecret, NoSuchVersion, Outcome, SecretError, TokenRefreshError

LAYER = Path(errors.__file__).parent
MODULES = sorted(LAYER.glob("*.py"))
SUCCESSES = {"fresh", "refreshed", "logged_in", "superseded"}
NEED_A_HUMAN = {"denied", "rejected", "invalid_secret", "unreadable", "not_stored"}


def drawn() -> dict[str, str]:
    """Reads the docstring's drawing: each class and the one above it."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        match = re.match(r"^((?:│   |    )*(?:├── |└── )?)([A-Z]\w+)(?:  .*|)$", line)
        if match is None or (not match[1] and match[2] != "TokenRefreshError"):
            continue
        depth = len(match[1]) // 4
        above = [*above[:depth], match[2]]
        parents[match[2]] = above[-2] if depth else "Exception"
    return parents


def real() -> dict[str, str]:
    """Reads the module: each class of error and the one above it."""
    classes = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, Exception)]
    return {item.__name__: item.__bases__[0].__name__ for item in classes}


def test_the_docstring_draws_the_real_tree() -> None:
    """No class is missing from it, and none stands elsewhere."""
    assert drawn() == real()


def test_the_outcomes_are_as_published() -> None:
    """Eleven names, which alarms and people read."""
    assert [outcome.value for outcome in Outcome] == [
        "fresh",
        "refreshed",
        "logged_in",
        "superseded",
        "deferred",
        "transient",
        "denied",
        "rejected",
        "invalid_secret",
        "unreadable",
        "not_stored",
    ]


def test_only_five_outcomes_need_a_human() -> None:
    """Those that only a person can fix. A run fails for them and for an outage: so that the error metric shows both."""
    assert {outcome.value for outcome in Outcome if outcome.needs_human} == NEED_A_HUMAN
    assert {outcome.value for outcome in Outcome if outcome.fails_the_run} == NEED_A_HUMAN | {"transient"}


def test_every_outcome_is_a_success_or_has_a_class() -> None:
    """And no success has one."""
    leaves = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, SecretError)]
    assert {item.outcome.value for item in leaves if item is not SecretError} == set(Outcome) - SUCCESSES


def below(root: type[TokenRefreshError]) -> set[type[TokenRefreshError]]:
    """Returns every class of error below another, wherever it is."""
    return {kind for child in root.__subclasses__() for kind in (child, *below(child))}


def test_no_error_is_outside_the_tree() -> None:
    """Every module of the layer is looked at: a kind of error elsewhere would be in nobody's drawing."""
    for path in MODULES:
        importlib.import_module(f"token_refresh.{path.stem}".removesuffix(".__init__"))
    homes = {kind.__module__ for kind in below(TokenRefreshError)}
    assert {home for home in homes if home.startswith("token_refresh.")} == {"token_refresh.errors"}


def test_a_missing_version_is_an_invalid_secret() -> None:
    """A secret without a value needs one, as any other invalid secret does."""
    assert (issubclass(NoSuchVersion, InvalidSecret), NoSuchVersion("").outcome) == (True, Outcome.INVALID_SECRET)


def test_a_refusal_keeps_the_code_of_aws() -> None:
    """Apart from its text, which is for people; one of nobody's is equal to none of those that mean something."""
    refused = Denied("could not read", "AccessDeniedException")
    assert (str(refused), refused.code) == ("could not read", "AccessDeniedException")
    assert Denied("could not read").code == ""


def test_every_error_has_one_root() -> None:
    """A caller can tell ours from a bug."""
    classes = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, Exception)]
    assert all(issubclass(item, TokenRefreshError) for item in classes)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_library_s_exception_is_chained(path: Path) -> None:
    """Within an `except` block only a bare `raise`, or one that handles an error of our own, may stand.

    A library's exception would travel along as the context of what is raised there, and Lambda prints it.
    """
    ours = {"TokenRefreshError"} | {kind.__name__ for kind in below(TokenRefreshError)}
    raised = [
        (handler.type, statement.lineno)
        for handler in ast.walk(ast.parse(path.read_text()))
        if isinstance(handler, ast.ExceptHandler)
        for statement in ast.walk(handler)
        if isinstance(statement, ast.Raise) and statement.exc is not None
    ]
    caught = [
        ({node.id for node in ast.walk(kind) if isinstance(node, ast.Name)}, line) for kind, line in raised if kind
    ]
    assert (len(caught), [line for names, line in caught if not names <= ours]) == (len(raised), [])
