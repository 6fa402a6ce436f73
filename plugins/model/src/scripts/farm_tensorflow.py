"""A SavedModel of TensorFlow to TFLite, by TensorFlow's own converter."""
import sys

import numpy
import tensorflow

import farm_samples


def export(spec, into):
    # Before anything of the target's own is imported: Keras draws its first weights from it.
    tensorflow.keras.utils.set_random_seed(0)
    folder = folder_of(spec["source"])
    model = tensorflow.saved_model.load(folder)
    signature = model.signatures.get("serving_default")
    if signature is None:
        sys.exit(f"`{folder}` has no signature `serving_default`: `model.export(FOLDER)` of Keras makes one")
    wanted = signature.structured_input_signature[1]
    [inputs, calibration] = [read(spec, option, wanted) for option in ("samples", "calibration")]
    answers = signature(**{name: tensorflow.constant(array) for name, array in inputs})
    answers = [(name, answers[name].numpy()) for name in sorted(answers)]
    (into / "tflite").mkdir()
    (into / "tflite" / "model.tflite").write_bytes(convert(folder, None, None))
    if spec["int8"]:
        small = convert(folder, spec["int8"], calibration or inputs)
        (into / "tflite" / "model.int8.tflite").write_bytes(small)
    farm_samples.save(into / "samples.npz", inputs)
    farm_samples.save(into / "answers.npz", answers)
    # Of the weights, as for PyTorch: a SavedModel has other bytes each time it is written.
    size = sum(one.numpy().nbytes for one in signature.variables)
    return {"inputs": [name for name, _ in inputs], "outputs": [name for name, _ in answers], "bytes": size,
            "versions": {"tensorflow": tensorflow.__version__}}


def folder_of(source):
    """The SavedModel that is named, or that a Keras model is saved to."""
    if ":" not in source:
        return source
    found = farm_samples.attribute(source)
    model = found if hasattr(found, "export") and not isinstance(found, type) else found()
    if not hasattr(model, "export"):
        sys.exit(f"`{source}` is no model of Keras, but {type(model).__name__}")
    folder = "farm/saved"
    model.export(folder, verbose=False)
    return folder


def read(spec, option, wanted):
    """Samples under the names of the signature's inputs."""
    if not spec[option]:
        return None
    inputs = farm_samples.load(spec[option], option)
    names = [name for name, _ in inputs]
    if None in names:
        names = sorted(wanted)
    if sorted(names) != sorted(wanted) or len(names) != len(inputs):
        sys.exit(f"`{option}` have to be the inputs of the signature: {', '.join(sorted(wanted))}")
    return [(name, array.astype(wanted[name].dtype.as_numpy_dtype)) for name, (_, array) in zip(names, inputs)]


def convert(folder, int8, calibration):
    converter = tensorflow.lite.TFLiteConverter.from_saved_model(folder)
    if int8:
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    if int8 == "static":
        converter.representative_dataset = lambda: rows(calibration)
    return converter.convert()


def rows(inputs):
    for at in range(len(inputs[0][1])):
        yield {name: numpy.ascontiguousarray(array[at:at + 1]) for name, array in inputs}
