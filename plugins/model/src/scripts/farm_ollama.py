"""Copies a model out of an Ollama store: its GGUF, and a Modelfile with what Ollama keeps beside it.

usage: farm_ollama.py SPEC INTO
"""
import hashlib
import json
import pathlib
import shutil
import struct
import sys

# The names of GGUF's value types that are numbers, by their codes; 8 is text, 9 a list.
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT, LIST = 8, 9

# What `general.file_type` says of most of the weights.
FILE_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
              12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 32: "BF16"}

# The files that layers become. Every other layer is a part of the Modelfile.
FILES = {"model": "model.gguf", "projector": "projector.gguf", "adapter": "adapter.gguf"}


def main():
    spec, into = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
    folder = into / "gguf"
    folder.mkdir(parents=True)
    for blob in spec["blobs"]:
        check(blob)
    modelfile = [line for blob in spec["blobs"] for line in told_by(blob, folder)]
    (folder / "Modelfile").write_text("\n".join(modelfile) + "\n", encoding="utf-8")
    facts = facts_of(folder / "model.gguf")
    (into / "gguf.json").write_text(json.dumps(facts, indent=1) + "\n")


def check(blob):
    """A blob has its own digest in its name; one that was cut short or changed has another."""
    with open(blob["path"], "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else digest(file)
    if found != blob["sha256"]:
        sys.exit(f"{blob['path']} is damaged: its SHA-256 is {found}\nremove the model from the store and pull it again")


def digest(file):
    sha256 = hashlib.sha256()
    while chunk := file.read(1 << 20):
        sha256.update(chunk)
    return sha256.hexdigest()


def told_by(blob, folder):
    """The lines of the Modelfile that a layer becomes."""
    kind, path = blob["kind"], pathlib.Path(blob["path"])
    if kind in FILES:
        name = FILES[kind]
        if (folder / name).exists():
            sys.exit(f"the model has two layers of the kind `{kind}`, and farm copies one")
        shutil.copyfile(path, folder / name)
        return [f"{'ADAPTER' if kind == 'adapter' else 'FROM'} ./{name}"]
    text = path.read_text(encoding="utf-8")
    if kind == "params":
        return [line for name, value in sorted(json.loads(text).items()) for line in parameters(name, value)]
    if kind == "messages":
        return [f"MESSAGE {message['role']} {quoted(message['content'])}" for message in json.loads(text)]
    if kind in ("template", "system", "license"):
        return [f"{kind.upper()} {quoted(text)}"]
    print(f"a layer of the kind `{kind}` is left out: Modelfiles have no word for it")
    return []


def parameters(name, value):
    values = value if isinstance(value, list) else [value]
    return [f"PARAMETER {name} {json.dumps(one, ensure_ascii=False)}" for one in values]


def quoted(text):
    if '"""' in text:
        sys.exit('a layer of the model has `"""` in its text, which no Modelfile can hold')
    return f'"""{text}"""'


def facts_of(path):
    try:
        version, tensors, keys = read_header(path)
    except (KeyError, MemoryError, OverflowError, struct.error):
        sys.exit("the model in the store is no GGUF that can be read: it was made by something else, or is cut short")
    architecture = keys.get("general.architecture")
    facts = {
        "format": "gguf",
        "version": version,
        "architecture": architecture,
        "weights": FILE_TYPES.get(keys.get("general.file_type"), "unknown"),
        "tensors": tensors,
        "context": keys.get(f"{architecture}.context_length"),
        "vocabulary": keys.get("tokenizer.ggml.tokens"),
        "bytes": path.stat().st_size,
    }
    return {name: value for name, value in facts.items() if value is not None}


def read_header(path):
    with open(path, "rb") as file:
        if file.read(4) != b"GGUF":
            sys.exit("the model in the store is no GGUF")
        version, tensors, count = unpack(file, "<IQQ")
        return version, tensors, dict(read_pair(file) for _ in range(count))


def read_pair(file):
    key = read_text(file)
    return key, read_value(file, *unpack(file, "<I"))


def read_value(file, kind):
    """A value; of a list, its length."""
    if kind == TEXT:
        return read_text(file)
    if kind != LIST:
        return unpack(file, "<" + NUMBERS[kind])[0]
    inner, count = unpack(file, "<IQ")
    for _ in range(count):
        read_value(file, inner)
    return count


def read_text(file):
    return file.read(*unpack(file, "<Q")).decode("utf-8", "replace")


def unpack(file, form):
    return struct.unpack(form, file.read(struct.calcsize(form)))


if __name__ == "__main__":
    main()
