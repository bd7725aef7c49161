//! What is said of files that are wrong.

use super::*;

#[test]
fn a_slip_in_a_key_names_the_nearest_key() {
    assert_snapshot!(mistakes(&with("[fidelity]\nepoch = 3")), @r#"
    s.toml:6:1: unknown key `epoch` in [fidelity]
      |
    6 | epoch = 3
      | ^^^^^
      = did you mean `epochs`?
      = [fidelity] may hold: data_share, epochs
    "#);
    assert_snapshot!(mistakes(&with("[serach]\ntrials = 3")), @r#"
    s.toml:5:2: unknown section `serach`
      |
    5 | [serach]
      |  ^^^^^^
      = did you mean `search`?
      = the sections are: study, model, task, space, search, training, fidelity, rungs, output
    "#);
    assert_snapshot!(mistakes(&with("[fidelity]\nlearning_rate = 3")), @r#"
    s.toml:6:1: unknown key `learning_rate` in [fidelity]
      |
    6 | learning_rate = 3
      | ^^^^^^^^^^^^^
      = `learning_rate` belongs in [training]
      = [fidelity] may hold: data_share, epochs
    "#);
    assert_snapshot!(mistakes(&with("[output]\nlearnin_rate = 3")), @r#"
    s.toml:6:1: unknown key `learnin_rate` in [output]
      |
    6 | learnin_rate = 3
      | ^^^^^^^^^^^^
      = did you mean `learning_rate` in [training]?
      = [output] may hold: keep_adapters, checkpoint_seconds
    "#);
    assert_snapshot!(mistakes(&with("[search.reference_point]\nscor = 0.5")), @r#"
    s.toml:6:1: unknown key `scor` in [search.reference_point]
      |
    6 | scor = 0.5
      | ^^^^
      = did you mean `score`?
      = [search.reference_point] may hold: score, parameters_percent
    "#);
    assert_snapshot!(mistakes(&format!("trials = 3\n{}", with(""))), @r#"
    s.toml:1:1: unknown key `trials` outside of all sections
      |
    1 | trials = 3
      | ^^^^^^
      = `trials` belongs in [search]
      = the sections are: study, model, task, space, search, training, fidelity, rungs, output
    "#);
}

#[test]
fn a_wrong_type_says_what_was_found_and_what_is_allowed() {
    assert_snapshot!(mistakes(&with("[training]\nbatch_size = \"32\"")), @r#"
    s.toml:6:14: `batch_size` must be a whole number from 1 to 65536; found the text "32"
      |
    6 | batch_size = "32"
      |              ^^^^
    "#);
    assert_snapshot!(mistakes(&with("[training]\nlearning_rate = true")), @r#"
    s.toml:6:17: `learning_rate` must be a number above 0 and at most 1; found true
      |
    6 | learning_rate = true
      |                 ^^^^
    "#);
    assert_snapshot!(mistakes(&with("[training]\npad_to_max_length = 1")), @r#"
    s.toml:6:21: `pad_to_max_length` must be true or false; found 1
      |
    6 | pad_to_max_length = 1
      |                     ^
    "#);
    assert_snapshot!(mistakes(&format!("training = 3\n{}", with(""))), @r#"
    s.toml:1:12: `training` must be a table; found 3
      |
    1 | training = 3
      |            ^
      = it may hold: learning_rate, batch_size, evaluation_batch_size, max_length, pad_to_max_length, length_buckets, activation_cache_mb, epochs, patience, warmup_share, standard_targets, weight_decay, max_gradient_norm, backbone_dropout, head_dropout, prefix_bottleneck, precision
    "#);
    assert_snapshot!(mistakes(&with("[space]\nmodules = \"serial\"")), @r#"
    s.toml:6:11: `modules` must be a list of texts; found the text "serial"
      |
    6 | modules = "serial"
      |           ^^^^^^^^
    "#);
    assert_snapshot!(mistakes(&with("[space]\nlayers = \"some\"")), @r#"
    s.toml:6:10: `layers` must be "search", "all", or a list of layer numbers from 0, such as [8, 9, 10, 11]; found the text "some"
      |
    6 | layers = "some"
      |          ^^^^^^
    "#);
    assert_snapshot!(mistakes(&format!("{}\n", with("[training]\nprecision = \"f33\""))), @r#"
    s.toml:6:13: `precision` must be one of "f32", "tf32", "bf16"; found the text "f33"
      |
    6 | precision = "f33"
      |             ^^^^^
      = did you mean "f32"?
    "#);
}

#[test]
fn numbers_out_of_range_say_the_range() {
    assert_snapshot!(mistakes(&with("[training]\nbatch_size = 0\nmax_length = 3\nlearning_rate = -1e-4")), @r#"
    s.toml:6:14: `batch_size` must be a whole number from 1 to 65536; found 0
      |
    6 | batch_size = 0
      |              ^

    s.toml:7:14: `max_length` must be a whole number from 4 to 8192; found 3
      |
    7 | max_length = 3
      |              ^

    s.toml:8:17: `learning_rate` must be a number above 0 and at most 1; found -1e-4
      |
    8 | learning_rate = -1e-4
      |                 ^^^^^
    "#);
    assert_snapshot!(mistakes(&with("[fidelity]\ndata_share = 1.5")), @r#"
    s.toml:6:14: `data_share` must be a number above 0 and at most 1; found 1.5
      |
    6 | data_share = 1.5
      |              ^^^
    "#);
    assert_snapshot!(mistakes(&with("validation = 1.0")), @r#"
    s.toml:5:14: `validation` must be "dev" or a share of the training rows above 0 and below 1, such as 0.1; found 1.0
      |
    5 | validation = 1.0
      |              ^^^
    "#);
    assert_snapshot!(mistakes(&with("[search]\ntrials = -5")), @r#"
    s.toml:6:10: `trials` must be a whole number from 1 to 1000000; found -5
      |
    6 | trials = -5
      |          ^^
    "#);
    assert_snapshot!(mistakes(&with("[training]\nlearning_rate = nan")), @r#"
    s.toml:6:17: `learning_rate` must be a number above 0 and at most 1; found nan
      |
    6 | learning_rate = nan
      |                 ^^^
    "#);
}

#[test]
fn unknown_names_are_told_with_those_that_are_known() {
    assert_snapshot!(mistakes(&with("[space]\nmodules = [\"serial\", \"paralel\"]")), @r#"
    s.toml:6:22: unknown module "paralel"
      |
    6 | modules = ["serial", "paralel"]
      |                      ^^^^^^^^^
      = did you mean "parallel"?
      = modules: serial, parallel, prefix, lora, ia3
    "#);
    assert_snapshot!(mistakes("[model]\nembedded = true\n[task]\nname = \"rt\"\n"), @r#"
    s.toml:4:8: unknown task "rt"
      |
    4 | name = "rt"
      |        ^^^^
      = did you mean "rte"?
      = known tasks: demo, cola, sst2, mrpc, stsb, qqp, mnli, qnli, rte, wnli, superglue_rte, cb, copa, wic, boolq
      = for data of your own give text_columns, label_column and the files
    "#);
    assert_snapshot!(mistakes(&with("metric = \"acuracy\"")), @r#"
    s.toml:5:10: `metric` must be one of "accuracy", "f1", "macro_f1", "matthews", "pearson", "spearman"; found the text "acuracy"
      |
    5 | metric = "acuracy"
      |          ^^^^^^^^^
      = did you mean "accuracy"?
    "#);
    assert_snapshot!(mistakes("preset = \"papers\"\n[model]\nembedded = true\n[task]\nname = \"rte\"\n"), @r#"
    s.toml:1:10: `preset` must be "default" or "paper"; found the text "papers"
      |
    1 | preset = "papers"
      |          ^^^^^^^^
      = did you mean "paper"?
    "#);
}

#[test]
fn what_is_impossible_together_is_told() {
    assert_snapshot!(mistakes(&with("[search]\ntrials = 10\ninitial_trials = 20")), @r#"
    s.toml:7:18: 20 initial trials do not fit in 10 trials in all
      |
    7 | initial_trials = 20
      |                  ^^
      = the surrogate proposes what is left after the initial trials: lower `initial_trials` or raise `trials`
    "#);
    assert_snapshot!(mistakes(&with("[search]\nposterior_draws = 4")), @r#"
    s.toml:6:19: no draw is left: one of 8 is kept of 4 draws
      |
    6 | posterior_draws = 4
      |                   ^
      = lower `thinning` or raise `posterior_draws`
    "#);
    assert_snapshot!(mistakes(&with("[fidelity]\nepochs = 11")), @r#"
    s.toml:6:10: a trial of the search cannot train for 11 epochs where a full training has 10
      |
    6 | epochs = 11
      |          ^^
      = lower `epochs` in [fidelity] or raise `epochs` in [training]
    "#);
    assert_snapshot!(mistakes(&with("metric = \"spearman\"")), @r#"
    s.toml:5:10: this metric does not fit: the labels are classes
      |
    5 | metric = "spearman"
      |          ^^^^^^^^^^
      = metrics for classes: accuracy, f1, macro_f1, matthews
    "#);
    assert_snapshot!(mistakes("[model]\nhub = \"a/b\"\npath = \"c\"\n[task]\nname = \"rte\"\n"), @r#"
    s.toml:3:8: [model] gives both `hub` and `path`
      |
    3 | path = "c"
      |        ^^^
      = keep one of them
    "#);
    assert_snapshot!(mistakes("[model]\npath = \"c\"\nrevision = \"v2\"\n[task]\nname = \"rte\"\n"), @r#"
    s.toml:3:12: `revision` goes with `hub`; this model is not from the hub
      |
    3 | revision = "v2"
      |            ^^^^
      = remove it
    "#);
    assert_snapshot!(mistakes("[model]\nembedded = true\n[task]\nname = \"mine\"\ntext_columns = [\"text\"]\n"), @r#"
    s.toml:4:8: the task "mine" has no data
      |
    4 | name = "mine"
      |        ^^^^^^
      = give train_file and validation_file, or folder

    s.toml:5:16: `text_columns` is given without `label_column`
      |
    5 | text_columns = ["text"]
      |                ^^^^^^^^
      = add label_column = "..."
    "#);
}

#[test]
fn an_empty_space_is_told() {
    assert_snapshot!(mistakes(&with("[space]\nmodules = []")), @r#"
    s.toml:6:11: the space is empty: `modules` names no module
      |
    6 | modules = []
      |           ^^
      = modules: serial, parallel, prefix, lora, ia3
    "#);
    assert_snapshot!(mistakes(&with("[space]\nsizes = [0]")), @r#"
    s.toml:6:9: the space is empty: `sizes` holds no size above 0
      |
    6 | sizes = [0]
      |         ^^^
      = a size of 0 means that the module is absent
    "#);
    assert_snapshot!(mistakes(&with("[space]\nlayers = []")), @r#"
    s.toml:6:10: the space is empty: `layers` names no layer
      |
    6 | layers = []
      |          ^^
      = `layers` may be "search", "all", or a list of layer numbers from 0, such as [8, 9, 10, 11]
    "#);
    assert_snapshot!(mistakes(&with("[space]\nmodules = [\"serial\"]\nsizes = { prefix = [0, 4] }")), @r#"
    s.toml:7:11: `sizes` names `prefix`, which is not among the modules of this space
      |
    7 | sizes = { prefix = [0, 4] }
      |           ^^^^^^
      = modules of this space: serial
    "#);
    assert_snapshot!(mistakes(&with("[space]\nsizes = [0, 6, 6]")), @r#"
    s.toml:6:16: the size 6 is given twice
      |
    6 | sizes = [0, 6, 6]
      |                ^
    "#);
}

#[test]
fn learning_rates_that_are_no_choice_are_told() {
    let wrong = |value: &str| mistakes(&with(&format!("[space]\nlearning_rates = {value}")));
    assert!(wrong("1e-4").contains("6:18: `learning_rates` must be a range such as"));
    assert!(wrong("{ min = 1e-4, most = 1e-3 }").contains("max = 1e-3 }, or a list"));
    assert!(wrong("{ min = 1e-3, max = 1e-4 }").contains("whose `max` is above its `min`"));
    assert!(wrong("[1e-4, 2e-4, 0.0001]").contains("the learning rate 1e-4 is given twice"));
    assert!(
        wrong("[1e-4, 20]")
            .contains("6:25: a learning rate must be a number above 0 and at most 1")
    );
    assert!(wrong("[1e-4, \"fast\"]").contains("must be a number; found the text"));
    assert!(wrong("{ min = 1e-30, max = 1.0 }").contains("more than 100"));
}

#[test]
fn what_is_missing_is_told() {
    assert_snapshot!(mistakes(""), @r#"
    s.toml: [model] must say where the encoder comes from
     = hub = "bert-base-uncased": an encoder on the Hugging Face hub
     = path = "FOLDER": a folder with config.json, tokenizer.json and model.safetensors
     = embedded = true: the small encoder inside the program

    s.toml: the section [task] with the key `name` is missing
     = A known task such as "rte", or a name of your own when text_columns and label_column are given.
    "#);
    assert_snapshot!(mistakes("[model]\nembedded = true\n[task]\n"), @r#"
    s.toml:3:2: [task] lacks the key `name`
      |
    3 | [task]
      |  ^^^^
      = A known task such as "rte", or a name of your own when text_columns and label_column are given.
    "#);
}

#[test]
fn a_bad_name_and_broken_toml_have_a_place() {
    assert_snapshot!(mistakes(&with("[study]\nname = \"../up\"")), @r#"
    s.toml:6:8: "../up" is no name for a study, which names its folder too
      |
    6 | name = "../up"
      |        ^^^^^^^
      = allowed are letters, digits, `-`, `_` and `.`, at most 100 of them and not starting with a dot
    "#);
    assert_snapshot!(mistakes(&with("[study]\nname = ")), @r#"
    s.toml:6:8: this is not valid TOML: string values must be quoted, expected literal string
      |
    6 | name =
      |        ^
    "#);
    assert_snapshot!(mistakes("[model]\nembedded = true\nembedded = true\n"), @r#"
    s.toml:3:1: this is not valid TOML: duplicate key
      |
    3 | embedded = true
      | ^^^^^^^^
    "#);
    assert_snapshot!(mistakes("[model]\n\tpath = \"größe\" ; x\n"), @r#"
    s.toml:2:17: this is not valid TOML: unexpected key or value, expected newline, `#`
      |
    2 |     path = "größe" ; x
      |                    ^
    "#);
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let error = Study::read(Path::new("/nowhere/s.toml")).unwrap_err();
    assert_snapshot!(error.to_string(), @r#"cannot read the study file /nowhere/s.toml: No such file or directory (os error 2)"#);
}

#[test]
fn classes_and_columns_that_contradict_each_other_are_told() {
    let own = |keys: &str| {
        mistakes(&format!(
            "[model]\nembedded = true\n[task]\nname = \"mine\"\nfolder = \"data\"\n{keys}\n"
        ))
    };
    let columns = "text_columns = [\"text\"]\nlabel_column = \"label\"\n";
    let labels = |value: &str| own(&format!("{columns}labels = {value}"));
    assert!(labels("[\"a\"]").contains("names 1 class; at least two"));
    assert!(labels("[\"a\", \"b\", \" a\"]").contains("the class \"a\" is named twice"));
    assert!(labels("[0, 1]").contains("`labels` must be a list of texts"));
    assert!(labels("[\"a\", \"b\"]\nregression = true").contains("keep one of them"));
    assert!(
        mistakes(&with("labels = [\"a\", \"b\"]"))
            .contains("5:10: the classes of the task \"rte\" are known")
    );
    let missing = own(&format!("{columns}missing_labels = \"keep\""));
    assert!(missing.contains("\"refuse\" or \"drop\""), "{missing}");
    let leaking = own("text_columns = [\"text\", \"label\"]\nlabel_column = \"label\"");
    assert!(
        leaking.contains("names the label's column \"label\""),
        "{leaking}"
    );
    let twice = own("text_columns = [\"text\", \"text\"]\nlabel_column = \"label\"");
    assert!(twice.contains("names \"text\" twice"), "{twice}");
}

#[test]
fn names_that_are_none_on_the_hub() {
    let model = |keys: &str| mistakes(&format!("[model]\n{keys}\n[task]\nname = \"rte\"\n"));
    assert_snapshot!(model("hub = \"../../x\""), @r#"
    s.toml:2:7: "../../x" is no id of a repository on the hub: it is NAME or OWNER/NAME, with one slash at most
      |
    2 | hub = "../../x"
      |       ^^^^^^^^^
      = hub = "bert-base-uncased", or hub = "OWNER/NAME"; a folder goes into `path`
    "#);
    assert_snapshot!(model("hub = \"a/b@evil:9\""), @r#"
    s.toml:2:7: "a/b@evil:9" is no id of a repository on the hub: it consists of the letters a to z and A to Z, digits, `-`, `_` and `.`
      |
    2 | hub = "a/b@evil:9"
      |       ^^^^^^^^^^^^
      = hub = "bert-base-uncased", or hub = "OWNER/NAME"; a folder goes into `path`
    "#);
    assert_snapshot!(model("hub = \"a/b\"\nrevision = \"main?x#\\n\""), @r#"
    s.toml:3:12: "main?x#\n" is no revision on the hub: it consists of the letters a to z and A to Z, digits, `-`, `_`, `.`, `+` and `/`
      |
    3 | revision = "main?x#\n"
      |            ^^^^^^^^^^^
      = a branch, a tag, or the 40 digits of a commit, such as revision = "main"
    "#);
    assert_snapshot!(model("hub = \"a/b\"\nrevision = \"../../etc\""), @r#"
    s.toml:3:12: "../../etc" is no revision on the hub: `..` does not occur in it
      |
    3 | revision = "../../etc"
      |            ^^^^^^^^^^^
      = a branch, a tag, or the 40 digits of a commit, such as revision = "main"
    "#);
}
