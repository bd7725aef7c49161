//! Requests to the hub.
//!
//! Redirects are followed here, one by one, because of what goes with each request: the token goes to the endpoint's own
//! origin alone, and no encrypted address leads to one that is not. Every wait has an end; nothing is taken compressed.

use std::time::Duration;

use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::{Agent, Body};

use super::endpoint::{Address, Endpoint};
use super::fault::{Fault, fault, unlike};
use super::{HubSettings, Repository, RepositoryKind};
use super::{name, proxy};
use crate::threads;

/// More redirects in a row lead nowhere.
const MOST_REDIRECTS: usize = 10;

/// See [`Patience::span`].
pub(super) const LEAST_BYTES: u64 = 32 << 10;

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the address of a host, and for a connection to it.
    pub(super) connection: Duration,
    /// For an answer to begin, and for more of it to come.
    pub(super) answer: Duration,
    /// In this time a download brings [`LEAST_BYTES`], or has come to a halt.
    pub(super) span: Duration,
}

impl Patience {
    pub(super) const USUAL: Self = Self {
        connection: Duration::from_secs(15),
        answer: Duration::from_secs(30),
        span: Duration::from_secs(60),
    };
}

/// What the hub says of a file, before it is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    /// The commit that it is of.
    pub(super) commit: String,
    /// By which its content is known: the name of its blob.
    pub(super) etag: String,
    /// Its length in bytes, where the hub says it.
    pub(super) bytes: Option<u64>,
}

/// The beginning of a file's content, or of the rest of it.
pub(super) struct Content {
    /// Where in the file it begins.
    pub(super) start: u64,
    /// The length of the whole file, where it is said.
    pub(super) bytes: Option<u64>,
    pub(super) body: Body,
}

/// Asks the hub.
pub(super) struct Client {
    agent: Agent,
    pub(super) patience: Patience,
    endpoint: Endpoint,
    /// The header that shows who asks.
    authorization: Option<String>,
}

