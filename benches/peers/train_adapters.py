"""The trials of a finished study as AdapterHub's users train them, each in a process of its own, and how long they take.

Every process imports, loads the encoder, tokenises and pads to the longest length, and lets `AdapterTrainer` train and
evaluate, as the scripts that people start from do. Give the study's `status --json`, so that the configurations are the
same, and the settings of its study file:

    python train_adapters.py STATUS.json --model FOLDER --data FOLDER/rte --rows 256 --epochs 2 --trials 3
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("status", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, help="training rows, the first of the file; all unless given")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--trials", type=int, help="the first trials only")
    parser.add_argument("--configuration", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.configuration:
        train(json.loads(options.configuration), options)
        return
    trials = json.loads(options.status.read_text())["trials"]
    walls = []
    for trial in trials[: options.trials]:
        sizes = trial["configuration"]["modules"]
        if sizes.get("serial") and sizes.get("parallel"):
            print(f"trial {trial['id']} is left out: the library takes one bottleneck at a place", flush=True)
            continue
        configuration = json.dumps(trial["configuration"])
        begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-B", *sys.argv, "--configuration", configuration]
        threads = {"OMP_NUM_THREADS": str(options.threads), "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run(command, env=os.environ | threads, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        walls.append(time.perf_counter() - begun)
        parts = json.loads(done.stdout.splitlines()[-1])
        print(json.dumps({"trial": trial["id"], "wall_seconds": walls[-1], "cpu_seconds": cpu} | parts), flush=True)
    if not walls:
        sys.exit("no trial can be trained this way")
    print(f"{len(walls)} trials, {sum(walls) / len(walls):.1f} s each, {3600 * len(walls) / sum(walls):.1f} per hour")


def train(configuration, options):
    begun = time.perf_counter()
    import numpy
    import torch
    from adapters import AdapterTrainer, AutoAdapterModel, ConfigUnion, ParBnConfig, PrefixTuningConfig, SeqBnConfig
    from transformers import AutoTokenizer, TrainingArguments

    torch.set_num_threads(options.threads)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoAdapterModel.from_pretrained(options.model)
    layers, hidden = model.config.num_hidden_layers, model.config.hidden_size
    out = [layer for layer in range(layers) if layer not in configuration["layers"]]
    sizes = configuration["modules"]
    parts = []
    if sizes.get("serial"):
        parts.append(SeqBnConfig(reduction_factor=hidden / sizes["serial"], leave_out=out))
    if sizes.get("parallel"):
        parts.append(ParBnConfig(reduction_factor=hidden / sizes["parallel"], leave_out=out))
    if sizes.get("prefix"):
        parts.append(PrefixTuningConfig(prefix_length=sizes["prefix"], bottleneck_size=512, leave_out=out))
    model.add_adapter("task", config=ConfigUnion(*parts))
    model.add_classification_head("task", num_labels=2)
    model.train_adapter("task")

    def rows(name, count):
        lines = (options.data / f"{name}.jsonl").read_text().splitlines()[:count]
        found = []
        for row in map(json.loads, lines):
            encoded = tokenizer(
                row["sentence1"],
                row["sentence2"],
                truncation=True,
                max_length=options.length,
                padding="max_length",
            )
            found.append(dict(encoded, labels=row["label"]))
        return found

    train_rows, validation_rows = rows("train", options.rows), rows("validation", None)
    loaded = time.perf_counter()
    arguments = TrainingArguments(
        output_dir=os.environ.get("TMPDIR", "/tmp") + "/train_adapters",
        per_device_train_batch_size=options.batch,
        per_device_eval_batch_size=options.batch,
        num_train_epochs=options.epochs,
        learning_rate=options.rate,
        eval_strategy="epoch",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        seed=1,
    )
    trainer = AdapterTrainer(
        model=model,
        args=arguments,
        train_dataset=train_rows,
        eval_dataset=validation_rows,
        compute_metrics=lambda given: {"accuracy": float(numpy.mean(given[0].argmax(-1) == given[1]))},
    )
    trainer.train()
    scores = [entry["eval_accuracy"] for entry in trainer.state.log_history if "eval_accuracy" in entry]
    print(
        json.dumps(
            {
                "start_seconds": loaded - begun,
                "train_seconds": time.perf_counter() - loaded,
                "score": max(scores),
                "memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            }
        )
    )


if __name__ == "__main__":
    main()
