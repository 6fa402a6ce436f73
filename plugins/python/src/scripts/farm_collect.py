"""Copies the app's sources and compiles them to byte code.

usage: farm_collect.py --from FOLDER --into FOLDER --facts FILE [--bytecode]
"""
import argparse
import json
import pathlib
import platform
import shutil

import farm_bytecode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="sources", type=pathlib.Path, required=True)
    parser.add_argument("--into", type=pathlib.Path, required=True)
    parser.add_argument("--facts", type=pathlib.Path, required=True)
    parser.add_argument("--bytecode", action="store_true")
    options = parser.parse_args()
    for source in sorted(path for path in options.sources.rglob("*") if path.is_file()):
        target = options.into / source.relative_to(options.sources)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    if options.bytecode:
        farm_bytecode.compile_tree(options.into, strict=True)
    options.facts.parent.mkdir(parents=True, exist_ok=True)
    options.facts.write_text(json.dumps({"python": platform.python_version()}) + "\n")


if __name__ == "__main__":
    main()
