"""Writes the OpenAPI schema of an ASGI app, as the app itself tells it.

usage: farm_schema.py --path FOLDER… --into FILE MODULE:ATTRIBUTE

Started without `site`, so that the app finds its own dependencies and the standard library, and nothing else.
"""
import argparse
import importlib
import json
import pathlib
import sys
import traceback


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--path", action="append", default=[])
    parser.add_argument("--into", type=pathlib.Path, required=True)
    parser.add_argument("app")
    options = parser.parse_args()
    # The first entry is this script's own folder, which holds nothing of the app's.
    sys.path[:1] = [str(pathlib.Path(folder).resolve()) for folder in options.path]
    schema = schema_of(load(options.app), options.app)
    options.into.parent.mkdir(parents=True, exist_ok=True)
    options.into.write_text(json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def load(name):
    module, _, attribute = name.partition(":")
    try:
        found = importlib.import_module(module)
    except Exception:
        traceback.print_exc()
        sys.exit(f"the app could not be imported: `{module}` must import without network, services and environment variables")
    for part in attribute.split("."):
        if not hasattr(found, part):
            sys.exit(f"module `{module}` has no `{attribute}`: option `app` names the variable that holds the app")
        found = getattr(found, part)
    return found


def schema_of(app, name):
    openapi = getattr(app, "openapi", None)
    if callable(openapi):
        return openapi()
    routes = getattr(app, "routes", None)
    if routes is None:
        sys.exit(f"`{name}` is a {type(app).__name__}, neither a FastAPI nor a Starlette app: option `app` names the app object")
    return starlette_schema(app, routes)


def starlette_schema(app, routes):
    """Starlette's own generator takes what the endpoints' docstrings say as YAML; the rest is told by the routes."""
    schema = {"openapi": "3.1.0", "info": {"title": type(app).__name__, "version": "0"}, "paths": {}}
    described = documented(routes, schema)
    for path, methods, operation in endpoints(routes, ""):
        for method in methods:
            entry = described.get(path, {}).get(method) or {"summary": operation, "responses": {"default": {"description": "any"}}}
            schema["paths"].setdefault(path, {})[method] = with_parameters(entry, path)
    return schema


def documented(routes, base):
    try:
        import yaml  # noqa: F401  Starlette's generator needs it
        from starlette.schemas import SchemaGenerator
    except ImportError:
        return {}
    try:
        return SchemaGenerator({**base, "paths": {}}).get_schema(routes=routes).get("paths", {})
    except Exception:
        return {}  # docstrings that are prose, not YAML


def endpoints(routes, prefix):
    for route in routes:
        path = prefix + plain(getattr(route, "path", ""))
        inner = getattr(route, "routes", None)
        if inner:
            yield from endpoints(inner, path)
        elif getattr(route, "include_in_schema", False) and getattr(route, "methods", None):
            methods = sorted(method.lower() for method in route.methods if method != "HEAD")
            yield path, methods, getattr(route, "name", "")


def plain(path):
    """`/items/{id:int}` as OpenAPI writes it."""
    return "/".join("{" + part[1:-1].split(":")[0] + "}" if part.startswith("{") and part.endswith("}") else part for part in path.split("/"))


def with_parameters(operation, path):
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    if not names or "parameters" in operation:
        return operation
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return {**operation, "parameters": parameters}


if __name__ == "__main__":
    main()
