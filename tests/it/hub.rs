//! Models and tasks from a hub, its cache, and what happens where it does not answer.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use autopeft::hub::{Hub, HubErrorKind, HubProgress, HubSettings, Repository};
use autopeft::model::{ModelFiles, SourceError, Tokenizer, Weights};
use autopeft::study::ModelSource;
use autopeft::task::{TaskError, load};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use sha2::{Digest, Sha256};

use crate::support::hub_server::{COMMIT, NEXT, Server, TOKEN, hexadecimal};
use crate::support::own_data::known;

/// Larger than what is read at once, so that progress has something to report.
const WEIGHT_BYTES: usize = 3 << 20;

/// The hub at an endpoint, with a cache of its own.
fn hub(server: &Server, home: &Path, more: &[(&str, &str)]) -> Hub {
    let mut variables = HashMap::from([
        ("HF_HOME", home.to_str().unwrap().to_owned()),
        ("HF_ENDPOINT", server.endpoint.clone()),
    ]);
    variables.extend(more.iter().map(|&(name, value)| (name, value.to_owned())));
    Hub::new(HubSettings::from_variables(|name| {
        variables.get(name).cloned()
    }))
}

fn model(id: &str) -> ModelSource {
    ModelSource::Hub {
        id: id.to_owned(),
        revision: "main".to_owned(),
    }
}

/// A model whose tokenizer is its vocabulary alone.
fn model_files(id: &str) -> HashMap<String, Vec<u8>> {
    let words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat\n";
    let files = [
        ("config.json", b"{}".to_vec()),
        ("vocab.txt", words.as_bytes().to_vec()),
        ("model.safetensors", vec![7; WEIGHT_BYTES]),
    ];
    files
        .into_iter()
        .map(|(name, content)| (format!("/{id}/resolve/main/{name}"), content))
        .collect()
}

#[test]
fn a_model_is_downloaded_once_and_then_used_offline() {
    let server = Server::start(model_files("owner/model"));
    let home = tempfile::tempdir().unwrap();
    let mut reports: Vec<HubProgress> = Vec::new();
    let online = hub(&server, home.path(), &[]);
    let files = ModelFiles::open(&model("owner/model"), &online, &mut |report| {
        reports.push(report)
    })
    .unwrap();
    assert_eq!(files.config, b"{}");
    assert!(files.origin.contains("owner/model") && files.origin.contains(COMMIT));
    assert_eq!(files.commit.as_deref(), Some(COMMIT));
    let Weights::Files(weights) = &files.weights else {
        panic!("weights of a hub model lie in a file");
    };
    let [weights] = weights.as_slice() else {
        panic!("one file: {weights:?}");
    };
    assert_eq!(std::fs::read(weights).unwrap(), vec![7; WEIGHT_BYTES]);
    // The layout of Python's cache.
    let cache = home.path().join("hub/models--owner--model");
    assert_eq!(
        *weights,
        cache
            .join("snapshots")
            .join(COMMIT)
            .join("model.safetensors")
    );
    assert_eq!(
        std::fs::read_to_string(cache.join("refs/main")).unwrap(),
        COMMIT
    );
    assert!(files.tokenizer.get("vocab.txt").is_some());
    assert_eq!(
        Tokenizer::new(&files.tokenizer)
            .unwrap()
            .plain("cat")
            .unwrap(),
        [5]
    );

    let of_weights: Vec<&HubProgress> = reports
        .iter()
        .filter(|report| report.file == "model.safetensors")
        .collect();
    assert!(of_weights.len() >= 3, "{reports:?}");
    assert!(
        of_weights
            .iter()
            .all(|report| report.total_bytes == WEIGHT_BYTES as u64)
    );
    assert_eq!(of_weights.last().unwrap().done_bytes, WEIGHT_BYTES as u64);

    let asked = server.requests();
    let offline = hub(&server, home.path(), &[("HF_HUB_OFFLINE", "1")]);
    let again = ModelFiles::open(&model("owner/model"), &offline, &mut |_| {}).unwrap();
    assert_eq!(again, files);
    assert_eq!(server.requests(), asked);
    // The commit names the same files as the branch.
    let by_commit = offline.file(
        &Repository::model("owner/model", COMMIT),
        "config.json",
        &mut |_| {},
    );
    assert!(by_commit.is_ok());
}

