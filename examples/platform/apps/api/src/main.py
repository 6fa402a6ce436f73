"""Notes on a board: the API, and the front end beside it where NOTES_STATIC names its folder."""

import os
from typing import Annotated

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field, StringConstraints

from . import board, urgency

app = FastAPI(title="Notes", version="1.0.0", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NewNote(BaseModel):
    """What somebody writes."""

    text: Text


class Note(NewNote):
    """What hangs on the board."""

    id: int
    urgency: float | None = Field(description="How likely it is that somebody has to act at once; without a model, nothing")


class Health(BaseModel):
    """Whether the back end works."""

    status: str
    notes: int


notes = board.of_environment()
judge = urgency.of_environment()


def as_note(number: int, text: str) -> Note:
    return Note(id=number, text=text, urgency=judge.urgency(text))


@app.get("/api/health")
def health() -> Health:
    return Health(status="ok", notes=len(notes.all()))


@app.get("/api/notes")
def list_notes() -> list[Note]:
    return [as_note(number, text) for number, text in enumerate(notes.all(), start=1)]


@app.post("/api/notes", status_code=201)
def add_note(note: NewNote) -> Note:
    return as_note(notes.add(note.text), note.text)


if static := os.environ.get("NOTES_STATIC"):
    app.mount("/", StaticFiles(directory=static, html=True))
