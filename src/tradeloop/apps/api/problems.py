"""Errors as problem documents (RFC 9457): the rule, the value and the way out."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tradeloop.errors import (
    BusyError,
    ConflictError,
    DamagedError,
    InputError,
    MissingExtraError,
    NotFoundError,
    TradeloopError,
)

_STATUS: tuple[tuple[type[TradeloopError], int, str], ...] = (
    (NotFoundError, 404, "not found"),
    (ConflictError, 409, "conflict"),
    (InputError, 422, "the input breaks a rule"),
    (BusyError, 503, "busy"),
    (MissingExtraError, 501, "not installed"),
    (DamagedError, 500, "a stored file is damaged"),
)


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
            return problem(request, status, title, str(error))
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
    return problem(
        request, error.status_code, str(error.detail).lower(), request.url.path
    )


def install(app: FastAPI) -> None:
    """Let every error leave as a problem document."""
    app.add_exception_handler(TradeloopError, _raised)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _raised)
