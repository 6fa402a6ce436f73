"""Writes what PyTorch keeps models in, and samples, with weights that no training would make.

usage: made_by_pytorch.py FOLDER
"""
import pathlib
import sys

import numpy
import torch
from net import Net
from safetensors.torch import save_file

folder = pathlib.Path(sys.argv[1])
folder.mkdir()
net = Net().eval()
torch.nn.init.constant_(net.linear.weight, 0.15625)
torch.save({"epoch": 3, "model_state_dict": net.state_dict()}, folder / "weights.pt")
save_file(net.state_dict(), folder / "weights.safetensors")
torch.save(net, folder / "whole.pt")
torch.jit.script(net).save(folder / "script.pt")
rows = numpy.random.default_rng(1).normal(size=(5, 3)).astype(numpy.float32)
numpy.save(folder / "samples.npy", rows)
numpy.savez(folder / "samples.npz", rows=rows)
