"""Fetches a model of a Hugging Face hub at one revision: its configuration, its tokenizer and its weights.

usage: farm_hub.py PIN INTO

The hub is the one that HF_ENDPOINT names; HF_TOKEN, where it is set, goes to the hub alone. Every file is held to the
digest that the hub says of it at that revision.
"""
import hashlib
import http.client
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ATTEMPTS, TIMEOUT, PIECE = 3, 60, 1 << 20

# Words, settings and weights; pickled weights only where there are no others. Code is never fetched.
BESIDE = (".json", ".txt", ".model", ".jinja")
SAFE, PICKLED = ".safetensors", ".bin"


def main():
    pin, into = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")), pathlib.Path(sys.argv[2])
    model, revision = pin["model"], pin["revision"]
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    if not endpoint:
        sys.exit("no hub is named: set HF_ENDPOINT to the address of the one that has the model")
    if not endpoint.startswith(("http://", "https://")):
        sys.exit(f"HF_ENDPOINT is `{endpoint}`, which is no address such as https://hub.example")
    told = json.loads(b"".join(pieces(f"{endpoint}/api/models/{model}/revision/{revision}?blobs=true", model)))
    if told.get("sha") != revision:
        sys.exit(f"the hub has moved the revision: it answers with {told.get('sha')}, and {revision} is pinned\n"
                 "nothing is taken from it: find out why, and pin the commit that you want in `revision`")
    files = wanted(told.get("siblings", []))
    if not any(file["rfilename"].endswith((SAFE, PICKLED)) for file in files):
        sys.exit(f"`{model}` has no weights at this revision, neither `.safetensors` nor `.bin`")
    into.mkdir(parents=True)
    for file in files:
        name = urllib.parse.quote(file["rfilename"])
        fetch(f"{endpoint}/{model}/resolve/{revision}/{name}", file, into / file["rfilename"])


def wanted(files):
    """Files at the top alone: below are other forms of the same weights."""
    files = [file for file in files if "/" not in file["rfilename"] and not file["rfilename"].startswith(".")]
    weights = SAFE if any(file["rfilename"].endswith(SAFE) for file in files) else PICKLED
    other = PICKLED if weights == SAFE else SAFE
    fits = lambda name: name.endswith((weights, *BESIDE)) and not name.endswith(f"{other}.index.json")
    return sorted((file for file in files if fits(file["rfilename"])), key=lambda file: file["rfilename"])


def fetch(url, file, path):
    """A file, which has to have the digest that the hub told: of its bytes, or, of a small one, that of git."""
    lfs = file.get("lfs") or {}
    expected, size = lfs.get("sha256") or file.get("blobId"), lfs.get("size", file.get("size"))
    if not expected or size is None:
        sys.exit(f"the hub does not say what `{path.name}` has to be: it tells no digest")
    found = hashlib.sha256() if lfs else hashlib.sha1(f"blob {size}\0".encode())
    count = 0
    with open(path, "wb") as out:
        for piece in pieces(url, path.name):
            count += len(piece)
            found.update(piece)
            out.write(piece)
            if count > size:
                break
    if count != size or found.hexdigest() != expected:
        sys.exit(f"`{path.name}` came damaged: {count} bytes with the digest {found.hexdigest()}, and the hub says {size} bytes "
                 f"with {expected}\nnothing of it is kept; build again, and if it stays so, do not trust where it comes from")


def pieces(url, what):
    """The bytes of an answer. What breaks off is not gone on with: its digest says so."""
    with opened(url, what) as answer:
        try:
            while piece := answer.read(PIECE):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            sys.exit(f"the hub broke off while it sent `{what}`: {error}")


def opened(url, what):
    for attempt in range(1, ATTEMPTS + 1):
        request = urllib.request.Request(url, headers={"User-Agent": "farm"})
        if token := os.environ.get("HF_TOKEN"):
            # Weights come from elsewhere, and nobody there needs to know it.
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        try:
            return urllib.request.urlopen(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS:
                hint = "\nis the name right, and the revision one of this model? a closed model takes a login in HF_TOKEN"
                sys.exit(f"the hub answers {error.code} for `{what}`{hint if error.code in (401, 403, 404) else ''}")
        except (OSError, http.client.HTTPException) as error:
            if attempt == ATTEMPTS:
                sys.exit(f"the hub cannot be reached: {getattr(error, 'reason', error)}\nHF_ENDPOINT names another one")
        time.sleep(attempt)


if __name__ == "__main__":
    main()
