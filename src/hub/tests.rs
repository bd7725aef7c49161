//! Hubs that keep one waiting: every wait has an end.
#![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, Patience};
use super::download::Download;
use super::fault::Fault;
use super::{HubSettings, Repository, Shelf};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const SHORT: Patience = Patience {
    connection: Duration::from_millis(300),
    answer: Duration::from_millis(300),
    span: Duration::from_millis(300),
};

/// A server that deals with each connection, whose request has been read, in its own way.
fn server(deal: fn(bool, TcpStream)) -> HubSettings {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let lines: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let is_get = lines.first().is_some_and(|line| line.starts_with("GET"));
            thread::spawn(move || deal(is_get, stream));
        }
    });
    HubSettings::from_variables(|name| (name == "HF_ENDPOINT").then(|| endpoint.clone()))
}

fn drip(mut stream: TcpStream) {
    while stream.write_all(b"x").is_ok() {
        thread::sleep(Duration::from_millis(50));
    }
}

/// The reason why a file of a million bytes does not come.
fn fault(deal: fn(bool, TcpStream)) -> String {
    let settings = server(deal);
    let client = Client::new(&settings, SHORT).unwrap();
    let at = Repository::model("owner/model", COMMIT);
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let fetched = client.about(&at, "model.safetensors").and_then(|about| {
        let download = Download {
            client: &client,
            shelf: &Shelf::of(folder.path(), &at),
            at: &at,
            file: "model.safetensors",
            about: &about,
        };
        download.run(&mut |_| {})
    });
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    match fetched {
        Err(Fault::Unanswered(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_wait_has_an_end() {
    fn about(mut stream: &TcpStream) {
        let head = format!(
            "HTTP/1.1 200 OK\r\nX-Repo-Commit: {COMMIT}\r\nETag: \"x\"\r\nContent-Length: 1000000\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes());
    }
    let silent = fault(|_, stream| {
        thread::sleep(Duration::from_secs(2));
        drop(stream);
    });
    assert_eq!(silent, "no answer came in time");
    let endless_head = fault(|_, mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        drip(stream);
    });
    assert_eq!(endless_head, "no answer came in time");
    let stalled = fault(|is_get, stream| {
        about(&stream);
        if is_get {
            thread::sleep(Duration::from_secs(2));
        }
    });
    assert_eq!(stalled, "no answer came in time");
    let dripping = fault(|is_get, stream| {
        about(&stream);
        if is_get {
            drip(stream);
        }
    });
    assert_eq!(dripping, "less than 32768 bytes came in 300ms");
}
