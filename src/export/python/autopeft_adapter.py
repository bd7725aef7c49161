"""Runs an adapter that autopeft-tui exported on `transformers`: any combination of modules, in any layers.

Needs torch, transformers and safetensors, and an encoder with BERT's layers (BERT, RoBERTa and its kin, ELECTRA, DistilBERT,
MPNet). This file depends on nothing else of the program; copy it with the adapter. Every weight is a parameter, so the
model can be trained further.

    model = AdaptedEncoder.load("trial-0007", "bert-base-uncased").eval()
    logits = model(**tokenizer("A text.", "Its pair.", return_tensors="pt"))

symbol      meaning                                                                       shape
a, f        input and output of a layer's feed-forward block                              [B, S, H]
g(z)        W_up relu(W_down z), a bottleneck with biases                                 [B, S, H]
P           prefixes of all n adapted layers: keys, then values of each                   [L, 2 n H]
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional
from transformers import AutoModel

# The card's format that this file reads.
FORMAT = 2
# What a parallel adapter's output is multiplied by.
PARALLEL_SCALE = 4.0


class AdaptedEncoder(nn.Module):
    """An encoder with a trial's modules and head; gives logits, one row per text."""

    def __init__(self, encoder, card, tensors):
        super().__init__()
        layers = card["configuration"]["layers"]
        prefixes = Prefixes(tensors, len(layers)) if any(n.startswith("prefix.") for n in tensors) else None
        for place, number in enumerate(layers):
            own = {name.removeprefix(f"layer.{number}."): tensor for name, tensor in tensors.items()}
            settings = own, card["lora_scale"], prefixes, place
            if hasattr(encoder, "transformer"):
                layer = encoder.transformer.layer[number]
                layer.attention = SelfAttention(layer.attention, "{}_lin", *settings)
                layer.ffn = FeedForward(layer.ffn, layer.output_layer_norm, own)
                continue
            layer = encoder.encoder.layer[number]
            if hasattr(layer.attention, "attn"):
                layer.attention.attn = SelfAttention(layer.attention.attn, "{}", *settings)
            else:
                layer.attention.self = SelfAttention(layer.attention.self, None, *settings)
            layer.output = FeedForwardOutput(layer.output, own)
        self.encoder = encoder
        self.dense = linear(tensors, "head.dense")
        self.out = linear(tensors, "head.out")

    @classmethod
    def load(cls, folder, model, revision=None, config=None):
        """The adapter in `folder` around the encoder `model`, a folder or a name on the hub; with its settings, or its own."""
        folder = Path(folder)
        card = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if card["format"] > FORMAT:
            raise ValueError(f"{folder}: format {card['format']}; this file reads up to {FORMAT}")
        # The eager attention is the one whose masks are numbers to add.
        encoder = AutoModel.from_pretrained(model, revision=revision, config=config, attn_implementation="eager")
        return cls(encoder.float(), card, load_file(folder / "adapter.safetensors"))

    def forward(self, **inputs):
        if not hasattr(self.encoder.embeddings, "token_type_embeddings"):
            inputs.pop("token_type_ids", None)
        first = self.encoder(**inputs, return_dict=True).last_hidden_state[:, 0]
        return self.out(torch.tanh(self.dense(first)))


class FeedForwardOutput(nn.Module):
    """LN(f + a + g_sa(LN(f + a)) + 4 g_pa(a)), f = W_2 (l_ff u): in place of a layer's `output`."""

    def __init__(self, original, tensors):
        super().__init__()
        self.original = original
        self.serial = Bottleneck(tensors, "sa") if "sa.up.bias" in tensors else None
        self.parallel = Bottleneck(tensors, "pa") if "pa.up.bias" in tensors else None
        self.factors = parameter(tensors, "ia3.ffn")

    def forward(self, inner, a):
        if self.factors is not None:
            inner = inner * self.factors
        plain = self.original.dropout(self.original.dense(inner)) + a
        total = plain
        if self.serial is not None:
            total = total + self.serial(self.original.LayerNorm(plain))
        if self.parallel is not None:
            total = total + PARALLEL_SCALE * self.parallel(a)
        return self.original.LayerNorm(total)


