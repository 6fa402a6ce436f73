"""A small network that tells gestures by how a wrist moves: windows of 32 readings of three accelerations."""
import torch
from torch import nn


class Net(nn.Module):
    """Its weights are random: farm checks that exports agree with it, and not whether it is right."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(7)
        self.layers = nn.Sequential(
            nn.Conv1d(3, 16, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.AvgPool1d(4),
            nn.Flatten(),
            nn.Linear(128, 32),
            nn.ReLU(),
            nn.Linear(32, 5),
        )

    def forward(self, readings):
        return torch.softmax(self.layers(readings), dim=1)


def _windows(count, seed):
    return torch.randn(count, 3, 32, generator=torch.Generator().manual_seed(seed))


def samples():
    return {"readings": _windows(8, 1)}


def calibration():
    return {"readings": _windows(64, 2)}
