"""Checks a Compose and a Kubernetes file against the schemas of their ecosystems.

    check_files.py SCHEMA FOLDER
"""

import json
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

schema = json.loads(Path(sys.argv[1]).read_text())
# Of a later version of the specification than the schema.
schema["properties"].setdefault("name", {"type": "string"})
folder = Path(sys.argv[2])
for file in sorted(folder.glob("compose*.yaml")):
    jsonschema.validate(yaml.safe_load(file.read_text()), schema)
documents = [document for document in yaml.safe_load_all((folder / "kubernetes.yaml").read_text()) if document]
for document in documents:
    kubernetes_validate.validate(document, "1.30", strict=True)
print(len(documents), "objects")
