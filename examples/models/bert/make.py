"""Writes a tiny BERT with random weights, as Hugging Face keeps models: config.json and model.safetensors.

usage: make.py FOLDER

The weights come from the standard library's generator, so they are the same each time; nothing is fetched.
"""
import json
import pathlib
import random
import struct
import sys

WORDS, WIDTH, INNER, LAYERS, HEADS, PLACES = 120, 32, 64, 2, 4, 64

CONFIG = {
    "architectures": ["BertForSequenceClassification"],
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "max_position_embeddings": PLACES,
    "type_vocab_size": 2,
    "vocab_size": WORDS,
    "pad_token_id": 0,
    "id2label": {"0": "calm", "1": "urgent", "2": "unclear"},
    "label2id": {"calm": 0, "urgent": 1, "unclear": 2},
}


def shapes():
    """The shape of each weight, by its name."""
    embeddings = "bert.embeddings."
    yield embeddings + "word_embeddings.weight", (WORDS, WIDTH)
    yield embeddings + "position_embeddings.weight", (PLACES, WIDTH)
    yield embeddings + "token_type_embeddings.weight", (2, WIDTH)
    yield from norm(embeddings + "LayerNorm")
    for layer in range(LAYERS):
        name = f"bert.encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            yield from linear(f"{name}attention.self.{part}", WIDTH, WIDTH)
        yield from linear(f"{name}attention.output.dense", WIDTH, WIDTH)
        yield from norm(f"{name}attention.output.LayerNorm")
        yield from linear(f"{name}intermediate.dense", WIDTH, INNER)
        yield from linear(f"{name}output.dense", INNER, WIDTH)
        yield from norm(f"{name}output.LayerNorm")
    yield from linear("bert.pooler.dense", WIDTH, WIDTH)
    yield from linear("classifier", WIDTH, len(CONFIG["id2label"]))


def linear(name, inputs, outputs):
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def norm(name):
    yield f"{name}.weight", (WIDTH,)
    yield f"{name}.bias", (WIDTH,)


def weights(name, shape, numbers):
    count = shape[0] * (shape[1] if len(shape) > 1 else 1)
    if "LayerNorm.weight" in name:
        return [1.0] * count
    return [numbers.gauss(0, 0.05) for _ in range(count)]


def main():
    folder, numbers = pathlib.Path(sys.argv[1]), random.Random(11)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    header, data = {"__metadata__": {"format": "pt"}}, bytearray()
    for name, shape in shapes():
        values = weights(name, shape, numbers)
        start = len(data)
        data += struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
