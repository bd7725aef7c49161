//! A hub that answers whatever a test says, byte for byte.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::hub_server::COMMIT;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// By their names in small letters.
    pub(crate) headers: HashMap<String, String>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// A server until the process ends.
pub(crate) struct HostileHub {
    pub(crate) endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl HostileHub {
    /// Every connection brings one request, which `answer` answers; then it is closed.
    pub(crate) fn start(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (log, answer) = (Arc::clone(&requests), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    if let Some(request) = read(&stream) {
                        log.lock().unwrap().push(request.clone());
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        Self { endpoint, requests }
    }

    /// As [`HostileHub::start`], with a text that is sent to everybody: after the status line and the headers of a hub,
    /// of which `headers` replace those of the same name, for `HEAD` and `GET` alike.
    pub(crate) fn with(headers: &[(&str, &str)], body: &str) -> Self {
        let head = head("200 OK", headers);
        let body = body.to_owned();
        Self::start(move |request, stream| {
            send(stream, head.as_bytes());
            if request.method == "GET" {
                send(stream, body.as_bytes());
            }
        })
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// The head of an answer with the headers of a hub, of which `headers` replace those of the same name; an empty one
/// leaves it out.
pub(crate) fn head(status: &str, headers: &[(&str, &str)]) -> String {
    let mut all = vec![
        ("X-Repo-Commit", COMMIT),
        ("ETag", "\"content\""),
        ("Content-Length", "2"),
        ("Connection", "close"),
    ];
    all.retain(|(name, _)| !headers.iter().any(|(other, _)| name == other));
    all.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
    let lines = all
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    format!("HTTP/1.1 {status}\r\n{}\r\n", lines.collect::<String>())
}

/// A client may hang up; that is its own affair.
pub(crate) fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).is_ok()
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ').map(str::to_owned);
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        });
    Some(Request {
        method: words.next()?,
        path: words.next()?,
        headers: headers.collect(),
    })
}
