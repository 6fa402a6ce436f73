"""Writes an Ollama store with one tiny model with random weights, as `ollama create` would.

usage: make_store.py FOLDER OWNER MODEL TAG
"""
import hashlib
import json
import pathlib
import sys

import gguf
import numpy

WIDTH, INNER, HEADS, LAYERS, CONTEXT = 32, 64, 4, 1, 64


def main():
    folder, owner, model, tag = pathlib.Path(sys.argv[1]), *sys.argv[2:]
    (folder / "blobs").mkdir(parents=True)
    write_gguf("model.gguf")
    layers = [
        ("model", pathlib.Path("model.gguf").read_bytes()),
        ("template", b"{{ .System }} {{ .Prompt }}"),
        ("system", "You are the harbour's pilot – be brief.".encode()),
        ("params", json.dumps({"temperature": 0.5, "stop": ["<s>", "</s>"]}).encode()),
        ("license", b"Nobody's.\n"),
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": blob(folder, "application/vnd.docker.container.image.v1+json", b"{}"),
        "layers": [blob(folder, f"application/vnd.ollama.image.{kind}", data) for kind, data in layers],
    }
    path = folder / "manifests" / "models.example" / owner / model / tag
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(manifest))


def blob(folder, media_type, data):
    digest = hashlib.sha256(data).hexdigest()
    (folder / "blobs" / f"sha256-{digest}").write_bytes(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


def write_gguf(path):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    words = add_words(writer)
    numbers = numpy.random.default_rng(5)
    for name, shape in shapes(words):
        if len(shape) == 1:
            writer.add_tensor(name, numpy.ones(shape, numpy.float32))
        else:
            weights = numbers.normal(0, 0.1, shape).astype(numpy.float32)
            packed = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_words(writer):
    """A vocabulary of single bytes, all of which llama.cpp wants to find."""
    kinds = gguf.TokenType
    words = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    words += [(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([word for word, _ in words])
    writer.add_token_scores([0.0] * len(words))
    writer.add_token_types([kind for _, kind in words])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    return len(words)


def shapes(words):
    yield "token_embd.weight", (words, WIDTH)
    for layer in range(LAYERS):
        name = f"blk.{layer}."
        yield name + "attn_norm.weight", (WIDTH,)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"{name}{part}.weight", (WIDTH, WIDTH)
        yield name + "ffn_norm.weight", (WIDTH,)
        yield name + "ffn_gate.weight", (INNER, WIDTH)
        yield name + "ffn_up.weight", (INNER, WIDTH)
        yield name + "ffn_down.weight", (WIDTH, INNER)
    yield "output_norm.weight", (WIDTH,)
    yield "output.weight", (words, WIDTH)


if __name__ == "__main__":
    main()
