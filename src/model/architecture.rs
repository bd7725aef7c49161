//! Encoder families that share BERT's layers, and what each does its own way: a row of [`FAMILIES`] per family.

/// How the tokens of a row are numbered for the position table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// From 0, padding included.
    All,
    /// Tokens that are not padding, from the padding id + 1; padding at its own id.
    Tokens,
}

/// A family of encoders.
#[derive(Debug)]
struct Family {
    architecture: Architecture,
    /// `model_type` in `config.json`.
    name: &'static str,
    /// What stands before the names of tensors where there is a head.
    prefix: &'static str,
    /// What the names of its classes in Python begin with.
    class: &'static str,
    positions: Positions,
    padding_id: u32,
    /// Where its sizes are others than [`BERT_SIZES`] unless `config.json` says so.
    sizes: &'static [(&'static str, usize)],
    /// Keys of `config.json` and parts of tensors' names that are called otherwise: ours, theirs. The first that is
    /// found in a tensor's name is replaced, then the next.
    keys: &'static [(&'static str, &'static str)],
    tensors: &'static [(&'static str, &'static str)],
}

/// Encoder families that are implemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// BERT (Devlin et al. 2019).
    Bert,
    /// RoBERTa (Liu et al. 2019).
    Roberta,
    /// XLM-RoBERTa (Conneau et al. 2020): RoBERTa in a hundred languages.
    XlmRoberta,
    /// CamemBERT (Martin et al. 2020): RoBERTa in French.
    Camembert,
    /// DistilBERT (Sanh et al. 2019): BERT's layers by other names, no token types, no pooler.
    DistilBert,
    /// ELECTRA's discriminator (Clark et al. 2020): BERT with embeddings of a width of their own, no pooler.
    Electra,
    /// MPNet (Song et al. 2020): RoBERTa with biases by distance in its attention, no token types.
    Mpnet,
}

/// What a key of `config.json` stands for where it is absent, as the classes in Python have it.
const BERT_SIZES: &[(&str, usize)] = &[
    ("vocab_size", 30522),
    ("hidden_size", 768),
    ("num_hidden_layers", 12),
    ("num_attention_heads", 12),
    ("intermediate_size", 3072),
    ("max_position_embeddings", 512),
    ("type_vocab_size", 2),
    ("embedding_size", 128),
];

const FAMILIES: &[Family] = &[
    Family {
        architecture: Architecture::Bert,
        name: "bert",
        prefix: "bert",
        class: "Bert",
        positions: Positions::All,
        padding_id: 0,
        sizes: &[],
        keys: &[],
        tensors: &[],
    },
    Family {
        architecture: Architecture::Roberta,
        name: "roberta",
        prefix: "roberta",
        class: "Roberta",
        positions: Positions::Tokens,
        padding_id: 1,
        sizes: &[("vocab_size", 50265)],
        keys: &[],
        tensors: &[],
    },
    Family {
        architecture: Architecture::XlmRoberta,
        name: "xlm-roberta",
        prefix: "roberta",
        class: "XLMRoberta",
        positions: Positions::Tokens,
        padding_id: 1,
        sizes: &[],
        keys: &[],
        tensors: &[],
    },
    Family {
        architecture: Architecture::Camembert,
        name: "camembert",
        prefix: "roberta",
        class: "Camembert",
        positions: Positions::Tokens,
        padding_id: 1,
        sizes: &[],
        keys: &[],
        tensors: &[],
    },
    Family {
        architecture: Architecture::DistilBert,
        name: "distilbert",
        prefix: "distilbert",
        class: "DistilBert",
        positions: Positions::All,
        padding_id: 0,
        sizes: &[("num_hidden_layers", 6)],
        keys: &[
            ("hidden_size", "dim"),
            ("num_hidden_layers", "n_layers"),
            ("num_attention_heads", "n_heads"),
            ("intermediate_size", "hidden_dim"),
            ("hidden_act", "activation"),
        ],
        tensors: &[
            ("encoder.layer", "transformer.layer"),
            ("attention.self.query", "attention.q_lin"),
            ("attention.self.key", "attention.k_lin"),
            ("attention.self.value", "attention.v_lin"),
            ("attention.output.dense", "attention.out_lin"),
            ("attention.output.LayerNorm", "sa_layer_norm"),
            ("intermediate.dense", "ffn.lin1"),
            (".output.dense", ".ffn.lin2"),
            (".output.LayerNorm", ".output_layer_norm"),
        ],
    },
    Family {
        architecture: Architecture::Electra,
        name: "electra",
        prefix: "electra",
        class: "Electra",
        positions: Positions::All,
        padding_id: 0,
        sizes: &[
            ("hidden_size", 256),
            ("num_attention_heads", 4),
            ("intermediate_size", 1024),
        ],
        keys: &[],
        tensors: &[],
    },
    Family {
        architecture: Architecture::Mpnet,
        name: "mpnet",
        prefix: "mpnet",
        class: "MPNet",
        positions: Positions::Tokens,
        padding_id: 1,
        sizes: &[("vocab_size", 30527)],
        keys: &[],
        tensors: &[
            ("attention.self.query", "attention.attn.q"),
            ("attention.self.key", "attention.attn.k"),
            ("attention.self.value", "attention.attn.v"),
            ("attention.output.dense", "attention.attn.o"),
            ("attention.output.LayerNorm", "attention.LayerNorm"),
        ],
    },
];

