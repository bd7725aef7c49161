//! What a hub, or whoever stands between, may answer: the token stays with the endpoint's own origin, nothing leaves the
//! cache, and every message says what was unlike a hub.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use autopeft::hub::{Hub, HubError, HubSettings, Repository};
use insta::assert_snapshot;

use crate::support::hostile_hub::{HostileHub, head, send};
use crate::support::hub_server::{COMMIT, NEXT, TOKEN};

/// The hub at an endpoint, asked with a token.
pub(crate) fn hub(endpoint: &str, home: &Path, more: &[(&str, &str)]) -> Hub {
    let mut variables = HashMap::from([
        ("HF_HOME", home.to_str().unwrap().to_owned()),
        ("HF_ENDPOINT", endpoint.to_owned()),
        ("HF_TOKEN", TOKEN.to_owned()),
    ]);
    variables.extend(more.iter().map(|&(name, value)| (name, value.to_owned())));
    Hub::new(HubSettings::from_variables(|name| {
        variables.get(name).cloned()
    }))
}

/// The configuration of a model at a branch.
pub(crate) fn config(hub: &Hub) -> Result<PathBuf, HubError> {
    let repository = Repository::model("owner/model", "main");
    hub.file(&repository, "config.json", &mut |_| {})
}

/// Every file and link below a folder, but not the cache's own.
fn strays(home: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found.retain(|path| !path.starts_with(home.join("hf/hub")));
    found
}

/// Why a hub's answers are not taken: the same words at the first request, and at that for the file at a commit.
fn refusal(server: &HostileHub) -> String {
    let home = tempfile::tempdir().unwrap();
    let inner = home.path().join("hf");
    let hub = hub(&server.endpoint, &inner, &[]);
    let message = config(&hub).unwrap_err().to_string();
    assert!(!message.contains(TOKEN), "{message}");
    let commit = Repository::model("owner/model", COMMIT);
    let optional = hub.file_if_there(&commit, "config.json", &mut |_| {});
    assert!(
        optional.is_err(),
        "it is not taken for absent: {optional:?}"
    );
    assert_eq!(strays(home.path()), [] as [PathBuf; 0]);
    message.replace(&server.endpoint, "ENDPOINT")
}

/// A place to which hubs redirect, and what it sends.
fn elsewhere(status: &'static str) -> HostileHub {
    HostileHub::start(move |_, stream| {
        send(stream, head(status, &[]).as_bytes());
        send(stream, b"{}");
    })
}

/// A hub that redirects what is asked for the first time, to a place that depends on it.
fn redirecting(location: impl Fn(&str) -> String + Send + Sync + 'static) -> HostileHub {
    HostileHub::start(move |request, stream| {
        if request.path.starts_with("/own/") {
            send(stream, head("200 OK", &[]).as_bytes());
            if request.method == "GET" {
                send(stream, b"{}");
            }
            return;
        }
        let location = location(&request.path);
        let headers = [
            ("X-Linked-Etag", "\"content\""),
            ("X-Linked-Size", "2"),
            ("Content-Length", "0"),
            ("Location", &location),
        ];
        send(stream, head("302 Found", &headers).as_bytes());
    })
}

