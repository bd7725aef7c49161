"""One turn of `cargo bench --bench training` in plain PyTorch: the same encoder, adapters, batch and optimiser.

Prints CPU seconds of each step and of each evaluation batch, wall seconds of each step, and the most memory held, as
JSON. `--first-token` computes the last layer for the first token only, which is all that the head reads. With
`--precision bf16` the forward pass is under autocast.
"""

import argparse
import json
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F


class Layer(nn.Module):
    """A post-normalised transformer layer with a serial adapter that reads the normalised output."""

    def __init__(self, hidden, heads, bottleneck):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.mixed = (nn.Linear(hidden, hidden) for _ in range(4))
        self.up, self.down = nn.Linear(hidden, 4 * hidden), nn.Linear(4 * hidden, hidden)
        self.norm1, self.norm2 = (nn.LayerNorm(hidden, eps=1e-12) for _ in range(2))
        self.adapter = nn.Sequential(nn.Linear(hidden, bottleneck), nn.ReLU(), nn.Linear(bottleneck, hidden))

    def forward(self, x, first_token):
        asking = x[:, :1] if first_token else x

        def split(t):
            return t.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        c = F.scaled_dot_product_attention(
            split(self.query(asking)), split(self.key(x)), split(self.value(x))
        )
        a = self.norm1(self.mixed(c.transpose(1, 2).flatten(2)) + asking)
        total = self.down(F.gelu(self.up(a))) + a
        return self.norm2(total + self.adapter(self.norm2(total)))


class Encoder(nn.Module):
    """Embeddings, layers, and a head on the first token."""

    def __init__(self, layers, hidden, bottleneck, first_token):
        super().__init__()
        self.first_token = first_token
        self.words = nn.Embedding(30522, hidden)
        self.positions = nn.Embedding(512, hidden)
        self.types = nn.Embedding(2, hidden)
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        heads = hidden // (32 if hidden < 768 else 64)
        self.layers = nn.ModuleList(Layer(hidden, heads, bottleneck) for _ in range(layers))
        self.head = nn.Sequential(nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 2))
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                nn.init.normal_(weight, std=0.02)
            weight.requires_grad = "adapter" in name or name.startswith("head")

    def forward(self, ids):
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types.weight[0])
        for index, layer in enumerate(self.layers):
            x = layer(x, self.first_token and index == len(self.layers) - 1)
        return self.head(x[:, 0])


def timed(times, run):
    run()
    cpu, wall = [], []
    for _ in range(times):
        cpu_begun, begun = time.process_time(), time.perf_counter()
        run()
        cpu.append(time.process_time() - cpu_begun)
        wall.append(time.perf_counter() - begun)
    return cpu, wall


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shapes", required=True)
    for name in ("bottleneck", "threads", "steps"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--first-token", action="store_true")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    layers, hidden, rows, tokens = map(int, options.shapes.split("x"))
    device = torch.device(options.device)
    model = Encoder(layers, hidden, options.bottleneck, options.first_token).to(device)
    forward = torch.compile(model) if options.compile else model
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.0)
    ids = (torch.arange(rows * tokens) * 7919 % 30000 + 1).reshape(rows, tokens).to(device)
    labels = (torch.arange(rows) % 2).to(device)
    losses = []

    def logits():
        with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
            return forward(ids).float()

    def step():
        loss = F.cross_entropy(logits(), labels)
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    def evaluate():
        with torch.inference_mode():
            logits().cpu()

    steps, walls = timed(options.steps, step)
    evaluations, _ = timed(options.steps, evaluate)
    print(
        json.dumps(
            {
                "step": steps,
                "evaluation": evaluations,
                "step_wall": walls,
                "memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
                "loss": losses[-1],
            }
        )
    )


if __name__ == "__main__":
    main()
