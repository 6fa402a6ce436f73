"""Hands documents to the validators of their own ecosystems; says what is wrong with the first that is refused.

usage: validate.py FILE...   (*.cdx.json: CycloneDX 1.6, *.provenance.json: in-toto Statement v1 with SLSA Provenance v1)
"""
import json
import pathlib
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement


def sbom(text):
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error:
        sys.exit(str(error))
    known = {component["bom-ref"] for component in json.loads(text)["components"]}
    known.add(json.loads(text)["metadata"]["component"]["bom-ref"])
    named = {name for edge in json.loads(text)["dependencies"] for name in [edge["ref"], *edge["dependsOn"]]}
    if named - known:
        sys.exit(f"these are no components: {named - known}")


def provenance(text):
    message = json_format.Parse(text, statement_pb2.Statement())
    Statement.copy_from_pb(message).validate()
    predicate = json_format.ParseDict(json.loads(text)["predicate"], provenance_pb2.Provenance())
    if not predicate.build_definition.build_type or not predicate.run_details.builder.id:
        sys.exit("SLSA wants a build type and a builder")


for name in sys.argv[1:]:
    check = sbom if name.endswith(".cdx.json") else provenance
    check(pathlib.Path(name).read_text())
