"""Byte code that is the same for the same source, wherever and whenever it is compiled.

The files carry the source's hash and are never checked against it, so nothing is written beside them when they run.
"""
import importlib.util
import marshal
import pathlib

UNCHECKED_HASH = 0b01


def compile_tree(root, strict=False):
    """Compiles every module below `root`. A file that is no valid Python of this version is left as it is, as packages
    have them for other versions; with `strict` it is an error: it is the app's own."""
    for path in sorted(root.rglob("*.py")):
        data = path.read_bytes()
        try:
            code = compile(data, path.relative_to(root).as_posix(), "exec", dont_inherit=True, optimize=0)
        except (SyntaxError, ValueError, RecursionError) as error:
            if strict:
                line = getattr(error, "lineno", None) or 1
                raise SystemExit(f"{path.relative_to(root).as_posix()}:{line}: {error.__class__.__name__}: {error}")
            continue
        target = pathlib.Path(importlib.util.cache_from_source(str(path), optimization=""))
        target.parent.mkdir(exist_ok=True)
        header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little") + importlib.util.source_hash(data)
        target.write_bytes(header + dump(code))


def dump(code):
    """Marshals without back references: which ones there are depends on all that the interpreter did before."""
    try:
        return marshal.dumps(code, 2)
    except ValueError:  # a constant that the old form cannot hold (slices, from Python 3.14)
        return marshal.dumps(code)