#[test]
fn the_token_goes_to_the_endpoint_s_own_origin_alone() {
    let bearer = format!("Bearer {TOKEN}");
    let cdn = elsewhere("200 OK");
    let port = cdn.endpoint.rsplit_once(':').unwrap().1.to_owned();
    // Another port of the same host is another origin, and so is another name of it.
    for place in [
        format!("{}/x?X-Amz-Signature=s", cdn.endpoint),
        format!("http://localhost:{port}/x"),
        format!("//127.0.0.1:{port}/x"),
        format!("http://user:word@127.0.0.1:{port}/x"),
    ] {
        let asked = cdn.requests().len();
        let server = redirecting(move |_| place.clone());
        let home = tempfile::tempdir().unwrap();
        let path = config(&hub(&server.endpoint, home.path(), &[])).unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"{}");
        for request in server.requests() {
            assert_eq!(request.header("authorization"), Some(&*bearer));
        }
        let sent = &cdn.requests()[asked..];
        assert_eq!(sent.len(), 1, "only the content is asked for there");
        for (name, value) in &sent[0].headers {
            let secret = name == "authorization" || value.contains(TOKEN);
            assert!(!secret, "{name}: {value}");
        }
    }
    // Within the origin it goes along.
    let server = redirecting(|path| format!("/own{path}"));
    let home = tempfile::tempdir().unwrap();
    config(&hub(&server.endpoint, home.path(), &[])).unwrap();
    let requests = server.requests();
    assert!(
        requests
            .iter()
            .any(|request| request.path.starts_with("/own/"))
    );
    for request in requests {
        assert_eq!(request.header("authorization"), Some(&*bearer));
    }
}

#[test]
fn the_endpoint_s_own_password_stays_there_too() {
    let cdn = elsewhere("200 OK");
    let place = format!("{}/x", cdn.endpoint);
    let server = redirecting(move |_| place.clone());
    let with_login = server.endpoint.replace("http://", "http://me:word@");
    let home = tempfile::tempdir().unwrap();
    config(&hub(&with_login, home.path(), &[])).unwrap();
    for request in server.requests() {
        // me:word; as in Python it goes before the token.
        assert_eq!(request.header("authorization"), Some("Basic bWU6d29yZA=="));
    }
    assert_eq!(cdn.requests()[0].header("authorization"), None);
}

