"""Checks Compose and Kubernetes files against the schemas of their ecosystems.

    check_files.py FOLDER...

The schema of Compose is the one that the specification's project keeps, as check-jsonschema brings it.
"""

import json
import sys
from pathlib import Path

import check_jsonschema
import jsonschema
import kubernetes_validate
import yaml

VERSIONS = ["1.30", kubernetes_validate.latest_version()]
schema = json.loads((Path(check_jsonschema.__file__).parent / "builtin_schemas/vendor/compose-spec.json").read_text())
compose = jsonschema.validators.validator_for(schema)(schema)
for folder in map(Path, sys.argv[1:]):
    files = sorted(folder.glob("compose*.yaml"))
    for file in files:
        compose.validate(yaml.safe_load(file.read_text()))
    documents = [document for document in yaml.safe_load_all((folder / "kubernetes.yaml").read_text()) if document]
    for document in documents:
        for version in VERSIONS:
            kubernetes_validate.validate(document, version, strict=True)
    print(len(files), "files and", len(documents), "objects")
