"""Exports a model by its own framework, and keeps what the original answers to the samples.

usage: farm_export.py SPEC INTO

Whatever a checkpoint or a module does when it is loaded, it does here: farm runs this without network, in the strongest
sandbox that there is. Below INTO lie the exports by their formats, `samples.npz`, `answers.npz`, `calibration.npz` where
there is any, and `export.json`, which says the names.
"""
import importlib
import json
import pathlib
import random
import sys

EXPORTERS = {"hugging-face": "farm_hugging_face", "pytorch": "farm_pytorch", "scikit-learn": "farm_scikit_learn",
             "tensorflow": "farm_tensorflow"}


def main():
    spec, into = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
    into.mkdir(parents=True)
    # The target's own folder, or `src` where that holds the modules, before farm's scripts.
    sys.path[:0] = [str(pathlib.Path(folder).resolve()) for folder in (".", "src", "site-packages")]
    exporter = importlib.import_module(EXPORTERS[spec["framework"]])
    seed()
    facts = exporter.export(spec, into)
    (into / "export.json").write_text(json.dumps(facts, indent=1) + "\n")


def seed():
    """A model that starts from random numbers starts from the same ones each time."""
    random.seed(0)
    for name, seeder in (("numpy", lambda numpy: numpy.random.seed(0)), ("torch", lambda torch: torch.manual_seed(0))):
        if name in sys.modules:
            seeder(sys.modules[name])
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(0)


if __name__ == "__main__":
    main()
