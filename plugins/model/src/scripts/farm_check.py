"""Runs every export of a model on the samples, and compares its answers with those of the original.

usage: farm_check.py SPEC EXPORTED INTO

Makes the versions with weights of eight bits before. An export that differs by more than its tolerance is an error, and
nothing is left of it.
"""
import importlib
import json
import pathlib
import shutil
import sys

sys.path[:0] = [str(pathlib.Path("site-packages").resolve())]

RUNNERS = {"onnx": "farm_onnx", "tflite": "farm_tflite", "torchscript": "farm_torchscript"}
FILES = {"onnx": "model.onnx", "tflite": "model.tflite", "torchscript": "model.pt"}


def main():
    spec, exported, into = json.loads(pathlib.Path(sys.argv[1]).read_text()), *map(pathlib.Path, sys.argv[2:])
    into.mkdir(parents=True, exist_ok=True)
    facts = json.loads((exported / "export.json").read_text())
    faults = []
    for format in spec["formats"]:
        said = check(spec, facts, exported, into, format, faults)
        (into / f"{format}.json").write_text(json.dumps(said, indent=1) + "\n")
    if faults:
        sys.exit("\n".join(faults))


def check(spec, facts, exported, into, format, faults):
    import farm_compare

    shutil.copytree(exported / format, into / format)
    runner, path = importlib.import_module(RUNNERS[format]), into / format / FILES[format]
    arrays = Arrays(exported, facts)
    described = runner.describe(path)
    # In the order in which people are told; what does not fit there is in the manifest.
    found = {"format": format, "opset": described.pop("opset", None), "original_bytes": facts["bytes"], "bytes": size(path),
             **agreement(spec, "", path, runner, arrays, spec["tolerance"], faults)}
    if spec["int8"] and hasattr(runner, "quantise"):
        found["int8"] = quantised(spec, path, runner, arrays, faults)
    found |= {**described, "checked": facts["outputs"], "samples": arrays.count, "versions": facts["versions"]}
    return {name: value for name, value in found.items() if value is not None}


def quantised(spec, path, runner, arrays, faults):
    int8 = spec["int8"]
    small = path.with_name(f"{path.stem}.int8{path.suffix}")
    if not runner.quantise(path, small, int8["mode"], arrays.calibration):
        faults.append(f"`{spec['name']}` has nothing that weights of eight bits make smaller: take `int8` out")
        return {}
    facts = {"bytes": size(small), **agreement(spec, " with weights of eight bits", small, runner, arrays, int8["tolerance"], faults)}
    return facts | {"mode": int8["mode"]}


def agreement(spec, version, path, runner, arrays, tolerance, faults):
    """How far the export's answers are from the original's."""
    from farm_compare import Disagreement, compare, rounded

    answers = runner.run(path, arrays.samples, list(arrays.answers))
    difference = 0.0
    for name, original in arrays.answers.items():
        try:
            difference = max(difference, compare(name, original, answers[name], tolerance))
        except Disagreement as wrong:
            option = "tolerance` of `int8" if version else "tolerance"
            faults.append(f"the export of `{spec['name']}` to {path.name}{version} does not agree with the original\n  {wrong}\n"
                          f"  if that is good enough, raise `{option}`")
    return {"difference": rounded(difference), "tolerance": tolerance}


class Arrays:
    """The samples, what the original answers to them, and the samples for calibration."""

    def __init__(self, exported, facts):
        import farm_samples

        self.samples = farm_samples.restore(exported / "samples.npz", facts["inputs"])
        self.answers = farm_samples.restore(exported / "answers.npz", facts["outputs"])
        calibration = exported / "calibration.npz"
        self.calibration = farm_samples.restore(calibration, facts["inputs"]) if calibration.exists() else self.samples
        self.count = len(next(iter(self.samples.values())))


def size(path):
    """Of a model, with the weights that lie beside it."""
    return sum(file.stat().st_size for file in (path, path.with_name(f"{path.name}.data")) if file.exists())


if __name__ == "__main__":
    main()
