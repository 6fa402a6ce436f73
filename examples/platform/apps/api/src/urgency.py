"""How urgent a note is: what the model of `apps/triage` says, which is run by onnxruntime."""

import os
from typing import Protocol

import numpy
import onnxruntime


class Judge(Protocol):
    """Says how likely it is that somebody has to act on a note at once; nothing if it cannot tell."""

    def urgency(self, text: str) -> float | None: ...


class Nobody:
    """Where there is no model."""

    def urgency(self, text: str) -> float | None:
        return None


class Model:
    """The model in this file."""

    def __init__(self, path: str) -> None:
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def urgency(self, text: str) -> float | None:
        # Trained on small letters. The columns are the kinds by their names: calm, urgent.
        [probabilities] = self._session.run(["probabilities"], {"X": numpy.array([[text.lower()]])})
        return round(float(probabilities[0, 1]), 3)


def of_environment() -> Judge:
    """The model in the file that NOTES_MODEL names, if it names any."""
    path = os.environ.get("NOTES_MODEL")
    return Model(path) if path else Nobody()
