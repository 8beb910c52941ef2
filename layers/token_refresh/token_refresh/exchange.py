"""One exchange with a provider: build the request, send it, read what came back, save the tokens."""

from __future__ import annotations

import traceback
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from token_refresh.clock import REQUEST_SECONDS
from token_refresh.errors import NotStored, Rejected, SecretError, SessionDead, Transient, Unclear, Unreadable
from token_refresh.masking import mask_values
from token_refresh.parsing import Body
from token_refresh.quoting import quote
from token_refresh.replies import Operation, Verdict
from token_refresh.storing import Answer, save
from token_refresh.tenant import base_url_of
from token_refresh.transport import post

if TYPE_CHECKING:
    from token_refresh.provider import Provider
    from token_refresh.replies import ParsedReply
    from token_refresh.run_context import RunContext, StoredSecret
    from token_refresh.storing import Saved
    from token_refresh.versions import Version

_LONGEST_CODE = 20  # characters


def ask(run: RunContext, secret: StoredSecret, operation: Operation, moved_to: str | None = None) -> Saved:
    """Ask the provider once, and save the tokens that it gives. `moved_to`: at another base URL, saved with them.

    Raises what any other answer means, `Transient` if none came, `Deferred` if too little time is left to begin.
    """
    run.deadline.check_request()
    provider, document = run.provider, secret.document
    sent_at = int(run.clock.now() * 1000) / 1000  # whole milliseconds, as it is stored
    if operation is Operation.REFRESH:
        request = run.build_refresh(document.refresh or {}, document.options, sent_at)
    else:
        request = run.build_login(document.login or {}, sent_at)
    mask_values(request.credentials)
    # Whoever may write the secret decides where its tokens go: so not to addresses inside, such as a metadata service.
    public_only = not run.settings.allow_plain_http and (moved_to or "baseUrl" in document.options)
    send = partial(post, moved_to or base_url_of(run, secret), seconds=REQUEST_SECONDS, public_only=bool(public_only))
    response = send(request)
    verdict, reply = provider.replies.read(response, operation, sent_at)
    if request.other_path and reply.status == HTTPStatus.NOT_FOUND and not reply.own_shape:
        run.deadline.check_request()  # nothing can have been spent
        response = send(replace(request, path=request.other_path))
        verdict, reply = provider.replies.read(response, operation, sent_at)
    unreadable = f"{provider.title} answered yes (HTTP {reply.status}) without tokens where they belong"
    if verdict is Verdict.SUCCESS and reply.issued is not None:
        mask_values(reply.issued.fields.values())
        # After a login too: who stored other refresh fields meanwhile stored newer credentials.
        presented = provider.refresh_fields if operation is Operation.REFRESH else provider.credential_fields
        try:
            moved = {"baseUrl": moved_to} if moved_to else {}
            tokens = replace(reply.issued, fields={**reply.issued.fields, **moved})
            return _save(run, Answer(secret, presented, tokens, sent_at))
        except Unreadable as error:
            unreadable = str(error)
    elif verdict is not Verdict.UNREADABLE:
        raise _refusal(run, operation, verdict, reply)
    raise Unreadable(f"{unreadable}; {_keep(run, secret.version, response.body)}")


def describe_bug(error: Exception) -> str:
    """Return where an unexpected error came from: neither its text nor its chain, nobody knows what is in them."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"internal error, please report it: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def _save(run: RunContext, answer: Answer) -> Saved:
    try:
        return save(run, answer)
    except SecretError:
        raise
    except Exception as error:  # noqa: BLE001  # a bug here can cost an account, and must be reported as such
        bug = describe_bug(error)
    raise NotStored(f"new tokens were issued; {bug}")


def _keep(run: RunContext, version: Version, body: bytes) -> str:
    """Keep an answer in which no tokens were found; return where it is, for a person."""
    if not body:
        return "its answer was empty"
    try:
        kept = run.deadline.retry(partial(run.secrets.keep_unreadable, version, body, run.clock.now()))
    except SecretError as error:
        why = error
    else:
        none = "NOT kept: twelve others of today are; read those"
        return f"its answer is {'kept' if kept else none} under the label UNREADABLE"
    raise NotStored(f"{run.provider.title} answered in a shape we do not know, and the answer could not be kept: {why}")


def _refusal(run: RunContext, operation: Operation, verdict: Verdict, reply: ParsedReply) -> SecretError:
    said = _quote(run.provider, reply, operation)
    if verdict is Verdict.DEAD:
        return SessionDead(said)
    if verdict is Verdict.REFUSED:
        return Rejected(f"{said}; " + ("at login" if operation is Operation.LOGIN else "a login would not help"))
    return Unclear(said) if verdict is Verdict.UNCLEAR else Transient(said)


def _quote(provider: Provider, reply: ParsedReply, operation: Operation) -> str:
    codes = f"HTTP {reply.status}"
    if reply.code is not None and reply.code != reply.status:
        codes += f", code {str(reply.code)[:_LONGEST_CODE]}"
    target = f", a redirect to {quote(reply.redirected_to)}" if reply.redirected_to else ""
    if not reply.message:
        page = " with a web page" if reply.body is Body.PAGE else ""
        return f"{provider.title} answered {codes}{page}{target}"
    hints = provider.replies.hints.get(operation, {})
    shown = quote(reply.message, hints)  # what is documented is shown whole
    hint = next((f": {hint}" for said, hint in hints.items() if shown.lower().startswith(said)), "")
    return f'{provider.title} said "{shown}" ({codes}{target}){hint}'
