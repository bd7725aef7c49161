

def settings(model, revision, **others):
    """The encoder's `config.json`, read as its family's, with outputs as they are used here."""
    family = type(AutoConfig.for_model(MODEL_TYPE))
    plain = {"return_dict": True, "torchscript": False, "output_attentions": False, "output_hidden_states": False}
    return family.from_pretrained(model, revision=revision, **plain, **others)


def predict(adapted, tokenizer, texts, pairs=None):
    """Logits [rows, outputs] of texts, or of pairs of texts."""
    rows = tokenizer(texts, pairs, truncation=True, max_length=MAX_LENGTH, padding=True, return_tensors="pt")
    with torch.inference_mode():
        output = adapted(**rows)
    return getattr(output, "logits", output)


def check(adapted, tokenizer, path):
    """Compares with the logits in a file that `autopeft-tui verify --predictions` wrote; returns the largest gap."""
    # Not splitlines: other separators of lines stand inside texts.
    lines = Path(path).read_text(encoding="utf-8").removesuffix("\n").split("\n")
    rows = [json.loads(line) for line in lines]
    gap, logits = 0.0, []
    for start in range(0, len(rows), 32):
        batch = rows[start : start + 32]
        pairs = [row["pair"] for row in batch] if batch[0]["pair"] is not None else None
        found = predict(adapted, tokenizer, [row["text"] for row in batch], pairs)
        gap = max(gap, (found - torch.tensor([row["logits"] for row in batch])).abs().max().item())
        logits.extend(found.tolist())
    predicted = [row.index(max(row)) for row in logits] if LABELS else [row[0] for row in logits]
    found = score([float(p) for p in predicted], [float(row["label"]) for row in rows])
    print(f"{len(rows)} rows: logits differ by at most {gap:.2e}; {METRIC} {found:.6f}, promised {SCORE:.6f}")
    return gap


def score(predicted, labels):
    """The study's metric."""
    right = sum(p == t for p, t in zip(predicted, labels, strict=True))
    if METRIC == "accuracy":
        return right / len(labels)
    if METRIC == "f1":
        return f1(predicted, labels, LABELS.index(POSITIVE))
    if METRIC == "macro_f1":
        return sum(f1(predicted, labels, k) for k in range(len(LABELS))) / len(LABELS)
    if METRIC == "matthews":
        n, classes = len(labels), set(predicted) | set(labels)
        covariance = right * n - sum(predicted.count(k) * labels.count(k) for k in classes)
        spread = (n * n - sum(predicted.count(k) ** 2 for k in classes)) * (
            n * n - sum(labels.count(k) ** 2 for k in classes)
        )
        return max(0.0, covariance / math.sqrt(spread)) if spread else 0.0
    x, y = torch.tensor(predicted, dtype=torch.float64), torch.tensor(labels, dtype=torch.float64)
    if METRIC == "spearman":
        x, y = ranks(x), ranks(y)
    correlation = torch.corrcoef(torch.stack([x, y]))[0, 1].item()
    return max(0.0, correlation) if math.isfinite(correlation) else 0.0


def f1(predicted, labels, k):
    """F1 of class k; 0 where it is neither labelled nor predicted."""
    both = sum(p == t == k for p, t in zip(predicted, labels, strict=True))
    return 2 * both / max(1, predicted.count(k) + labels.count(k))


def ranks(values):
    """Ranks; equal values share the mean of theirs."""
    below = (values[None] < values[:, None]).sum(1)
    return below + ((values[None] == values[:, None]).sum(1) + 1) / 2


def main():
    parser = argparse.ArgumentParser(description="Predict with this adapter, or check it.")
    parser.add_argument("text", nargs="?", help="a text to predict the label of")
    parser.add_argument("pair", nargs="?", help="the second text of a pair")
    parser.add_argument("--model", default=MODEL, help=f"the encoder, a folder or a name on the hub [{MODEL}]")
    parser.add_argument("--check", metavar="FILE", help="compare with the predictions in this file")
    arguments = parser.parse_args()
    adapted, tokenizer = load(arguments.model)
    if arguments.check:
        sys.exit(0 if check(adapted, tokenizer, arguments.check) <= 1e-4 else 1)
    if arguments.text is None:
        parser.error("give a text, or --check FILE")
    logits = predict(adapted, tokenizer, [arguments.text], [arguments.pair] if arguments.pair else None)[0].tolist()
    print(json.dumps(dict(zip(LABELS, logits, strict=True)) if LABELS else logits[0]))


if __name__ == "__main__":
    main()
