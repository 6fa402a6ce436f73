"""scikit-learn to ONNX, by skl2onnx."""
import importlib.metadata
import pathlib
import pickle
import sys

import numpy
import sklearn
import skl2onnx

import farm_onnx
import farm_samples


def export(spec, into):
    model = load(spec["source"])
    [inputs, calibration] = [read(spec, option) for option in ("samples", "calibration")]
    rows = inputs[0][1]
    options = {id(model): {"zipmap": False}} if hasattr(model, "predict_proba") else None
    exported = skl2onnx.to_onnx(model, rows[:1], options=options, target_opset=spec["opset"])
    (into / "onnx").mkdir()
    farm_onnx.save(exported, into / "onnx" / "model.onnx")
    name = exported.graph.input[0].name
    answers = dict(zip((output.name for output in exported.graph.output), answer(model, rows)))
    farm_samples.save(into / "samples.npz", inputs)
    farm_samples.save(into / "answers.npz", answers.items())
    if calibration:
        farm_samples.save(into / "calibration.npz", calibration)
    return {"inputs": [name], "outputs": list(answers), "bytes": len(pickle.dumps(model)),
            "versions": {"scikit-learn": sklearn.__version__, "skl2onnx": importlib.metadata.version("skl2onnx")}}


def load(source):
    """A fitted estimator, the function that makes one, or a file that one was pickled to."""
    if ":" in source:
        found = farm_samples.attribute(source)
        model = found() if callable(found) and not hasattr(found, "get_params") else found
    elif pathlib.Path(source).suffix == ".joblib":
        import joblib

        model = joblib.load(source)
    else:
        model = pickle.loads(pathlib.Path(source).read_bytes())
    if not hasattr(model, "get_params") or isinstance(model, type):
        sys.exit(f"`{source}` is no estimator of scikit-learn, but {type(model).__name__}")
    return model


def read(spec, option):
    if not spec[option]:
        return None
    inputs = farm_samples.load(spec[option], option)
    if len(inputs) != 1 or inputs[0][1].ndim != 2:
        sys.exit(f"`{option}` of a model of scikit-learn are one table: an array with a row for each sample and a column for each feature")
    return inputs


def answer(model, rows):
    """What the estimator answers, in the order in which skl2onnx has its outputs."""
    if not hasattr(model, "predict"):
        return [as_exported(model.transform(rows))]
    answers = [as_exported(model.predict(rows))]
    if hasattr(model, "predict_proba"):
        answers.append(as_exported(model.predict_proba(rows)))
    elif sklearn.base.is_regressor(model) and answers[0].ndim == 1:
        # skl2onnx answers with a column.
        answers[0] = answers[0].reshape(-1, 1)
    return answers


def as_exported(values):
    return farm_samples.as_array(numpy.asarray(values))
