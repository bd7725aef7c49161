//! What the program makes of a hub's answer: a target of fuzzing, as in `hostile.rs`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use autopeft::hub::{Hub, HubSettings, Repository};

use super::hostile::scratch;

/// The commit that is asked for.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What everybody is answered.
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());
/// Where.
static ENDPOINT: OnceLock<Option<String>> = OnceLock::new();

/// An answer to the question whether there is a file; afterwards the connection is closed.
pub(crate) fn answer(bytes: &[u8]) {
    let Some(endpoint) = ENDPOINT.get_or_init(serve) else {
        return;
    };
    bytes.clone_into(&mut ANSWER.lock().unwrap_or_else(PoisonError::into_inner));
    let home = scratch("hub").display().to_string();
    let hub = Hub::new(HubSettings::from_variables(|name| match name {
        "HF_HOME" => Some(home.clone()),
        "HF_ENDPOINT" => Some(endpoint.clone()),
        "HF_TOKEN" => Some("hf_secret".to_owned()),
        _ => None,
    }));
    for revision in [COMMIT, "main"] {
        let repository = Repository::model("owner/model", revision);
        match hub.holds(&repository, "config.json") {
            // Only an answer about the very commit says so.
            Ok(true) => {
                assert!(revision == "main" || String::from_utf8_lossy(bytes).contains(COMMIT))
            }
            Ok(false) => {}
            Err(error) => {
                let told = error.to_string();
                assert!(!told.contains("hf_secret") && told.len() < 2000, "{told}");
            }
        }
    }
}

/// Answers every connection; none where there is no network at all.
fn serve() -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").ok()?;
    let endpoint = format!("http://{}", listener.local_addr().ok()?);
    thread::spawn(move || listener.incoming().flatten().for_each(deal));
    Some(endpoint)
}

fn deal(mut stream: TcpStream) {
    // One request, which is small.
    let mut request = [0; 4096];
    let _ = stream.read(&mut request);
    let answer = ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    // A client may hang up; that is its own affair.
    let _ = stream.write_all(&answer);
    let _ = stream.shutdown(Shutdown::Write);
}
