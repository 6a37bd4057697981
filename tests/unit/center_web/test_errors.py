"""Errors become statuses, codes and log lines without anybody's data."""

import logging

import pytest

from center.errors import DeskError
from center.media.interface import MediaError
from center.web.errors import ForeignPage, close_code_of, code_of, error_reply, log_fault, status_of
from protocol.errors import ErrorCode, IllegalTransition, ProtocolError

RESIDENT = "林晓梅"


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_has_a_status_of_an_error_and_a_close_code(code: ErrorCode) -> None:
    status = status_of(DeskError(code))
    assert 400 <= status < 600
    assert (status == 500) is (code is ErrorCode.INTERNAL)
    assert 1000 < close_code_of(code) < 5000


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ProtocolError(ErrorCode.TOO_LARGE, "a rule"), 413, ErrorCode.TOO_LARGE),
        (IllegalTransition("ticket", "waiting", "hold"), 409, ErrorCode.ILLEGAL_TRANSITION),
        (MediaError("not SDP"), 400, ErrorCode.MALFORMED),
        (ForeignPage("a rule"), 403, ErrorCode.MALFORMED),
        (TimeoutError(), 408, ErrorCode.TIMED_OUT),
        (KeyError(RESIDENT), 500, ErrorCode.INTERNAL),
    ],
)
def test_each_family_has_its_status(error: Exception, status: int, code: ErrorCode) -> None:
    assert (status_of(error), code_of(error)) == (status, code)
    reply = error_reply(error)
    assert reply.status == status
    assert reply.body == b'{"code":"%s"}' % code.encode()


def test_a_fault_is_logged_with_its_causes_and_without_their_texts(caplog: pytest.LogCaptureFixture) -> None:
    def innermost() -> None:
        raise KeyError(RESIDENT)

    try:
        try:
            innermost()
        except KeyError as error:
            raise ExceptionGroup(RESIDENT, [ValueError(RESIDENT)]) from error
    except ExceptionGroup as error:
        with caplog.at_level(logging.ERROR):
            log_fault(error, "a test")
    for seen in ("a test", "ExceptionGroup", "ValueError", "KeyError", "innermost"):
        assert seen in caplog.text
    assert RESIDENT not in caplog.text
