"""Secrets that nobody takes care of: under the stack's prefix, but under no provider's name (mistyped, mostly)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from token_refresh.errors import SecretError

if TYPE_CHECKING:
    from token_refresh.run_context import RunContext

PROVIDERS = ("mcs", "fashion-world", "ekuaibao")  # of all functions of a stack
HOUR = 3600  # seconds
_MOST_NAMED = 20


def warn_of_strays(run: RunContext) -> None:
    """Log a warning that names the secrets that no function reads, or says that AWS does not list them."""
    prefix = run.settings.secret_prefix.removesuffix(f"{run.provider.name}/")
    # A provider's name may come later: the prefix of another stack may begin with this one's.
    try:
        strays = sorted(name for name in run.secrets.list_names(prefix) if not {*name.split("/")[:-1]} & {*PROVIDERS})
    except SecretError as error:
        run.logger.warning("could not look for secrets that belong to no provider: %s", error)
        return
    if strays:
        named = ", ".join(strays[:_MOST_NAMED])
        more = f" and {len(strays) - _MOST_NAMED} more" if len(strays) > _MOST_NAMED else ""
        begin = ", ".join(f"{prefix}{name}/" for name in PROVIDERS)
        said = "no function reads these secrets: %s%s. Their names must begin with one of %s"
        run.logger.warning(said, named, more, begin)
