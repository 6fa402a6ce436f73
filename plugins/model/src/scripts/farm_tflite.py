"""TFLite: how a model is described, and run, in LiteRT."""
import numpy
from ai_edge_litert.interpreter import Interpreter

# A version with weights of eight bits is made by the converter, before the check.


def quantise(path, into, mode, calibration):
    """False where the model has nothing that can be made smaller."""
    return into.stat().st_size < path.stat().st_size


def describe(path):
    runner = open_runner(path)
    return {"inputs": facts(runner.get_input_details()), "outputs": facts(runner.get_output_details())}


def facts(details):
    shapes = {name: [int(size) if size >= 0 else "?" for size in one.get("shape_signature", one["shape"])]
              for name, one in details.items()}
    return [{"name": name, "type": numpy.dtype(details[name]["dtype"]).name, "shape": shapes[name]} for name in sorted(details)]


def run(path, inputs, names):
    """What the model answers to the samples, one after the other: many models take one at a time."""
    runner, answers = open_runner(path), {name: [] for name in names}
    for at in range(len(next(iter(inputs.values())))):
        answer = runner(**{name: array[at:at + 1] for name, array in inputs.items()})
        for name in names:
            answers[name].append(answer[name])
    return {name: numpy.concatenate(rows) for name, rows in answers.items()}


def open_runner(path):
    return Interpreter(model_path=str(path), num_threads=1).get_signature_runner()
