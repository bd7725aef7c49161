import argparse
import json
import math
import sys
from pathlib import Path

import torch
from adapters import AutoAdapterModel
from transformers import AutoConfig, AutoTokenizer

HERE = Path(__file__).resolve().parent
# SETTINGS


def load(model=MODEL, revision=REVISION):
    """The encoder with the adapter, ready to predict, and its tokenizer."""
    config = settings(model, revision)
    adapted = AutoAdapterModel.from_pretrained(model, revision=revision, config=config).float()
    name = adapted.load_adapter(str(HERE), use_safetensors=True)
    adapted.set_active_adapters(name)
    adapted.active_head = name
    return adapted.eval(), AutoTokenizer.from_pretrained(model, revision=revision, config=config)
