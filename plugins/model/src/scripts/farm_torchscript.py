"""TorchScript: how a model is described, and run."""
import torch


def describe(path):
    arguments = torch.jit.load(path).forward.schema.arguments
    return {"inputs": [{"name": one.name, "type": str(one.type)} for one in arguments[1:]]}


def run(path, inputs, names):
    """What the model answers. Its inputs are taken by their places, as the exporter sorted them."""
    model = torch.jit.load(path, map_location="cpu")
    with torch.inference_mode():
        answers = flat(model(*(torch.from_numpy(array) for array in inputs.values())))
    return {name: answer.numpy() for name, answer in zip(names, answers)}


def flat(answer):
    if isinstance(answer, torch.Tensor):
        return [answer]
    values = answer.values() if isinstance(answer, dict) else answer
    return [tensor for value in values if value is not None for tensor in flat(value)]
