"""The mistakes the shop reports itself, and how they look on the wire."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from src.models import ErrorCode, Problem

STATUS_OF_CODE = {
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.OUT_OF_STOCK: 409,
    ErrorCode.EMPTY_CART: 409,
    ErrorCode.ILLEGAL_STATUS: 409,
}


class ShopError(Exception):
    """A request that cannot be fulfilled, and why."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code=code, message=message)


def responses(*codes: ErrorCode) -> dict:
    """The `responses` of a route that can end with these codes, for the schema."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS_OF_CODE[code], []).append(code.value)
    return {status: {"model": Problem, "description": ", ".join(values)} for status, values in by_status.items()}


def install(app: FastAPI) -> None:
    """Make the app answer a ShopError with its problem."""

    @app.exception_handler(ShopError)
    def answer(_request: Request, error: ShopError) -> JSONResponse:
        problem = error.problem
        return JSONResponse(problem.model_dump(mode="json"), status_code=STATUS_OF_CODE[problem.code])
