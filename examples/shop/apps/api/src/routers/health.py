"""Whether the back end is up."""

from typing import Literal

from fastapi import APIRouter

from src.models import Wire

router = APIRouter(prefix="/api", tags=["health"])


class Health(Wire):
    """The answer of a back end that works."""

    status: Literal["ok"] = "ok"


@router.get("/health")
def get_health() -> Health:
    """Answers as soon as requests are served."""
    return Health()
