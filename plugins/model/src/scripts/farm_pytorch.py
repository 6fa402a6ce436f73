"""PyTorch to ONNX, by torch's own exporter, and to TorchScript, by tracing."""
import inspect
import pathlib
import pickle
import sys
import warnings
import zipfile

import torch

import farm_samples

# The keys under which training scripts keep the weights in a checkpoint.
WEIGHTS = ("state_dict", "model_state_dict", "model")


def export(spec, into):
    model = load(spec["source"], spec["checkpoint"]).eval()
    inputs = read(spec, "samples", model)
    return write(spec, into, model, inputs, read(spec, "calibration", model))


def write(spec, into, model, inputs, calibration, outputs=None, axes=("batch",)):
    """Writes all formats, samples and answers. `outputs` are the names of the outputs, where the model knows them; `axes` the
    first dimensions of each input, which may have any size."""
    warnings.simplefilter("ignore")
    tensors = tuple(torch.from_numpy(array) for _, array in inputs)
    with torch.inference_mode():
        answers = flat(model(*tensors))
    outputs = outputs or (["output"] if len(answers) == 1 else [f"output_{at}" for at in range(len(answers))])
    names = [name for name, _ in inputs]
    for format in spec["formats"]:
        (into / format).mkdir()
        WRITERS[format](spec, model, tensors, (names, outputs, axes), into / format)
    farm_samples.save(into / "samples.npz", inputs)
    farm_samples.save(into / "answers.npz", [(name, one.numpy()) for name, one in zip(outputs, answers)])
    if calibration:
        farm_samples.save(into / "calibration.npz", calibration)
    weights = [*model.parameters(), *model.buffers()]
    return {"inputs": names, "outputs": outputs, "bytes": sum(one.numel() * one.element_size() for one in weights),
            "versions": {"torch": torch.__version__}}


def load(source, checkpoint):
    if ":" in source:
        found = farm_samples.attribute(source)
        model = found if isinstance(found, torch.nn.Module) else found()
    else:
        model = from_file(pathlib.Path(source))
    if not isinstance(model, torch.nn.Module):
        sys.exit(f"`{source}` is no module of PyTorch, but {type(model).__name__}")
    if checkpoint:
        fill(model, checkpoint)
    return model


def from_file(path):
    """TorchScript, or a module that was pickled as a whole."""
    if zipfile.is_zipfile(path) and any(name.endswith("/constants.pkl") for name in zipfile.ZipFile(path).namelist()):
        return torch.jit.load(path, map_location="cpu")
    return unpickled(path)


def unpickled(path):
    """Without running any code, if the file holds weights alone; otherwise whatever the file says is run."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        pass
    print(f"`{path}` holds more than weights: it is loaded as the code that it is")
    return torch.load(path, map_location="cpu", weights_only=False)


def fill(model, checkpoint):
    path = pathlib.Path(checkpoint)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        state = load_file(path)
    else:
        state = unpickled(path)
    if isinstance(state, torch.nn.Module):
        state = state.state_dict()
    state = next((state[key] for key in WEIGHTS if isinstance(state.get(key), dict)), state)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        sys.exit(f"`{checkpoint}` does not fit the module: {error}")


def read(spec, option, model):
    """Samples under the names of the module's parameters."""
    if not spec[option]:
        return None
    inputs = farm_samples.load(spec[option], option)
    if isinstance(model, torch.jit.ScriptModule):
        parameters = [one.name for one in model.forward.schema.arguments][1:]
    else:
        parameters = [name for name in inspect.signature(model.forward).parameters if name not in ("args", "kwargs")]
    if all(name is not None for name, _ in inputs):
        by_name = dict(inputs)
        if unknown := set(by_name) - set(parameters):
            sys.exit(f"`{option}` have the inputs {', '.join(sorted(unknown))}, and `forward` takes {', '.join(parameters)}")
        return [(name, by_name[name]) for name in parameters if name in by_name]
    names = parameters + [f"input_{at}" for at in range(len(parameters), len(inputs))]
    return [(name, array) for name, (_, array) in zip(names, inputs)]


def flat(answer):
    """The tensors of an answer, which may be one, many, or a table of them."""
    if isinstance(answer, torch.Tensor):
        return [answer]
    values = answer.values() if isinstance(answer, dict) else answer
    return [tensor for value in values if value is not None for tensor in flat(value)]


def write_onnx(spec, model, tensors, words, into):
    import onnx

    import farm_onnx

    names, outputs, axes = words
    # A size of 1 would be taken as fixed.
    tensors = tuple(torch.cat([one, one]) if len(one) == 1 else one for one in tensors)
    path = into / "raw.onnx"
    common = {"input_names": names, "output_names": outputs, "opset_version": spec["opset"]}
    if isinstance(model, torch.jit.ScriptModule):
        free = {name: {0: "batch"} for name in [*names, *outputs]}
        torch.onnx.export(model, tensors, path, dynamo=False, dynamic_axes=free, **common)
    else:
        shapes = tuple(dict(enumerate(axes)) for _ in tensors)
        if inspect.signature(model.forward).parameters.keys() == {"inputs"}:
            # The module takes them all as one list.
            shapes = (shapes,)
        torch.onnx.export(model, tensors, path, dynamo=True, dynamic_shapes=shapes, verbose=False, **common)
    exported = onnx.load(path)
    for left in into.iterdir():
        left.unlink()
    farm_onnx.save(exported, into / "model.onnx")


def write_torchscript(spec, model, tensors, words, into):
    with torch.no_grad():
        script = model if isinstance(model, torch.jit.ScriptModule) else torch.jit.trace(model, tensors, check_trace=False)
    torch.jit.save(script, into / "model.pt")


WRITERS = {"onnx": write_onnx, "torchscript": write_torchscript}
