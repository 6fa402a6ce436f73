"""What a model's options name: attributes of the target's modules, and samples as arrays. Knows no framework."""
import importlib
import json
import pathlib
import sys
import traceback

import numpy


def attribute(name):
    """The object that `module:attribute` names."""
    module, _, path = name.partition(":")
    try:
        found = importlib.import_module(module)
    except Exception:
        traceback.print_exc()
        sys.exit(f"`{module}` could not be imported: it must import without network, services and environment variables")
    for part in path.split("."):
        if not hasattr(found, part):
            sys.exit(f"module `{module}` has no `{path}`")
        found = getattr(found, part)
    return found


def load(name, option="samples"):
    """Samples as a list of name and array; names are None where inputs are told apart by their places alone. All arrays
    have as many rows: a row of each is one sample."""
    value = from_attribute(name) if ":" in name else from_file(pathlib.Path(name))
    inputs = [(name, as_array(one)) for name, one in named(value)]
    counts = {len(array) if array.ndim else 0 for _, array in inputs}
    if len(counts) != 1 or counts == {0}:
        shapes = ", ".join(str(array.shape) for _, array in inputs)
        sys.exit(f"`{option}` are arrays with a row for each sample, at least one and as many in each; these have the shapes {shapes}")
    return inputs


def from_attribute(name):
    value = attribute(name)
    return value() if callable(value) else value


def from_file(path):
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    if path.suffix in (".npy", ".npz"):
        loaded = numpy.load(path, allow_pickle=False)
        return dict(loaded) if path.suffix == ".npz" else loaded
    sys.exit(f"`{path}` is no file of samples that farm knows: they are `.npz`, `.npy` or `.json`")


def named(value):
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, tuple):
        return [(None, one) for one in value]
    return [(None, value)]


def as_array(value):
    """Numbers with a fraction have 32 bits, as in models that are exported."""
    value = value.detach() if hasattr(value, "detach") else value
    array = numpy.asarray(value)
    if array.dtype == object:
        array = array.astype(str)
    return array.astype(numpy.float32) if array.dtype == numpy.float64 else array


def save(path, inputs):
    """Keeps arrays by their places, since names may have any letters."""
    numpy.savez(path, **{str(place): array for place, (_, array) in enumerate(inputs)})


def restore(path, names):
    with numpy.load(path, allow_pickle=False) as arrays:
        return {name: arrays[str(place)] for place, name in enumerate(names)}
