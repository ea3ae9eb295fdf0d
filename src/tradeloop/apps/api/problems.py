"""Errors as problem documents (RFC 9457): the rule, the value and the way out."""

from http import HTTPStatus
from math import ceil

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tradeloop.errors import (
    BusyError,
    ConflictError,
    DamagedError,
    FullError,
    InputError,
    MissingExtraError,
    NotFoundError,
    OverloadedError,
    TradeloopError,
)

_STATUS: tuple[tuple[type[TradeloopError], int, str], ...] = (
    (NotFoundError, 404, "not found"),
    (ConflictError, 409, "conflict"),
    (InputError, 422, "the input breaks a rule"),
    (OverloadedError, 429, "too much at once"),
    (FullError, 507, "no space left"),
    (BusyError, 503, "busy"),
    (MissingExtraError, 501, "not installed"),
    (DamagedError, 500, "a stored file is damaged"),
)
_WAIT_S = {503: 1.0, 507: 5.0}
"""When to send again what was refused for now, seconds."""


def problem(request: Request, status: int, title: str, detail: str) -> JSONResponse:
    """Write a problem document."""
    body = {
        "type": f"urn:tradeloop:problem:{title.replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    return JSONResponse(body, status, media_type="application/problem+json")


def _raised(request: Request, error: Exception) -> JSONResponse:
    for kind, status, title in _STATUS:
        if isinstance(error, kind):
            answer = problem(request, status, title, str(error))
            wait_s = getattr(error, "retry_after_s", _WAIT_S.get(status))
            if wait_s is not None:
                answer.headers["Retry-After"] = str(ceil(wait_s))
            return answer
    return problem(request, 500, "internal error", "The error is in the server's log.")


def _invalid(request: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    detail = "; ".join(
        f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in found[:10]
    )
    return problem(request, 422, "the input breaks a rule", detail)


def _http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        return _raised(request, error)
    title, detail = HTTPStatus(error.status_code).phrase, str(error.detail)
    if detail == title:
        detail = request.url.path
    return problem(request, error.status_code, title.lower(), detail)


def install(app: FastAPI) -> None:
    """Let every error leave as a problem document."""
    app.add_exception_handler(TradeloopError, _raised)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _raised)
