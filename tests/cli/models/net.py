import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 4)
        torch.nn.init.zeros_(self.linear.weight)

    def forward(self, rows):
        return torch.tanh(self.linear(rows))
