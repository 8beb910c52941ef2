"""What a person sees: steps while it works, then what happened. A pipe gets the same as plain lines."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.local_stack.demo import Rotation
    from tests.support.providers import ProviderFacts

_PIPE_COLUMNS = 100
_PLATFORM_LINES = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")


class Terminal:
    """Prints to standard output."""

    def __init__(self) -> None:
        console = Console()
        self._console = console if console.is_terminal else Console(width=_PIPE_COLUMNS)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show a spinner and the time elapsed while something works, and a line when it is done."""
        began = time.monotonic()
        if self._console.is_terminal:
            columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
            with Progress(*columns, console=self._console, transient=True) as progress:
                progress.add_task(text, total=None)
                yield
        else:
            self.say(f"... {text}")
            yield
        self._console.print(f"[green]ok[/]  {text} [dim]({time.monotonic() - began:.0f} s)[/]")

    def say(self, text: str = "") -> None:
        """Print a text as it is, unwrapped, so that a command in it can be copied."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        """Print a line that divides."""
        self._console.print()
        self._console.rule(f"[bold]{text}", align="left")

    def rotations(self, rotations: Iterable[Rotation]) -> None:
        """Print the table of secrets; a value is shown by the first digits of its SHA-256."""
        table = Table(title="Each secret's tokens before and after, by fingerprint", title_justify="left")
        for column in ("secret", "token", "before", "after"):
            table.add_column(column, overflow="fold")
        for rotation in rotations:
            before, after = rotation.before.fields, rotation.after.fields
            tokens = rotation.provider.tokens
            by = f"{rotation.outcome}, by the {rotation.by}" if rotation.by else "not rotated"
            table.add_row(
                f"[bold]{rotation.secret_name}[/]\n{by}\nexpires {after.get('expiresAt', '(unknown)')}",
                "\n".join(tokens),
                "\n".join(_fingerprint(before, name) for name in tokens),
                "\n".join(_fingerprint(after, name) for name in tokens),
                end_section=True,
            )
        self._console.print()
        self._console.print(table)

    def logs(self, lines: Mapping[ProviderFacts, Iterable[str]]) -> None:
        """Print what the functions logged, the platform's own lines left out."""
        for provider, logged in lines.items():
            self.heading(f"CloudWatch Logs, {provider.function}")
            for line in logged:
                if not line.startswith(_PLATFORM_LINES):
                    self.say(line)

    def verdict(self, problems: Iterable[str]) -> None:
        """Print what is wrong, or that nothing is."""
        self._console.print()
        found = list(problems)
        for problem in found:
            self._console.print(f"[red]wrong[/]  {problem}")
        if not found:
            self._console.print(
                "[green]ok[/]  all rotated; the providers accept what is stored; no value is in any log"
            )


def _fingerprint(fields: Mapping[str, Any], name: str) -> str:
    return hashlib.sha256(str(fields[name]).encode()).hexdigest()[:8] if name in fields else "-"