/// What a model's weights were read to be.
fn weights(files: &ModelFiles) -> Vec<u8> {
    let Weights::Files(paths) = &files.weights else {
        panic!("{:?}", files.weights);
    };
    let read = paths.iter().map(|path| std::fs::read(path).unwrap());
    read.collect::<Vec<_>>().concat()
}

#[test]
fn all_files_are_of_one_commit_whatever_the_branch_does() {
    let mut addresses = model_files("owner/model");
    let next = [
        ("config.json", b"{\"next\": 1}".to_vec()),
        ("vocab.txt", b"[PAD]\n".to_vec()),
        ("model.safetensors", b"other weights".to_vec()),
    ];
    for (name, content) in next {
        addresses.insert(format!("/owner/model/resolve/{NEXT}/{name}"), content);
    }
    let server = Server::start(addresses);
    let home = tempfile::tempdir().unwrap();
    // An earlier program fetched the configuration alone.
    let repository = Repository::model("owner/model", "main");
    let early = hub(&server, home.path(), &[]);
    early.file(&repository, "config.json", &mut |_| {}).unwrap();
    server.move_main();
    let open = |home: &Path, more: &[(&str, &str)]| {
        let hub = hub(&server, home, more);
        ModelFiles::open(&model("owner/model"), &hub, &mut |_| {}).unwrap()
    };
    let files = open(home.path(), &[]);
    assert_eq!(files.config, b"{}");
    assert_eq!(weights(&files), vec![7; WEIGHT_BYTES]);
    assert!(files.origin.contains(COMMIT), "{}", files.origin);
    assert_eq!(open(home.path(), &[("HF_HUB_OFFLINE", "1")]), files);

    // A cache that knows nothing gets the new one, all of it.
    let fresh = tempfile::tempdir().unwrap();
    let files = open(fresh.path(), &[]);
    assert!(files.origin.contains(NEXT), "{}", files.origin);
    assert_eq!(weights(&files), b"other weights");

    // Within one program the commit stays, even where the cache says something else now.
    let reference = home.path().join("hub/models--owner--model/refs/main");
    std::fs::write(reference, NEXT).unwrap();
    let path = early.file(&repository, "vocab.txt", &mut |_| {}).unwrap();
    assert!(path.display().to_string().contains(COMMIT), "{path:?}");
}

#[test]
fn all_files_of_a_data_set_are_of_one_commit() {
    let place = |commit: &str, file: &str| format!("/datasets/a/rows/resolve/{commit}/{file}");
    let mut addresses = HashMap::new();
    for file in ["train.csv", "dev.csv"] {
        addresses.insert(place("main", file), b"first".to_vec());
        addresses.insert(place(NEXT, file), b"next".to_vec());
    }
    let server = Server::start(addresses);
    let home = tempfile::tempdir().unwrap();
    let rows = Repository::dataset("a/rows");
    let read = |file: &str| {
        let hub = hub(&server, home.path(), &[]);
        let path = hub.file(&rows, file, &mut |_| {}).unwrap();
        std::fs::read_to_string(path).unwrap()
    };
    assert_eq!(read("train.csv"), "first");
    server.move_main();
    assert_eq!(read("dev.csv"), "first");
}

