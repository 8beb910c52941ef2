"""The soak itself: a short one finds nothing, and what a soak finds is printed."""

from __future__ import annotations

import pytest

from tests.safety import soak
from tests.safety.histories.totals import Totals
from token_refresh.secrets_manager import SecretsManager

# By seed: a run gave up saving with time to spare when another run's answer was in the way.
FOUND_A_FAULT = (700048, 700092, 800123, 800144)
_SHORT = ["--rotations", "40", "--jobs", "1", "--first-seed", "0"]


def test_a_short_soak_finds_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with 0 and a table in which nothing is lost."""
    monkeypatch.setattr(soak, "ACTIONS", 40)

    assert soak.main(_SHORT) == 0

    rows = _rows(capsys.readouterr().out)
    assert int(rows["rotations"]) >= 40
    assert rows["lost silently"] == rows["edits lost"] == rows["leaks"] == rows["other invariants broken"] == "0"


@pytest.mark.parametrize("seed", FOUND_A_FAULT)
def test_histories_that_once_found_a_fault(seed: int) -> None:
    """Histories in which an invariant was once broken are run again."""
    outcome = soak.run_history(seed)
    if outcome.broken is not None:
        pytest.fail(soak.describe(outcome), pytrace=False)


def test_a_missing_safeguard_is_reported(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the proof it ends with 1, and names the invariant, the steps and the seed."""
    monkeypatch.setattr(SecretsManager, "check_writable", lambda *_: None)

    monkeypatch.setattr(soak, "_MOST_BROKEN", 1)

    assert soak.main(_SHORT) == 1

    printed = capsys.readouterr().out
    assert "seed 0: asked without a proof" in printed
    assert "1. A: BatchGetSecretValue" in printed
    assert "python -m tests.safety.soak --seed 0" in printed


def test_each_soak_takes_new_histories(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first seed is random, printed at the start and in the table, and where the soak begins."""
    begins = []

    def soak_nothing(_console: object, _rotations: int, _jobs: int, first_seed: int) -> tuple[Totals, list[object]]:
        begins.append(first_seed)
        return Totals(), []

    monkeypatch.setattr(soak, "soak", soak_nothing)
    for arguments in ([], [], ["--first-seed", "17"]):
        assert soak.main(arguments) == 0
        printed = capsys.readouterr().out
        assert printed.startswith(f"first seed {begins[-1]}: ")
        assert _rows(printed)["first seed"] == str(begins[-1])

    assert begins[0] != begins[1]
    assert begins[2] == 17


def test_a_history_can_be_replayed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed gives the same log, twice."""
    monkeypatch.setattr(soak, "ACTIONS", 8)
    logs = []
    for _ in range(2):
        assert soak.main(["--seed", "3"]) == 0
        logs.append(capsys.readouterr().out)

    assert logs[0] == logs[1]
    assert "scheduled run" in logs[0]


def _rows(printed: str) -> dict[str, str]:
    lines = [line.split("│") for line in printed.splitlines() if line.count("│") == 3]
    return {name.strip(): value.strip().replace(",", "") for _, name, value, _ in lines}
