"""Makes `tests/golden/encoders`: tiny random encoders of every family, and their hidden states by `transformers` in 64 bits.

    pip install torch transformers && python tests/make/encoders.py tests/golden/encoders
"""

import json
import sys
from pathlib import Path

import torch
import transformers

SIZES = {"vocab_size": 50, "max_position_embeddings": 24}
BERT = SIZES | {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
}
DISTIL = SIZES | {"dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 24}
FAMILIES = {
    "bert": (transformers.BertModel, transformers.BertConfig(**BERT)),
    "roberta": (transformers.RobertaModel, transformers.RobertaConfig(**BERT, type_vocab_size=1)),
    "xlm-roberta": (transformers.XLMRobertaModel, transformers.XLMRobertaConfig(**BERT, type_vocab_size=1)),
    "camembert": (transformers.CamembertModel, transformers.CamembertConfig(**BERT, type_vocab_size=1)),
    "distilbert": (transformers.DistilBertModel, transformers.DistilBertConfig(**DISTIL)),
    "electra": (transformers.ElectraModel, transformers.ElectraConfig(**BERT, embedding_size=16)),
    "mpnet": (transformers.MPNetModel, transformers.MPNetConfig(**BERT)),
    "electra_projected": (transformers.ElectraModel, transformers.ElectraConfig(**BERT, embedding_size=8)),
}


def main(folder):
    for name, (model_class, config) in FAMILIES.items():
        torch.manual_seed(7)
        config.attn_implementation = "eager"
        model = model_class(config).eval()
        with torch.no_grad():
            for weight in model.parameters():
                # Larger than at the start of a training, so that nothing hides behind small numbers.
                weight.add_(0.15 * torch.randn_like(weight))
        out = folder / name
        out.mkdir(parents=True, exist_ok=True)
        # With a head's prefix, as most published files have it.
        weights = {f"{model.base_model_prefix}.{key}": value for key, value in model.state_dict().items()}
        from safetensors.torch import save_file

        save_file({key: value.contiguous() for key, value in weights.items()}, out / "model.safetensors")
        config.to_json_file(out / "config.json")
        padding = config.pad_token_id
        # Far enough apart for distances that share a bias.
        tokens = 22 if name == "mpnet" else 9
        rows, lengths = 3, [tokens, 6, 2]
        ids = torch.randint(4, 50, (rows, tokens))
        mask = torch.tensor([[int(i < length) for i in range(tokens)] for length in lengths])
        ids[mask == 0] = padding
        types = torch.zeros_like(ids)
        if getattr(config, "type_vocab_size", 0) > 1:
            types[:, 4:] = 1
        arguments = {"input_ids": ids, "attention_mask": mask}
        if name not in ("distilbert", "mpnet"):
            arguments["token_type_ids"] = types
        with torch.no_grad():
            states = model.double()(**arguments, output_hidden_states=True).hidden_states
        case = {
            "transformers": transformers.__version__,
            "parameters": sum(weight.numel() for weight in model.parameters()),
            "input_ids": ids.tolist(),
            "token_type_ids": types.tolist(),
            "attention_mask": mask.tolist(),
            "hidden_states": [state.tolist() for state in states],
        }
        (out / "case.json").write_text(json.dumps(case) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
