//! A hub in this process: a small HTTP server with the hub's addresses and headers.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use sha2::{Digest, Sha256};

/// The commit of what lies under `/resolve/main/`, until the branch moves on.
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// The commit that it moves on to.
pub(crate) const NEXT: &str = "fedcba9876543210fedcba9876543210fedcba98";
pub(crate) const TOKEN: &str = "hf_only_this_one";

/// A hub that serves files until the process ends.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
    moved: Arc<AtomicBool>,
}

impl Server {
    /// Serves `files`, by their addresses. Those under `/private/` need the token; `/plain-name/` is the old name
    /// of `/owner/model/`; the connection breaks in the middle of a whole file under `/flaky/`; files under `/hashed/`
    /// are called by their SHA-256. What lies at `main` is also there at its commit.
    pub(crate) fn start(files: HashMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let files = Arc::new(files);
        let moved = Arc::new(AtomicBool::new(false));
        let (log, main_moved) = (Arc::clone(&requests), Arc::clone(&moved));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (files, log) = (Arc::clone(&files), Arc::clone(&log));
                let moved = main_moved.load(Ordering::SeqCst);
                thread::spawn(move || answer(&stream.unwrap(), &files, &log, moved));
            }
        });
        Self {
            endpoint,
            requests,
            moved,
        }
    }

    /// An address at which nobody serves anything.
    pub(crate) fn nobody(endpoint: String) -> Self {
        Self {
            endpoint,
            requests: Arc::default(),
            moved: Arc::default(),
        }
    }

    /// The branch `main` goes on to the commit [`NEXT`].
    pub(crate) fn move_main(&self) {
        self.moved.store(true, Ordering::SeqCst);
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

/// Answers one request and closes the connection.
fn answer(
    stream: &TcpStream,
    files: &HashMap<String, Vec<u8>>,
    log: &Mutex<Vec<String>>,
    moved: bool,
) {
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let Some(request) = lines.next() else {
        return;
    };
    let headers: HashMap<String, String> = lines
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_lowercase(), value.trim().to_owned())
        })
        .collect();
    let path = request.split(' ').nth(1).unwrap();
    log.lock().unwrap().push(path.to_owned());
    let reply = |status: &str, headers: &str, length: usize, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        let mut stream = stream;
        // A client may hang up; that is its own affair.
        let _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
    };
    if let Some(rest) = path.strip_prefix("/plain-name/") {
        let location = format!("Location: /owner/model/{rest}\r\n");
        return reply("307 Temporary Redirect", &location, 0, b"");
    }
    let authorised = headers.get("authorization") == Some(&format!("Bearer {TOKEN}"));
    if path.starts_with("/private/") && !authorised {
        return reply("401 Unauthorized", "", 0, b"");
    }
    let (main, first, next) = (
        "/resolve/main/",
        format!("/resolve/{COMMIT}/"),
        format!("/resolve/{NEXT}/"),
    );
    let path = match moved {
        true => path.replace(main, &next),
        false => path.to_owned(),
    };
    let commit = if path.contains(&next) { NEXT } else { COMMIT };
    let path = path.replace(&first, main);
    let Some(content) = files.get(&path) else {
        return reply("404 Not Found", "", 0, b"");
    };
    let range = headers
        .get("range")
        .and_then(|range| range.strip_prefix("bytes="));
    let (start, end) = range
        .and_then(|range| range.split_once('-'))
        .unwrap_or(("0", ""));
    let start: usize = start.parse().unwrap();
    let end = end
        .parse()
        .map_or(content.len(), |end: usize| content.len().min(end + 1));
    let etag = match path.starts_with("/hashed/") {
        true => hexadecimal(&Sha256::digest(content)),
        false => path.replace('/', "-"),
    };
    let whole = &content[start..end];
    let cut = path.starts_with("/flaky/") && start == 0 && end > 1;
    let sent = if cut {
        &whole[..whole.len() / 2]
    } else {
        whole
    };
    reply(
        "206 Partial Content",
        &format!(
            "Content-Range: bytes {start}-{}/{}\r\nETag: \"{etag}\"\r\nX-Repo-Commit: {commit}\r\n",
            end.saturating_sub(1),
            content.len()
        ),
        whole.len(),
        sent,
    );
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
