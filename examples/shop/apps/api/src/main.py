"""The shop's back end, put together. `uvicorn src.main:app` starts it.

`SHOP_STATIC` may name the folder of the built front end, which is then served beside the API.
"""

import os
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute

from src import errors
from src.frontend import SinglePageApp
from src.repository import Repository
from src.routers import carts, catalogue, health, orders


def create_app(repository: Repository, static: Path | None = None) -> FastAPI:
    """An app over this repository; tests make their own."""
    app = FastAPI(
        title="Kettle & Bean",
        version="1.4.0",
        openapi_url="/api/openapi.json",
        # The documentation pages of FastAPI load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
    )
    app.state.repository = repository
    errors.install(app)
    for part in (catalogue, carts, orders, health):
        app.include_router(part.router)
    if static:
        app.mount("/", SinglePageApp(static))
    return app


def operation_id(route: APIRoute) -> str:
    """The function's own name, so that generated clients read well."""
    return route.name


def static_folder() -> Path | None:
    """The folder that SHOP_STATIC names."""
    named = os.environ.get("SHOP_STATIC")
    return Path(named) if named else None


app = create_app(Repository.seeded(), static_folder())
