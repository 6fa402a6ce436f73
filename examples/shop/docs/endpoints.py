"""Writes a list of the API's endpoints in Markdown: `endpoints.py SCHEMA OUTPUT`. Needs Python's own library alone."""

import json
import sys
from pathlib import Path

METHODS = ("get", "put", "post", "delete", "patch")


def main(schema_path: str, output_path: str) -> None:
    schema = json.loads(Path(schema_path).read_text(encoding="utf-8"))
    Path(output_path).write_text(document(schema), encoding="utf-8")


def document(schema: dict) -> str:
    """The whole page; the same schema gives the same bytes."""
    info = schema["info"]
    lines = [f"# {info['title']} API {info['version']}", "", "| Request | Answer | Errors | What it does |", "|---|---|---|---|"]
    for path, item in sorted(schema["paths"].items()):
        lines += [row(method, path, item[method]) for method in METHODS if method in item]
    return "\n".join(lines) + "\n"


def row(method: str, path: str, operation: dict) -> str:
    """One endpoint as a row of the table."""
    good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    bad = [status for status in operation["responses"] if not status.startswith("2")]
    cells = (
        f"`{method.upper()} {path}`",
        ", ".join(model_name(answer) for answer in good),
        ", ".join(bad),
        operation.get("description", operation["summary"]),
    )
    return f"| {' | '.join(cells)} |"


def model_name(answer: dict) -> str:
    """The name of the model in an answer's body, or that of a list's members."""
    shape = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if shape.get("type") == "array":
        return f"list of {reference(shape['items'])}"
    return reference(shape)


def reference(shape: dict) -> str:
    return shape.get("$ref", "nothing").rsplit("/", 1)[-1]


if __name__ == "__main__":
    main(*sys.argv[1:])
