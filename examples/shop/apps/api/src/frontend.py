"""Serving the built front end from the same origin as the API. Knows nothing of what it serves."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class SinglePageApp(StaticFiles):
    """The files of a folder, and its `index.html` for every address that the page itself routes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or not is_page(path):
                raise
            response = await super().get_response("index.html", scope)
        response.headers["Cache-Control"] = cache_control(path)
        return response


def is_page(path: str) -> bool:
    """Whether a missing path can be an address of the page: not one of the API, not a file's name."""
    return path != "api" and not path.startswith("api/") and "." not in path.rsplit("/", 1)[-1]


def cache_control(path: str) -> str:
    """A hashed asset never changes; everything else is asked for again."""
    if path.startswith("assets/"):
        return "public, max-age=31536000, immutable"
    return "no-cache"
