"""Runs every exported model once in onnxruntime, and writes what it answers.

usage: predict.py FOLDER FILE

FOLDER holds the artifacts of the targets that export.
"""
import json
import pathlib
import sys

import numpy
import onnxruntime


def main():
    folder, into = map(pathlib.Path, sys.argv[1:])
    answers = {path.relative_to(folder).as_posix(): answer(path) for path in sorted(folder.glob("*/*-onnx/*.onnx"))}
    loaded = [name for name in ("sklearn", "torch", "transformers") if name in sys.modules]
    into.write_text(json.dumps({"answers": answers, "frameworks": loaded}, indent=1) + "\n")


def answer(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    numbers = numpy.random.default_rng(3)
    feed = {one.name: made_up(one, numbers) for one in session.get_inputs()}
    outputs = session.run(None, feed)
    return {one.name: list(output.shape) for one, output in zip(session.get_outputs(), outputs)}


def made_up(value, numbers):
    """Three samples of whatever the model reads."""
    sizes = [3] + [size if isinstance(size, int) else 16 for size in value.shape[1:]]
    if value.type == "tensor(int64)":
        return numpy.ones(sizes, numpy.int64)
    return numbers.normal(size=sizes).astype(numpy.float32)


if __name__ == "__main__":
    main()
