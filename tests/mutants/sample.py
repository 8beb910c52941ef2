"""A sample of the mutants that Cosmic Ray's operators make of the layer and the functions."""

from __future__ import annotations

import ast
import difflib
import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cosmic_ray.ast import ast_nodes, get_ast  # type: ignore[import-not-found]  # only `make mutants` installs it
from cosmic_ray.mutating import mutate_code  # type: ignore[import-not-found]  # the same
from cosmic_ray.plugins import get_operator, operator_names  # type: ignore[import-not-found]  # the same

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = ("layers/token_refresh/token_refresh/*.py", "functions/*/app.py")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One file with one change."""

    file: str
    line: int
    was: str
    becomes: str
    code: str


@dataclass(frozen=True, slots=True)
class _Place:
    """What one operator can do to one line."""

    file: str
    line: int
    text: str
    operator: str
    occurrence: int  # in the file
    nth: int  # of this operator in this line

    def order(self, seed: str) -> str:
        """Give the places a random order that stays when other lines of the code change."""
        known = (seed, self.file, self.text.strip(), self.operator, str(self.nth))
        return hashlib.sha256("\n".join(known).encode()).hexdigest()


def sample(seed: str, size: int) -> list[Mutant]:
    """Return at most one mutant of each line."""
    places = [place for pattern in SOURCES for path in sorted(Path().glob(pattern)) for place in _places(path)]
    chosen: dict[tuple[str, int], Mutant] = {}
    for place in sorted(places, key=lambda one: one.order(seed)):
        if len(chosen) < size and (place.file, place.line) not in chosen:
            mutant = _make(place)
            if mutant is not None:
                chosen[place.file, place.line] = mutant
    return list(chosen.values())


def _places(path: Path) -> Iterator[_Place]:
    code = path.read_text()
    lines, nodes = code.splitlines(), list(ast_nodes(get_ast(code)))
    for name in operator_names():
        if get_operator(name).arguments():
            continue  # these replace the variables that they are told, and we tell none
        operator = get_operator(name)()
        starts = [start for node in nodes for (start, _) in operator.mutation_positions(node)]
        seen: Counter[int] = Counter()
        for occurrence, (line, _) in enumerate(starts):
            yield _Place(str(path), line, lines[line - 1], name, occurrence, seen[line])
            seen[line] += 1


def _make(place: _Place) -> Mutant | None:
    code = Path(place.file).read_text()
    try:
        changed = mutate_code(code, get_operator(place.operator)(), place.occurrence)
    except AttributeError:
        return None  # Cosmic Ray cannot replace an exception whose name has a dot
    return _mutant(place.file, code, changed) if changed is not None and _differs(code, changed) else None


def _mutant(file: str, code: str, changed: str) -> Mutant:
    before, after = code.splitlines(), changed.splitlines()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    _, start, end, first, last = next(block for block in blocks if block[0] != "equal")
    was, becomes = (" ".join(" ".join(lines).split()) for lines in (before[start:end], after[first:last]))
    return Mutant(file, start + 1, was, becomes, changed)


def _differs(code: str, changed: str) -> bool:
    """Tell whether it can matter: it is valid Python, and differs in more than annotations, which nothing evaluates."""
    try:
        return _meaning(code) != _meaning(changed)
    except SyntaxError:
        return False


def _meaning(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)
