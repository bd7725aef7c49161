import argparse
import json
import math
import sys
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

HERE = Path(__file__).resolve().parent
# SETTINGS


def load(model=MODEL, revision=REVISION):
    """The encoder with the adapter, ready to predict, and its tokenizer."""
    names = dict(enumerate(LABELS or ["value"]))
    config = settings(
        model, revision, num_labels=len(names), id2label=names, label2id={n: i for i, n in names.items()}
    )
    encoder = AutoModelForSequenceClassification.from_pretrained(model, revision=revision, config=config)
    adapted = PeftModel.from_pretrained(encoder.float(), HERE)
    return adapted.eval(), AutoTokenizer.from_pretrained(model, revision=revision, config=config)
