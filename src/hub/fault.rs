//! Why a request comes to nothing.

use std::io;

use super::cache::Trouble;
use super::name;

/// Why a request came to nothing. No reason holds the token, nor an address with its signature.
#[derive(Debug)]
pub(super) enum Fault {
    /// The hub was not reached, broke off, or says that it is down.
    Unanswered(String),
    /// The hub's status says no.
    Status(u16),
    /// What came is no answer of a hub.
    Answer(String),
    /// What was given to reach the hub by is of no use.
    Settings(String),
    /// The cache could not be written.
    Cache(String),
}

impl From<Trouble> for Fault {
    fn from((path, error): Trouble) -> Self {
        Self::Cache(format!(
            "{}: {error}; see to it, or set HF_HOME to a folder that can be written",
            path.display()
        ))
    }
}

/// A header that is not as a hub's; its value may be anything, of any length.
pub(super) fn unlike(header: &str, value: &str, expected: &str) -> Fault {
    let value = name::shown(value);
    Fault::Answer(format!(
        "its answer has the {header} {value}, but that of a hub consists of {expected}"
    ))
}

/// Why no answer came. What others wrote is not told on: it may hold an address.
pub(super) fn fault(error: ureq::Error) -> Fault {
    use ureq::Error;
    match error {
        Error::LargeResponseHeader(..) => {
            Fault::Answer("the head of its answer is too large".to_owned())
        }
        Error::Protocol(_) | Error::Http(_) | Error::BadUri(_) => {
            Fault::Answer("what it answers is no HTTP".to_owned())
        }
        Error::Timeout(_) => Fault::Unanswered("no answer came in time".to_owned()),
        Error::HostNotFound => Fault::Unanswered("there is no such host, or no network".to_owned()),
        Error::ConnectProxyFailed(_) => {
            Fault::Unanswered("the proxy does not connect to it".to_owned())
        }
        Error::Io(error) => broken(error),
        other => Fault::Unanswered(other.to_string()),
    }
}

/// Why an answer broke off.
pub(super) fn broken(error: io::Error) -> Fault {
    match error.downcast::<ureq::Error>() {
        Ok(error) => fault(error),
        Err(error) => Fault::Unanswered(error.to_string()),
    }
}