#[test]
fn redirects_that_lead_nowhere_are_told_without_their_address() {
    let to = |location: &'static str| refusal(&redirecting(move |_| location.to_owned()));
    assert_snapshot!(to("file:///etc/passwd?SIGNATURE"), @"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: it answers with a redirect (HTTP 302) that is not followed: it is no address; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    assert_snapshot!(to("?SIGNATURE"), @"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: it redirects more than 10 times in a row; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    assert_snapshot!(to(""), @"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: it answers with a redirect (HTTP 302) that is not followed: it says not where to; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    let refused = elsewhere("403 Forbidden");
    let place = format!("{}/x?X-Amz-Signature=SIGNATURE", refused.endpoint);
    let message = refusal(&redirecting(move |_| place.clone()));
    assert_snapshot!(message.replace(&refused.endpoint, "ELSEWHERE"), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: it leads to ELSEWHERE, which refuses (HTTP 403); check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
}

#[test]
fn what_no_hub_answers_is_told() {
    let with = |header: &str, value: &str| refusal(&HostileHub::with(&[(header, value)], "{}"));
    assert_snapshot!(with("X-Repo-Commit", "../../../../escaped"), @r#"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: its answer has the X-Repo-Commit "../../../../escaped", but that of a hub consists of the 40 or 64 hexadecimal digits of a commit; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)"#);
    assert_snapshot!(with("X-Repo-Commit", ""), @"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: its answer has no X-Repo-Commit, as that of a hub has; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    assert_snapshot!(with("X-Repo-Commit", &"g".repeat(40_000)), @r#"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: its answer has the X-Repo-Commit "gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg"..., but that of a hub consists of the 40 or 64 hexadecimal digits of a commit; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)"#);
    assert_snapshot!(with("ETag", "\"../../../../../escaped\""), @r#"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: its answer has the ETag "../../../../../escaped", but that of a hub consists of letters, digits, `-`, `_` and `.`, 200 at most; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)"#);
    assert_snapshot!(with("ETag", "W/\"\""), @r#"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: its answer has the ETag "", but that of a hub consists of letters, digits, `-`, `_` and `.`, 200 at most; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)"#);
    assert_snapshot!(with("ETag", ""), @"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: its answer has no ETag, as that of a hub has; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    assert_snapshot!(with("ETag", &"a".repeat(500_000)), @"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: the head of its answer is too large; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    assert_snapshot!(with("X-Linked-Etag", "\"a/b\""), @r#"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: its answer has the ETag "a/b", but that of a hub consists of letters, digits, `-`, `_` and `.`, 200 at most; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)"#);
    let raw = |text: &'static [u8]| {
        refusal(&HostileHub::start(move |_, stream| {
            send(stream, text);
        }))
    };
    assert_snapshot!(raw(b"SSH-2.0-OpenSSH_9.6\r\n"), @"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: what it answers is no HTTP; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    assert_snapshot!(raw(b"HTTP/1.1 204 No Content\r\n\r\n"), @"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: its answer has no X-Repo-Commit, as that of a hub has; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    assert_snapshot!(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), @"model `owner/model`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: what it answers is no HTTP; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
}

#[test]
fn lengths_that_are_no_lengths_are_told() {
    let with =
        |length: &str, body: &str| refusal(&HostileHub::with(&[("Content-Length", length)], body));
    // Gigabytes where a few lines are expected; more than any disk has.
    assert_snapshot!(with("5000000000", "{}"), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: it announces 5000000000 bytes, but no file of this kind has more than 256 MiB; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    let endless = |headers: &'static [(&str, &str)]| {
        refusal(&HostileHub::start(move |request, stream| {
            send(stream, head("200 OK", headers).as_bytes());
            let piece = format!("10000\r\n{}\r\n", " ".repeat(1 << 16));
            while request.method == "GET" && send(stream, piece.as_bytes()) {}
        }))
    };
    const CHUNKED: (&str, &str) = ("Transfer-Encoding", "chunked");
    assert_snapshot!(endless(&[("Content-Length", ""), CHUNKED]), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: it does not say how long the file is; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    assert_snapshot!(endless(&[("Content-Length", ""), ("X-Linked-Size", "70000"), CHUNKED]), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: more comes than the 70000 bytes that it announced; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    assert_snapshot!(endless(&[("X-Linked-Size", "1")]), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: it announces 1 bytes and sends 2; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    let home = tempfile::tempdir().unwrap();
    let vast = HostileHub::with(&[("Content-Length", "9000000000000000000")], "");
    let repository = Repository::model("owner/model", "main");
    let fetched =
        hub(&vast.endpoint, home.path(), &[]).file(&repository, "model.safetensors", &mut |_| {});
    let message = fetched.unwrap_err().to_string();
    let words = "9000000000000000000 bytes more are needed in";
    assert!(
        message.contains(words) && message.contains("make room"),
        "{message}"
    );
}

#[test]
fn content_that_is_not_what_its_name_says_is_not_kept() {
    let digest = "0".repeat(64);
    let message = refusal(&HostileHub::with(
        &[("ETag", &format!("\"{digest}\""))],
        "{}",
    ));
    assert_snapshot!(message, @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: what came is not what it announced: its hash differs; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
    let home = tempfile::tempdir().unwrap();
    let other = HostileHub::with(&[("X-Repo-Commit", NEXT)], "{}");
    let hub = hub(&other.endpoint, home.path(), &[]);
    let commit = Repository::model("owner/model", COMMIT);
    let message = hub.file(&commit, "config.json", &mut |_| {}).unwrap_err();
    assert_snapshot!(message.to_string().replace(&other.endpoint, "ENDPOINT"), @"model `owner/model` at `0123456789abcdef0123456789abcdef01234567`: `config.json` could not be downloaded: ENDPOINT does not answer as a hub does: asked for the commit 0123456789abcdef0123456789abcdef01234567, it answers with fedcba9876543210fedcba9876543210fedcba98; check HF_ENDPOINT, and what stands between (a proxy, a log-in page)");
}

#[test]
fn names_that_are_none_ask_for_nothing() {
    let server = HostileHub::with(&[], "{}");
    let home = tempfile::tempdir().unwrap();
    let hub = hub(&server.endpoint, home.path(), &[]);
    let ask = |id: &str, revision: &str, file: &str| {
        let repository = Repository::model(id, revision);
        let message = hub.file(&repository, file, &mut |_| {}).unwrap_err();
        assert!(hub.file_if_there(&repository, file, &mut |_| {}).is_err());
        assert!(hub.holds(&repository, file).is_err());
        message.to_string()
    };
    assert_snapshot!(ask("../../x", "main", "f"), @r#"model `../../x`: "../../x" is no id of a repository on the hub: it is NAME or OWNER/NAME, with one slash at most"#);
    assert_snapshot!(ask("x@evil:9/y", "main", "f"), @r#"model `x@evil:9/y`: "x@evil:9/y" is no id of a repository on the hub: it consists of the letters a to z and A to Z, digits, `-`, `_` and `.`"#);
    assert_snapshot!(ask("owner/model", "main?x=1#", "f"), @r#"model `owner/model` at `main?x=1#`: "main?x=1#" is no revision on the hub: it consists of the letters a to z and A to Z, digits, `-`, `_`, `.`, `+` and `/`"#);
    assert_snapshot!(ask("owner/model", "../../etc", "f"), @r#"model `owner/model` at `../../etc`: "../../etc" is no revision on the hub: `..` does not occur in it"#);
    assert_snapshot!(ask("owner/model", "main", "../../../etc/passwd"), @r#"model `owner/model`: "../../../etc/passwd" is no file on the hub: it leads out of the repository, or to no file"#);
    assert_snapshot!(ask("owner/model", "main", "a\0b"), @r#"model `owner/model`: "a\0b" is no file on the hub: it holds a backslash or a control character"#);
    assert_eq!(server.requests().len(), 0);
    assert!(!home.path().join("hub").exists());
}

#[test]
fn settings_that_are_none_are_told_without_their_secrets() {
    let server = HostileHub::with(&[], "{}");
    let home = tempfile::tempdir().unwrap();
    let message = |name: &str, value: &str| {
        let hub = hub(&server.endpoint, home.path(), &[(name, value)]);
        config(&hub).unwrap_err().to_string()
    };
    assert_snapshot!(message("HF_ENDPOINT", "huggingface.co"), @"model `owner/model`: HF_ENDPOINT (huggingface.co) is no address of a hub: it begins neither with https:// nor with http://; it looks like https://huggingface.co");
    assert_snapshot!(message("HF_ENDPOINT", "ftp://me:word@hub.example/x"), @"model `owner/model`: HF_ENDPOINT (ftp://hub.example/x) is no address of a hub: it begins neither with https:// nor with http://; it looks like https://huggingface.co");
    assert_snapshot!(message("HF_ENDPOINT", "https://hub.example/?token=word"), @"model `owner/model`: HF_ENDPOINT (https://hub.example/) is no address of a hub: it has a query or a fragment (a `?` or a `#`), which no address of a hub has; it looks like https://huggingface.co");
    assert_snapshot!(message("HF_ENDPOINT", "https://me:wo/rd@hub.example"), @"model `owner/model`: HF_ENDPOINT (https://hub.example) is no address of a hub: what stands behind its host is no port; it looks like https://huggingface.co");
    assert_snapshot!(message("HF_TOKEN", "hf_a\u{7f}b"), @"model `owner/model`: the token in use (from HF_TOKEN or the token file) has a character that no token has, the 5.; set HF_TOKEN to a token of the hub, or log in anew with `hf auth login`");
    assert_snapshot!(message("HF_TOKEN", &"a".repeat(10_000)), @"model `owner/model`: the token in use (from HF_TOKEN or the token file) has more than 4096 characters; set HF_TOKEN to a token of the hub, or log in anew with `hf auth login`");
    assert_eq!(server.requests().len(), 0);
    // A line break is none, as in Python.
    config(&hub(
        &server.endpoint,
        home.path(),
        &[("HF_TOKEN", "hf_\r\nx\n")],
    ))
    .unwrap();
    let requests = server.requests();
    assert_eq!(requests[0].header("authorization"), Some("Bearer hf_x"));
}
