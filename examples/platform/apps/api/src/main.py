"""Notes on a board: the API, and the front end beside it where NOTES_STATIC names its folder."""

import os
from itertools import count
from typing import Annotated

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, StringConstraints

app = FastAPI(title="Notes", version="1.0.0", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NewNote(BaseModel):
    """What somebody writes."""

    text: Text


class Note(NewNote):
    """What hangs on the board."""

    id: int


class Health(BaseModel):
    """Whether the back end works."""

    status: str
    notes: int


board: list[Note] = []
ids = count(1)


@app.get("/api/health")
def health() -> Health:
    return Health(status="ok", notes=len(board))


@app.get("/api/notes")
def list_notes() -> list[Note]:
    return board


@app.post("/api/notes", status_code=201)
def add_note(note: NewNote) -> Note:
    board.append(Note(id=next(ids), text=note.text))
    return board[-1]


if static := os.environ.get("NOTES_STATIC"):
    app.mount("/", StaticFiles(directory=static, html=True))