#[test]
fn a_file_that_is_not_whole_is_fetched_anew() {
    let server = Server::start(model_files("owner/model"));
    let home = tempfile::tempdir().unwrap();
    let open = |more: &[(&str, &str)]| {
        let hub = hub(&server, home.path(), more);
        ModelFiles::open(&model("owner/model"), &hub, &mut |_| {})
    };
    let whole = open(&[]).unwrap();
    let folder = home.path().join("hub/models--owner--model");
    let vocabulary = folder.join("snapshots").join(COMMIT).join("vocab.txt");
    // Under the name that git gives to the whole content.
    let blob = "2f7a4b5b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f";
    let spoil: [&dyn Fn(); 3] = [
        &|| std::fs::write(vocabulary.canonicalize().unwrap(), "").unwrap(),
        &|| std::fs::remove_file(vocabulary.canonicalize().unwrap()).unwrap(),
        &|| {
            std::fs::write(folder.join("blobs").join(blob), "[PAD]\n").unwrap();
            std::fs::remove_file(&vocabulary).unwrap();
            let target = format!("../../blobs/{blob}");
            std::os::unix::fs::symlink(target, &vocabulary).unwrap();
        },
    ];
    for spoil in spoil {
        spoil();
        let message = open(&[("HF_HUB_OFFLINE", "1")]).unwrap_err().to_string();
        assert!(
            message.contains("vocab.txt is not the whole file"),
            "{message}"
        );
        assert_eq!(open(&[]).unwrap(), whole);
        let Some(content) = std::fs::read_to_string(&vocabulary).ok() else {
            panic!("the vocabulary is back");
        };
        assert!(content.ends_with("cat\n"), "{content}");
    }
}

#[test]
fn what_a_commit_is_known_to_lack_is_not_asked_for() {
    let server = Server::start(model_files("owner/model"));
    let home = tempfile::tempdir().unwrap();
    let open = |more: &[(&str, &str)]| {
        let hub = hub(&server, home.path(), more);
        ModelFiles::open(&model("owner/model"), &hub, &mut |_| {}).unwrap()
    };
    let files = open(&[]);
    let lacking = home
        .path()
        .join("hub/models--owner--model/.no_exist")
        .join(COMMIT);
    std::fs::create_dir_all(&lacking).unwrap();
    for name in [
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
    ] {
        std::fs::write(lacking.join(name), "").unwrap();
    }
    let asked = server.requests();
    assert_eq!(open(&[]), files);
    assert_eq!(open(&[("HF_HUB_OFFLINE", "1")]), files);
    assert_eq!(server.requests(), asked);
}

#[test]
fn what_a_commit_lacks_is_kept_as_python_keeps_it() {
    let mut addresses = model_files("owner/model");
    addresses.remove("/owner/model/resolve/main/model.safetensors");
    let server = Server::start(addresses);
    let home = tempfile::tempdir().unwrap();
    let message = |more: &[(&str, &str)]| {
        let hub = hub(&server, home.path(), more);
        let opened = ModelFiles::open(&model("owner/model"), &hub, &mut |_| {});
        opened.unwrap_err().to_string()
    };
    let online = message(&[]);
    let folder = home.path().join("hub/models--owner--model/.no_exist");
    for name in ["added_tokens.json", "model.safetensors"] {
        assert!(folder.join(COMMIT).join(name).is_file(), "{name}");
    }
    // To ask the hub once more is no advice: it has said so.
    assert_eq!(message(&[("HF_HUB_OFFLINE", "1")]), online);
    // A commit of which nothing is here may be none at all.
    let hub = hub(&server, home.path(), &[]);
    let nowhere = Repository::model("owner/model", NEXT);
    let found = hub.file_if_there(&nowhere, "vocab.txt", &mut |_| {});
    assert!(matches!(found, Ok(None)));
    assert!(!folder.join(NEXT).exists());
}

