"""The tree of errors is the one that its docstring draws, and each leaf knows its outcome."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from token_refresh import errors, secrets_manager
from token_refresh.errors import Outcome, SecretError, TokenRefreshError

LAYER = Path(errors.__file__).parent
SUCCESSES = {"fresh", "refreshed", "logged_in", "superseded"}
NEED_A_HUMAN = {"denied", "rejected", "invalid_secret", "unreadable", "not_stored"}


def drawn() -> dict[str, str]:
    """Reads the docstring's drawing: each class and the one above it."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        match = re.match(r"^((?:│   |    )*(?:├── |└── )?)([A-Z]\w+)(?:   .*|)$", line)
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


def test_the_outcomes_are_those_of_the_design() -> None:
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


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_five_outcomes_need_a_human(outcome: Outcome) -> None:
    """Those marked in the design's table."""
    assert outcome.needs_human == (outcome.value in NEED_A_HUMAN)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_run_fails_for_those_and_for_transient(outcome: Outcome) -> None:
    """So that the error metric shows an outage as well."""
    assert outcome.fails_the_run == (outcome.value in NEED_A_HUMAN | {"transient"})


def test_every_outcome_is_a_success_or_has_a_class() -> None:
    """And no success has one."""
    leaves = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, SecretError)]
    assert {item.outcome.value for item in leaves if item is not SecretError} == set(Outcome) - SUCCESSES


@pytest.mark.parametrize("name", ["NoSuchVersion", "NoSuchSecret", "AlreadyStored", "NotAName"])
def test_what_secrets_manager_adds_is_in_the_tree(name: str) -> None:
    """Its kinds of refusal are leaves below the tree's, so each has an outcome."""
    kind = getattr(secrets_manager, name)
    assert issubclass(kind, SecretError)
    assert kind.outcome in Outcome


def test_every_error_has_one_root() -> None:
    """A caller can tell ours from a bug."""
    classes = [item for item in vars(errors).values() if inspect.isclass(item) and issubclass(item, Exception)]
    assert all(issubclass(item, TokenRefreshError) for item in classes)


@pytest.mark.parametrize("path", sorted(LAYER.glob("*.py")), ids=lambda path: path.name)
def test_no_library_s_exception_is_chained(path: Path) -> None:
    """Within an `except` block only a bare `raise`, or one that handles an error of our own, may stand.

    A library's exception would travel along as the context of what is raised there, and Lambda prints it.
    """
    everything = {**vars(errors), **vars(secrets_manager)}
    ours = {name for name, item in everything.items() if inspect.isclass(item) and issubclass(item, TokenRefreshError)}
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
