"""Checks Compose and Kubernetes files against the schemas of their ecosystems.

    check_files.py FOLDER...

The schema of Compose is the one that the specification's project keeps, as check-jsonschema brings it. What a cluster and
a registry say of names is in no schema, and is checked by itself.
"""

import json
import re
import sys
from pathlib import Path

import check_jsonschema
import jsonschema
import kubernetes_validate
import yaml

VERSIONS = ["1.30", kubernetes_validate.latest_version()]
# A label as RFC 1035 has it, which is one of RFC 1123, too; and an image's repository.
LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")


def check_names(document, at=""):
    """Every name of an object, of a container or a volume, every label, and every image."""
    if isinstance(document, list):
        for inner in document:
            check_names(inner, at)
    if not isinstance(document, dict):
        return
    for key, value in document.items():
        is_name = key in ("name", "claimName", "serviceName") and at != "env"
        if is_name or at in ("labels", "matchLabels"):
            assert LABEL.fullmatch(value), f"{value!r} is no name in Kubernetes"
        if key == "image":
            check_image(value)
        check_names(value, key)


def check_image(reference):
    name = reference.split("@")[0]
    host, _, path = name.partition("/")
    is_host = path and any(sign in host for sign in ".:")
    repository, _, tag = (path if is_host else name).partition(":")
    assert REPOSITORY.fullmatch(repository) and re.fullmatch(r"[\w][\w.-]{0,127}", tag), f"{reference!r} is no image"


schema = json.loads((Path(check_jsonschema.__file__).parent / "builtin_schemas/vendor/compose-spec.json").read_text())
compose = jsonschema.validators.validator_for(schema)(schema)
for folder in map(Path, sys.argv[1:]):
    files = sorted(folder.glob("compose*.yaml"))
    for file in files:
        document = yaml.safe_load(file.read_text())
        compose.validate(document)
        for service in document.get("services", {}).values():
            check_image(service["image"])
    documents = [document for document in yaml.safe_load_all((folder / "kubernetes.yaml").read_text()) if document]
    for document in documents:
        for version in VERSIONS:
            kubernetes_validate.validate(document, version, strict=True)
        check_names(document)
    print(len(files), "files and", len(documents), "objects")
