//! Requests to the hub, and why they fail.

use std::sync::{MutexGuard, PoisonError};

use super::client::{Client, Patience};
use super::fault::Fault;
use super::{Hub, HubError, HubErrorKind, Repository};

/// What the requests so far say about the hub.
#[derive(Clone, Debug)]
pub(super) enum Contact {
    /// There was none.
    Untried,
    /// It has answered.
    Made,
    /// It has never answered, for this reason: what may be absent is taken from the cache alone.
    None(String),
}

impl Hub {
    /// For people: that the hub was asked, could not be reached, and the cache was used without it.
    pub fn caution(&self) -> Option<String> {
        match &*self.contact() {
            Contact::None(reason) => Some(format!(
                "{} could not be reached ({reason}): files in the cache {} are used, and what is not there counts as absent",
                self.settings.shown_endpoint(),
                self.settings.cache.display()
            )),
            Contact::Untried | Contact::Made => None,
        }
    }

    fn contact(&self) -> MutexGuard<'_, Contact> {
        self.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_out_of_reach(&self) -> bool {
        matches!(*self.contact(), Contact::None(_))
    }

    /// Asks the hub, and keeps whether it answered.
    pub(super) fn ask<T>(
        &self,
        request: impl FnOnce(&Client) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let client = self.client.get_or_init(|| {
            let settings = self.settings.checked()?;
            Client::new(settings, Patience::USUAL)
        });
        let client = client.as_ref();
        let asked = client
            .map_err(|problem| Fault::Settings(problem.clone()))
            .and_then(request);
        let mut contact = self.contact();
        match &asked {
            Err(Fault::Unanswered(reason)) if !matches!(*contact, Contact::Made) => {
                *contact = Contact::None(self.without_token(reason));
            }
            Err(Fault::Unanswered(_) | Fault::Settings(_) | Fault::Cache(_)) => {}
            Ok(_) | Err(Fault::Status(_) | Fault::Answer(_)) => *contact = Contact::Made,
        }
        asked
    }

    pub(super) fn error(&self, repository: &Repository, file: &str, fault: Fault) -> HubError {
        let endpoint = self.settings.shown_endpoint();
        let kind = match fault {
            Fault::Status(404) => HubErrorKind::Missing { endpoint },
            Fault::Status(status @ (401 | 403)) => HubErrorKind::Refused {
                endpoint,
                status,
                with_token: self.settings.token.is_some(),
            },
            Fault::Status(status) => HubErrorKind::Failed {
                endpoint,
                reason: format!("HTTP {status}"),
            },
            Fault::Unanswered(reason) => HubErrorKind::Failed {
                endpoint,
                reason: self.without_token(&reason),
            },
            Fault::Answer(reason) => HubErrorKind::Unlike {
                endpoint,
                reason: self.without_token(&reason),
            },
            Fault::Settings(problem) => HubErrorKind::Settings { problem },
            Fault::Cache(problem) => HubErrorKind::Cache { problem },
        };
        HubError::new(repository, file, kind)
    }

    /// What others answered may repeat the token.
    fn without_token(&self, reason: &str) -> String {
        match &self.settings.token {
            Some(token) => reason.replace(token.secret(), "(token)"),
            None => reason.to_owned(),
        }
    }
}
