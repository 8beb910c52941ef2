"""Keeps credential values out of every log line, of every logger at every level.

What the HTTP and AWS libraries log is withheld whole: it was written before we knew what in it is secret. All else
passes the mask.
"""

from __future__ import annotations

import logging

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from token_refresh.masking import hide

_LIBRARIES = ("boto3", "botocore", "http", "requests", "s3transfer", "urllib3")


class MaskingFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON formatter, whose finished line passes the mask, extra keys included."""

    def format(self, record: logging.LogRecord) -> str:  # noqa: D102  # as its parent's
        return hide(super().format(record))


class MaskedRecord(logging.LogRecord):
    """A log record of any logger, at any level, for any handler: its text is clean from the start."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # the factory's own signature, passed on as it came
        if str(self.name).partition(".")[0] in _LIBRARIES:
            self.msg = "withheld: this library's log lines can carry credentials"
            self.args = self.exc_info = self.exc_text = self.stack_info = None
        elif isinstance(self.msg, str):  # Powertools lets a message be an object; its line is masked by the formatter
            try:
                self.msg, self.args = hide(self.getMessage()), None
            except Exception:  # noqa: BLE001  # logging never raises into the caller, whatever the arguments are
                self.msg, self.args = "withheld: its arguments do not fit its message", None


def install() -> None:
    """Guard every logger of this process."""
    logging.setLogRecordFactory(MaskedRecord)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL)