impl Architecture {
    /// The family with this `model_type`.
    pub fn named(model_type: &str) -> Option<Self> {
        let family = FAMILIES.iter().find(|family| family.name == model_type);
        family.map(|family| family.architecture)
    }

    /// Every `model_type` that is implemented, for people.
    pub fn names() -> String {
        let names: Vec<String> = (FAMILIES.iter())
            .map(|family| format!("`{}`", family.name))
            .collect();
        names.join(", ")
    }

    fn family(self) -> &'static Family {
        let mut families = FAMILIES.iter();
        match families.find(|family| family.architecture == self) {
            Some(family) => family,
            None => unreachable!("every architecture has its row"),
        }
    }

    /// `model_type` in `config.json`.
    pub fn name(self) -> &'static str {
        self.family().name
    }

    /// The family to which a class of the Python library belongs, such as `BertForMaskedLM`.
    pub fn of_class(class: &str) -> Option<Self> {
        let family = FAMILIES.iter().find(|family| {
            let kind = class.strip_prefix(family.class);
            kind.is_some_and(|kind| kind == "Model" || kind.starts_with("For"))
        });
        family.map(|family| family.architecture)
    }

    /// The class of the Python library.
    pub fn class(self) -> String {
        format!("{}Model", self.family().class)
    }

    /// What stands before the names of an encoder's tensors in a file that also has a head.
    pub fn prefix(self) -> String {
        format!("{}.", self.family().prefix)
    }

    /// The first family with this prefix.
    pub fn of_prefix(prefix: &str) -> Option<Self> {
        let prefix = prefix.strip_suffix('.')?;
        let family = FAMILIES.iter().find(|family| family.prefix == prefix);
        family.map(|family| family.architecture)
    }

    /// The size that a key of BERT's `config.json` has in this family where it is absent.
    pub fn size(self, key: &str) -> usize {
        let mut sizes = self.family().sizes.iter().chain(BERT_SIZES);
        match sizes.find(|(name, _)| *name == key) {
            Some((_, size)) => *size,
            None => unreachable!("`{key}` has a row in BERT_SIZES"),
        }
    }

    /// How positions are counted.
    pub fn positions(self) -> Positions {
        self.family().positions
    }

    /// The padding token where `config.json` does not say.
    pub fn padding_id(self) -> u32 {
        self.family().padding_id
    }

    /// Whether there is a table of token types (sentence A or B).
    pub fn has_token_types(self) -> bool {
        !matches!(self, Self::DistilBert | Self::Mpnet)
    }

    /// Whether published encoders come with a pooler.
    pub fn has_pooler(self) -> bool {
        !matches!(self, Self::DistilBert | Self::Electra)
    }

    /// What this family calls a key of BERT's `config.json`.
    pub fn key(self, key: &'static str) -> &'static str {
        let mut renamed = self.family().keys.iter();
        let theirs = renamed.find(|(ours, _)| *ours == key);
        theirs.map_or(key, |(_, theirs)| theirs)
    }

    /// What this family calls a tensor of BERT's, without the model's prefix.
    pub fn tensor(self, name: &str) -> String {
        let renamed = self.family().tensors.iter();
        renamed.fold(name.to_owned(), |name, (ours, theirs)| {
            name.replacen(ours, theirs, 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_found_by_name_and_rename_what_is_theirs() {
        for family in FAMILIES {
            assert_eq!(Architecture::named(family.name), Some(family.architecture));
            let class = family.architecture.class();
            assert_eq!(Architecture::of_class(&class), Some(family.architecture));
        }
        let of_class = Architecture::of_class;
        let classifier = of_class("XLMRobertaForSequenceClassification");
        assert_eq!(classifier, Some(Architecture::XlmRoberta));
        for other in ["BertLMHeadModel", "BertGenerationEncoder", "AlbertModel"] {
            assert_eq!(of_class(other), None);
        }
        assert_eq!(Architecture::Electra.size("hidden_size"), 256);
        assert_eq!(Architecture::Electra.size("vocab_size"), 30522);
        let distil = Architecture::DistilBert;
        for (ours, theirs) in [
            ("embeddings.LayerNorm.bias", "embeddings.LayerNorm.bias"),
            (
                "encoder.layer.3.attention.output.LayerNorm.weight",
                "transformer.layer.3.sa_layer_norm.weight",
            ),
            (
                "encoder.layer.3.output.LayerNorm.weight",
                "transformer.layer.3.output_layer_norm.weight",
            ),
            (
                "encoder.layer.0.output.dense.weight",
                "transformer.layer.0.ffn.lin2.weight",
            ),
            (
                "encoder.layer.0.attention.output.dense.bias",
                "transformer.layer.0.attention.out_lin.bias",
            ),
        ] {
            assert_eq!(distil.tensor(ours), theirs);
        }
        assert_eq!(distil.key("hidden_size"), "dim");
        assert_eq!(Architecture::Bert.key("hidden_size"), "hidden_size");
    }
}