impl Client {
    /// # Errors
    /// Why no request can be made with these settings.
    pub(super) fn new(settings: &HubSettings, patience: Patience) -> Result<Self, String> {
        let endpoint = Endpoint::parse(&settings.endpoint);
        let endpoint = endpoint.map_err(|fault| {
            format!(
                "HF_ENDPOINT ({}) is no address of a hub: {fault}; it looks like https://huggingface.co",
                settings.shown_endpoint()
            )
        })?;
        if let Some(fault) = proxy::fault() {
            return Err(fault);
        }
        let token = settings.token.as_ref().filter(|_| !endpoint.has_login());
        let authorization = token.map(|token| token.header()).transpose()?;
        let config = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("autopeft-tui/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(patience.connection))
            .timeout_connect(Some(patience.connection))
            .timeout_send_request(Some(patience.answer))
            .timeout_recv_response(Some(patience.answer))
            .timeout_per_read(Some(patience.answer))
            .build();
        Ok(Self {
            agent: config.into(),
            patience,
            endpoint,
            authorization,
        })
    }

    /// What the hub says of a file.
    ///
    /// # Errors
    /// It has none, or does not say.
    pub(super) fn about(&self, repository: &Repository, file: &str) -> Result<About, Fault> {
        let answer = self.send(self.address(repository, file), Ask::About)?;
        let headers = answer.headers();
        let text = |name: &str| {
            let value = headers.get(name)?;
            Some(value.to_str().unwrap_or_default())
        };
        let missing =
            |what: &str| Fault::Answer(format!("its answer has no {what}, as that of a hub has"));
        let commit = text("x-repo-commit").ok_or_else(|| missing("X-Repo-Commit"))?;
        if !name::is_commit(commit) {
            return Err(unlike(
                "X-Repo-Commit",
                commit,
                "the 40 or 64 hexadecimal digits of a commit",
            ));
        }
        let etag = text("x-linked-etag").or_else(|| text("etag"));
        let etag = etag.ok_or_else(|| missing("ETag"))?;
        let bare = etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"');
        if !name::is_blob(bare) {
            return Err(unlike(
                "ETag",
                bare,
                "letters, digits, `-`, `_` and `.`, 200 at most",
            ));
        }
        let length = || match answer.status() {
            StatusCode::PARTIAL_CONTENT => {
                text("content-range")?.rsplit_once('/').map(|(_, all)| all)
            }
            StatusCode::OK => text("content-length"),
            _ => None,
        };
        Ok(About {
            commit: commit.to_owned(),
            etag: bare.to_owned(),
            bytes: text("x-linked-size")
                .or_else(length)
                .and_then(|text| text.parse().ok()),
        })
    }

    /// A file's content from a byte on, or from its beginning where the hub has it so.
    ///
    /// # Errors
    /// It does not come.
    pub(super) fn content(
        &self,
        at: &Repository,
        file: &str,
        start: u64,
    ) -> Result<Content, Fault> {
        let answer = self.send(self.address(at, file), Ask::Content(start))?;
        if let Some(encoding) = answer.headers().get(header::CONTENT_ENCODING)
            && encoding != "identity"
        {
            let reason = "it comes compressed, which was not asked for";
            return Err(Fault::Answer(reason.to_owned()));
        }
        let (start, bytes) = match answer.status() {
            StatusCode::OK => (0, number(answer.headers(), header::CONTENT_LENGTH.as_str())),
            StatusCode::PARTIAL_CONTENT => {
                let range = answer.headers().get(header::CONTENT_RANGE);
                let range = range.and_then(|range| part(range.to_str().ok()?));
                let reason = "it sends another part than was asked for";
                let range = range.filter(|(from, _)| *from == start);
                range.ok_or_else(|| Fault::Answer(reason.to_owned()))?
            }
            status => return Err(Fault::Answer(format!("its answer has the status {status}"))),
        };
        Ok(Content {
            start,
            bytes,
            body: answer.into_body(),
        })
    }

    fn address(&self, repository: &Repository, file: &str) -> Address {
        let kind = match repository.kind {
            RepositoryKind::Model => "",
            RepositoryKind::Dataset => "datasets/",
        };
        self.endpoint.at(&format!(
            "/{kind}{}/resolve/{}/{}",
            name::encoded(&repository.id, true),
            name::encoded(&repository.revision, false),
            name::encoded(file, true),
        ))
    }

    /// Sends a request, and again wherever its answers redirect it to: for what is said about a file within the hub alone.
    fn send(&self, mut address: Address, ask: Ask) -> Result<Response<Body>, Fault> {
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.send_once(&address, ask)?;
            let status = answer.status();
            let own = self.endpoint.owns(&address);
            if !is_redirect(status) {
                return match status.as_u16() {
                    200..=299 => Ok(answer),
                    500.. => Err(Fault::Unanswered(format!("HTTP {}", status.as_u16()))),
                    status if own => Err(Fault::Status(status)),
                    status => {
                        let origin = address.origin.shown();
                        Err(Fault::Answer(format!(
                            "it leads to {origin}, which refuses (HTTP {status})"
                        )))
                    }
                };
            }
            let location = answer.headers().get(header::LOCATION);
            let next = location.and_then(|location| location.to_str().ok());
            let next = next
                .ok_or("it says not where to")
                .and_then(|next| address.redirected(next));
            let next = next.map_err(|fault| {
                let status = status.as_u16();
                Fault::Answer(format!(
                    "it answers with a redirect (HTTP {status}) that is not followed: {fault}"
                ))
            })?;
            if matches!(ask, Ask::About) && !self.endpoint.owns(&next) {
                return Ok(answer);
            }
            address = next;
        }
        let reason = format!("it redirects more than {MOST_REDIRECTS} times in a row");
        Err(Fault::Answer(reason))
    }

    fn send_once(&self, address: &Address, ask: Ask) -> Result<Response<Body>, Fault> {
        let whole = self.endpoint.secret(address);
        let mut request = match ask {
            Ask::About => self.agent.head(whole),
            Ask::Content(_) => self.agent.get(whole),
        };
        if let Some(authorization) = &self.authorization
            && self.endpoint.owns(address)
        {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Ask::Content(start @ 1..) = ask {
            request = request.header(header::RANGE, format!("bytes={start}-"));
        }
        // A name is looked up on a thread of its own, which the client starts whether or not there is one to be had.
        threads::reserve(1).map_err(|error| Fault::Unanswered(error.to_string()))?;
        request.call().map_err(fault)
    }
}

/// What is asked for.
#[derive(Clone, Copy)]
enum Ask {
    About,
    /// From a byte on.
    Content(u64),
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// The first byte of a `Content-Range`, and the length of the whole.
fn part(range: &str) -> Option<(u64, Option<u64>)> {
    let (part, whole) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = part.split_once('-')?;
    Some((start.parse().ok()?, whole.parse().ok()))
}