class FeedForward(nn.Module):
    """f + g_sa(LN(f + a)) + 4 g_pa(a): in place of DistilBERT's `ffn`, to which its layer adds a."""

    def __init__(self, original, norm, tensors):
        super().__init__()
        self.first, self.activation, self.second = original.lin1, original.activation, original.lin2
        self.dropout, self.norm = original.dropout, norm
        self.serial = Bottleneck(tensors, "sa") if "sa.up.bias" in tensors else None
        self.parallel = Bottleneck(tensors, "pa") if "pa.up.bias" in tensors else None
        self.factors = parameter(tensors, "ia3.ffn")

    def forward(self, a):
        inner = self.activation(self.first(a))
        if self.factors is not None:
            inner = inner * self.factors
        f = self.dropout(self.second(inner))
        total = f
        if self.serial is not None:
            total = total + self.serial(self.norm(f + a))
        if self.parallel is not None:
            total = total + PARALLEL_SCALE * self.parallel(a)
        return total


class SelfAttention(nn.Module):
    """Attention with LoRA on queries and values, (IA)³ factors on keys and values, and a prefix before both.

    `short` is how a family calls its linear maps by one letter, if it does; the fourth of them is then inside too.
    """

    def __init__(self, original, short, tensors, lora_scale, prefixes, place):
        super().__init__()
        names = [short.format(letter) for letter in "qkv"] if short else ["query", "key", "value"]
        self.query, self.key, self.value = (getattr(original, name) for name in names)
        output = {"{}_lin": "out_lin", "{}": "o"}.get(short)
        self.output = getattr(original, output) if output else nn.Identity()
        self.dropout = original.dropout
        self.heads = getattr(original, "num_attention_heads", None) or original.n_heads
        self.lora_scale = lora_scale
        self.query_a, self.query_b = parameter(tensors, "lora.query.A"), parameter(tensors, "lora.query.B")
        self.value_a, self.value_b = parameter(tensors, "lora.value.A"), parameter(tensors, "lora.value.B")
        self.key_factors, self.value_factors = parameter(tensors, "ia3.key"), parameter(tensors, "ia3.value")
        # In every adapted layer the same object: one prefix network serves them all.
        self.prefixes, self.place = prefixes, place

    def forward(self, hidden_states=None, attention_mask=None, *others, **named):
        # DistilBERT has names of its own, and MPNet adds a bias by distance, [1, A, S, S].
        if hidden_states is None:
            hidden_states, attention_mask = named["query"], named["mask"]
        biases = [b for b in (*others, named.get("position_bias")) if isinstance(b, torch.Tensor) and b.dim() == 4]
        query, key, value = self.query(hidden_states), self.key(hidden_states), self.value(hidden_states)
        if self.key_factors is not None:
            key, value = key * self.key_factors, value * self.value_factors
        if self.query_a is not None:
            query = query + self.lora_scale * (hidden_states @ self.query_a.T @ self.query_b.T)
            value = value + self.lora_scale * (hidden_states @ self.value_a.T @ self.value_b.T)
        query, key, value = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (query, key, value))
        length = 0
        if self.prefixes is not None:
            before = self.prefixes(self.place).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            length = before.shape[2]
            key, value = (
                torch.cat([p.expand(len(x), -1, -1, -1), x], dim=2) for p, x in zip(before, (key, value), strict=True)
            )
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        for bias in biases:
            scores = scores + functional.pad(bias, (length, 0))
        if attention_mask is not None:
            if attention_mask.dim() == 2:
                attention_mask = attention_mask[:, None, None, :] != 0
            if attention_mask.dtype == torch.bool:
                lowest = torch.finfo(scores.dtype).min
                attention_mask = torch.zeros_like(scores[..., length:]).masked_fill(~attention_mask, lowest)
            scores = scores + functional.pad(attention_mask, (length, 0))
        context = self.dropout(scores.softmax(-1)) @ value
        return self.output(context.transpose(1, 2).flatten(2)), None


class Prefixes(nn.Module):
    """P = W_2 tanh(W_1 E), with biases."""

    def __init__(self, tensors, layers):
        super().__init__()
        self.layers = layers
        self.embedding = parameter(tensors, "prefix.wte.weight")
        self.first, self.second = linear(tensors, "prefix.mlp.0"), linear(tensors, "prefix.mlp.2")

    def forward(self, place):
        """Keys and values of an adapted layer, [2, L, H]."""
        every = self.second(torch.tanh(self.first(self.embedding)))
        return every.unflatten(-1, (self.layers, 2, -1))[:, place].transpose(0, 1)


class Bottleneck(nn.Module):
    """g."""

    def __init__(self, tensors, name):
        super().__init__()
        self.down, self.up = linear(tensors, f"{name}.down"), linear(tensors, f"{name}.up")

    def forward(self, z):
        return self.up(torch.relu(self.down(z)))


def linear(tensors, name):
    """The linear layer of this name."""
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer


def parameter(tensors, name):
    """The weight of this name, if there is one."""
    return nn.Parameter(tensors[name]) if name in tensors else None