#[test]
fn the_cache_does_where_the_hub_cannot_be_reached() {
    let server = Server::start(model_files("owner/model"));
    let home = tempfile::tempdir().unwrap();
    let reached = hub(&server, home.path(), &[]);
    let open = |hub: &Hub| ModelFiles::open(&model("owner/model"), hub, &mut |_| {});
    let files = open(&reached).unwrap();
    assert_eq!(reached.caution(), None);
    let cache = home.path().join("hub/models--owner--model");
    // As a program left it that kept no absences.
    std::fs::remove_dir_all(cache.join(".no_exist")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let unreached = hub(&server, home.path(), &[("HF_ENDPOINT", &endpoint)]);
    assert_eq!(open(&unreached).unwrap(), files);
    let caution = unreached.caution().unwrap();
    assert!(
        caution.contains("could not be reached") && caution.contains(&endpoint),
        "{caution}"
    );
    // What must be there is not made up, and what is spoilt does not count as absent.
    let snapshot = cache.join("snapshots").join(COMMIT);
    std::fs::write(snapshot.join("vocab.txt").canonicalize().unwrap(), "").unwrap();
    let message = open(&hub(&server, home.path(), &[("HF_ENDPOINT", &endpoint)]));
    let message = message.unwrap_err().to_string();
    assert!(message.contains("vocab.txt"), "{message}");
    assert!(snapshot.join("vocab.txt").exists());
    open(&reached).unwrap();
    std::fs::remove_file(snapshot.join("model.safetensors")).unwrap();
    let message = open(&hub(&server, home.path(), &[("HF_ENDPOINT", &endpoint)]));
    let message = message.unwrap_err().to_string();
    assert!(
        message.contains("`model.safetensors` could not be downloaded"),
        "{message}"
    );
}

#[test]
fn an_empty_file_is_whole_where_the_hub_says_that_it_is_empty() {
    let mut addresses = model_files("hashed/model");
    let address = "/hashed/model/resolve/main/added_tokens.json".to_owned();
    addresses.insert(address, Vec::new());
    let server = Server::start(addresses);
    let home = tempfile::tempdir().unwrap();
    let repository = Repository::model("hashed/model", "main");
    for more in [&[][..], &[("HF_HUB_OFFLINE", "1")]] {
        let hub = hub(&server, home.path(), more);
        let path = hub.file_if_there(&repository, "added_tokens.json", &mut |_| {});
        assert_eq!(std::fs::read(path.unwrap().unwrap()).unwrap(), b"");
    }
}

#[test]
fn weights_in_several_files_come_from_the_hub() {
    let mut addresses = model_files("owner/model");
    let address = |name: &str| format!("/owner/model/resolve/main/{name}");
    addresses.remove(&address("model.safetensors"));
    let index = br#"{"weight_map": {"a": "x-1.safetensors", "b": "x-2.safetensors"}}"#;
    addresses.insert(address("model.safetensors.index.json"), index.to_vec());
    addresses.insert(address("x-1.safetensors"), vec![1; 5]);
    let open = |addresses: &HashMap<String, Vec<u8>>| {
        let home = tempfile::tempdir().unwrap();
        let hub = hub(&Server::start(addresses.clone()), home.path(), &[]);
        let files = ModelFiles::open(&model("owner/model"), &hub, &mut |_| {});
        files.map(|files| weights(&files))
    };
    let message = open(&addresses).unwrap_err().to_string();
    assert!(message.contains("no file `x-2.safetensors`"), "{message}");
    addresses.insert(address("x-2.safetensors"), vec![2; 3]);
    assert_eq!(open(&addresses).unwrap(), [1, 1, 1, 1, 1, 2, 2, 2]);
}

#[test]
fn what_is_not_read_is_named_on_the_hub_as_in_a_folder() {
    let address = |name: &str| format!("/owner/model/resolve/main/{name}");
    let with = |removed: &str, added: &str| {
        let mut addresses = model_files("owner/model");
        addresses.remove(&address(removed));
        addresses.insert(address(added), vec![0; 100]);
        let server = Server::start(addresses);
        let home = tempfile::tempdir().unwrap();
        let hub = hub(&server, home.path(), &[]);
        let error = ModelFiles::open(&model("owner/model"), &hub, &mut |_| {}).unwrap_err();
        // It is not fetched to find out.
        let fetched = home.path().join("hub/models--owner--model/snapshots");
        assert!(!fetched.join(COMMIT).join(added).exists());
        error.to_string()
    };
    let message = with("model.safetensors", "pytorch_model.bin");
    assert!(
        message.contains("`owner/model`") && message.contains("save_pretrained"),
        "{message}"
    );
    let message = with("vocab.txt", "sentencepiece.bpe.model");
    assert!(
        message.contains("SentencePiece") && message.contains("tokenizer.json"),
        "{message}"
    );
}

#[test]
fn an_old_name_leads_to_the_new_one() {
    let server = Server::start(model_files("owner/model"));
    let home = tempfile::tempdir().unwrap();
    let hub = hub(&server, home.path(), &[]);
    let files = ModelFiles::open(&model("plain-name"), &hub, &mut |_| {}).unwrap();
    assert_eq!(files.config, b"{}");
}

#[test]
fn a_partial_download_goes_on_where_it_stopped() {
    let server = Server::start(model_files("hashed/model"));
    let home = tempfile::tempdir().unwrap();
    let blobs = home.path().join("hub/models--hashed--model/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let digest = hexadecimal(&Sha256::digest(vec![7; WEIGHT_BYTES]));
    let part = blobs.join(format!("{digest}.incomplete"));
    std::fs::write(part, vec![7; WEIGHT_BYTES / 2]).unwrap();
    let hub = hub(&server, home.path(), &[]);
    let mut first = None;
    let repository = Repository::model("hashed/model", "main");
    let path = hub
        .file(&repository, "model.safetensors", &mut |report| {
            if report.done_bytes > 0 {
                first.get_or_insert(report.done_bytes);
            }
        })
        .unwrap();
    assert_eq!(std::fs::read(path).unwrap(), vec![7; WEIGHT_BYTES]);
    assert!(first.unwrap() >= WEIGHT_BYTES as u64 / 2);
}

#[test]
fn a_spoilt_partial_download_begins_again() {
    let server = Server::start(model_files("hashed/model"));
    let home = tempfile::tempdir().unwrap();
    let blobs = home.path().join("hub/models--hashed--model/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let content = vec![7; WEIGHT_BYTES];
    let digest = hexadecimal(&Sha256::digest(&content));
    std::fs::write(blobs.join(format!("{digest}.incomplete")), vec![8; 1000]).unwrap();
    let hub = hub(&server, home.path(), &[]);
    let repository = Repository::model("hashed/model", "main");
    let path = hub.file(&repository, "model.safetensors", &mut |_| {});
    assert_eq!(std::fs::read(path.unwrap()).unwrap(), content);
}

#[test]
fn a_broken_connection_is_taken_up_again() {
    let server = Server::start(model_files("flaky/model"));
    let home = tempfile::tempdir().unwrap();
    let hub = hub(&server, home.path(), &[]);
    let repository = Repository::model("flaky/model", "main");
    let mut last = 0;
    let path = hub
        .file(&repository, "model.safetensors", &mut |report| {
            last = report.done_bytes;
        })
        .unwrap();
    assert_eq!(std::fs::read(path).unwrap(), vec![7; WEIGHT_BYTES]);
    assert_eq!(last, WEIGHT_BYTES as u64);
}

#[test]
fn what_is_missing_is_named() {
    let mut files = model_files("owner/model");
    files.remove("/owner/model/resolve/main/model.safetensors");
    files.extend(model_files("owner/bare"));
    files.remove("/owner/bare/resolve/main/vocab.txt");
    let server = Server::start(files);
    let home = tempfile::tempdir().unwrap();
    let online = hub(&server, home.path(), &[]);
    let problem = |id: &str, hub: &Hub| {
        let error = ModelFiles::open(&model(id), hub, &mut |_| {}).unwrap_err();
        error.to_string()
    };
    let weights = problem("owner/model", &online);
    assert!(weights.contains("`owner/model`") && weights.contains("`model.safetensors`"));
    assert!(problem("owner/bare", &online).contains("`tokenizer.json`"));
    assert!(problem("owner/none", &online).contains("`config.json`"));

    let offline = hub(&server, home.path(), &[("HF_HUB_OFFLINE", "1")]);
    let text = problem("owner/other", &offline);
    for part in [
        "owner/other",
        "config.json",
        "HF_HUB_OFFLINE",
        home.path().to_str().unwrap(),
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    let text = problem("owner/model", &offline);
    assert!(text.contains("model.safetensors"), "{text}");
}

#[test]
fn a_token_opens_what_is_private_and_is_never_shown() {
    let server = Server::start(model_files("private/model"));
    let home = tempfile::tempdir().unwrap();
    let open = |more: &[(&str, &str)]| {
        let hub = hub(&server, home.path(), more);
        ModelFiles::open(&model("private/model"), &hub, &mut |_| {})
    };
    for (token, with_token) in [("", false), ("hf_a_wrong_one", true)] {
        let error = open(&[("HF_TOKEN", token)]).unwrap_err();
        let text = format!("{error} {error:?}");
        let SourceError::Hub(error) = error else {
            panic!("{text}");
        };
        let HubErrorKind::Refused {
            status,
            with_token: shown,
            ..
        } = error.kind
        else {
            panic!("{text}");
        };
        assert_eq!((status, shown), (401, with_token));
        assert!(
            text.contains("HF_TOKEN") && !text.contains("hf_a_wrong_one"),
            "{text}"
        );
    }
    // As `hf auth login` leaves it.
    std::fs::write(home.path().join("token"), format!("{TOKEN}\n")).unwrap();
    assert!(open(&[]).is_ok());
}

#[test]
fn an_unreachable_hub_is_an_error_that_says_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://user:secret@{}", listener.local_addr().unwrap());
    drop(listener);
    let home = tempfile::tempdir().unwrap();
    let server = Server::nobody(endpoint);
    let hub = hub(&server, home.path(), &[]);
    let error = ModelFiles::open(&model("owner/model"), &hub, &mut |_| {}).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("HF_ENDPOINT") && text.contains("127.0.0.1"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

/// Rows of RTE as a Parquet file.
fn parquet(rows: usize) -> Vec<u8> {
    let schema = "message schema { REQUIRED BYTE_ARRAY sentence1 (UTF8); REQUIRED BYTE_ARRAY sentence2 (UTF8); REQUIRED INT64 label; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut content = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut content, schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for name in ["premise", "hypothesis"] {
        let texts: Vec<ByteArray> = (0..rows)
            .map(|row| ByteArray::from(format!("{name} {row} of {rows}").into_bytes()))
            .collect();
        let mut column = group.next_column().unwrap().unwrap();
        column
            .typed::<ByteArrayType>()
            .write_batch(&texts, None, None)
            .unwrap();
        column.close().unwrap();
    }
    let labels: Vec<i64> = (0..rows as i64).map(|row| row % 2).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<Int64Type>()
        .write_batch(&labels, None, None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    content
}

#[test]
fn a_task_is_downloaded_once_and_then_used_offline() {
    let file = |split: &str| {
        format!("/datasets/nyu-mll/glue/resolve/main/rte/{split}-00000-of-00001.parquet")
    };
    let server = Server::start(HashMap::from([
        (file("train"), parquet(8)),
        (file("validation"), parquet(3)),
    ]));
    let home = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    let online = hub(&server, home.path(), &[]);
    let dataset = load(&known("rte"), 1, &online, &mut |report| seen.push(report)).unwrap();
    assert_eq!((dataset.train.len(), dataset.validation.len()), (8, 3));
    assert_eq!(dataset.train[1].text, "premise 1 of 8");
    assert!(
        seen.iter()
            .any(|report| report.repository == "nyu-mll/glue")
    );
    assert!(
        home.path()
            .join("hub/datasets--nyu-mll--glue/refs/main")
            .is_file()
    );

    let offline = hub(&server, home.path(), &[("HF_HUB_OFFLINE", "1")]);
    let again = load(&known("rte"), 1, &offline, &mut |_| {}).unwrap();
    assert_eq!(again.train, dataset.train);
    let error = load(&known("mrpc"), 1, &offline, &mut |_| {}).unwrap_err();
    assert!(matches!(error, TaskError::Hub(_)));
    assert!(error.to_string().contains("mrpc/train"), "{error}");
}
