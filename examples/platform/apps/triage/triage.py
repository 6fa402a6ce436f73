"""Whether a note is urgent: a small classifier of texts, trained on the notes of this folder."""
import json
from pathlib import Path

import numpy
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

_NOTES = json.loads((Path(__file__).parent / "notes.json").read_text(encoding="utf-8"))


def _table(texts):
    """One column of texts in small letters, which is what the model reads: who runs it makes them small."""
    return numpy.array([text.lower() for text in texts]).reshape(-1, 1)


def model():
    """Trained anew in each export, from the same notes."""
    texts = [text for kind in ("calm", "urgent") for text in _NOTES[kind]]
    kinds = [kind for kind in ("calm", "urgent") for _ in _NOTES[kind]]
    words = ColumnTransformer([("words", TfidfVectorizer(lowercase=False, token_pattern="[a-z]+"), 0)])
    return make_pipeline(words, LogisticRegression(C=10)).fit(_table(texts), kinds)


def samples():
    """Other notes than those that it was trained on."""
    return _table(_NOTES["samples"])
