import argparse
import json
import math
import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoTokenizer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from autopeft_adapter import AdaptedEncoder  # noqa: E402

# SETTINGS


def load(model=MODEL, revision=REVISION):
    """The encoder with the adapter, ready to predict, and its tokenizer."""
    config = settings(model, revision)
    adapted = AdaptedEncoder.load(HERE, model, revision, config)
    return adapted.eval(), AutoTokenizer.from_pretrained(model, revision=revision, config=config)
