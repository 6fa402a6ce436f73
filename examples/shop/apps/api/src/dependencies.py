"""How a route gets at the shop's memory."""

from typing import Annotated

from fastapi import Depends, Request

from src.repository import Repository


def repository_of(request: Request) -> Repository:
    """The repository that the app was made with."""
    return request.app.state.repository


Shop = Annotated[Repository, Depends(repository_of)]
