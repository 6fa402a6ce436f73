"""A folder of Hugging Face transformers to ONNX, by torch's own exporter. Nothing is fetched from anywhere, and no code of
the folder's own is run."""
import json
import pathlib
import shutil
import sys

import numpy
import torch
import transformers

import farm_pytorch
import farm_samples

# What those who run the model need beside it: its configuration, and how text becomes numbers.
BESIDE = ("config.json", "generation_config.json", "preprocessor_config.json", "special_tokens_map.json", "tokenizer.json",
          "tokenizer_config.json", "vocab.json", "vocab.txt", "merges.txt", "*.model", "added_tokens.json", "chat_template*")


class Plain(torch.nn.Module):
    """A model with its inputs by places, and its answer as the tensors alone."""

    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs):
        answer = self.model(**dict(zip(self.names, inputs)), return_dict=True)
        return tuple(value for value in answer.values() if isinstance(value, torch.Tensor))


def export(spec, into):
    folder = pathlib.Path(spec["source"])
    model = load(folder).eval()
    inputs = read(spec, "samples") or made_up(model)
    names = [name for name, _ in inputs]
    with torch.inference_mode():
        answer = model(**{name: torch.from_numpy(array) for name, array in inputs}, return_dict=True)
    outputs = [name for name, value in answer.items() if isinstance(value, torch.Tensor)]
    # Texts are as long as they are; pictures have the size that the model was made for.
    axes = ("batch", "sequence") if all(array.ndim == 2 for _, array in inputs) else ("batch",)
    facts = farm_pytorch.write(spec, into, Plain(model, names), inputs, read(spec, "calibration"), outputs, axes)
    for pattern in BESIDE:
        for file in folder.glob(pattern):
            shutil.copyfile(file, into / "onnx" / file.name)
    facts["versions"]["transformers"] = transformers.__version__
    return facts


def load(folder):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    [name, *_] = config.get("architectures") or [None]
    kind = getattr(transformers, name or "", None)
    if kind is None:
        sys.exit(f"`{folder}/config.json` names the architecture `{name}`, which these transformers do not have")
    model = kind.from_pretrained(folder, local_files_only=True, dtype=torch.float32, attn_implementation="eager")
    # What is kept from one word to the next is no output of an export.
    model.config.use_cache = False
    return model


def read(spec, option):
    if not spec[option]:
        return None
    inputs = farm_samples.load(spec[option], option)
    if any(name is None for name, _ in inputs):
        sys.exit(f"`{option}` of a Hugging Face model have names: `input_ids`, `attention_mask`, …")
    return inputs


def made_up(model):
    """Samples for models of text: words drawn from the whole vocabulary."""
    size = getattr(model.config, "vocab_size", None)
    if not size:
        sys.exit("the model does not read text, so its `samples` have to be given")
    words = numpy.random.default_rng(0).integers(0, size, (4, 16))
    return [("input_ids", words), ("attention_mask", numpy.ones_like(words))]
