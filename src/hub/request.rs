//! Requests to the hub, and why they fail.

use std::sync::{MutexGuard, PoisonError};

use hf_hub::Cache;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError};

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
        request: impl FnOnce(&Api) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let asked = self.api().and_then(|api| request(&api));
        let mut contact = self.contact();
        match &asked {
            Err(error) if is_unanswered(error) => {
                if !matches!(*contact, Contact::Made) {
                    *contact = Contact::None(self.reason(error));
                }
            }
            Err(error) if status(error).is_none() => {}
            _ => *contact = Contact::Made,
        }
        asked
    }

    /// It has answered, whatever became of the answer.
    pub(super) fn answered(&self) {
        *self.contact() = Contact::Made;
    }

    fn api(&self) -> Result<Api, ApiError> {
        // The cache's own token file is not asked: the settings have already read the right one.
        ApiBuilder::from_cache(Cache::new(self.settings.cache.clone()))
            .with_endpoint(self.settings.endpoint.clone())
            .with_token(
                self.settings
                    .token
                    .as_ref()
                    .map(|token| token.secret().to_owned()),
            )
            .with_progress(false)
            .with_retries(2)
            .build()
    }

    pub(super) fn error(&self, repository: &Repository, file: &str, error: ApiError) -> HubError {
        let endpoint = self.settings.shown_endpoint();
        let kind = match status(&error) {
            Some(404) => HubErrorKind::Missing { endpoint },
            Some(status @ (401 | 403)) => HubErrorKind::Refused {
                endpoint,
                status,
                with_token: self.settings.token.is_some(),
            },
            _ => HubErrorKind::Failed {
                endpoint,
                reason: self.reason(&error),
            },
        };
        HubError {
            repository: repository.to_string(),
            file: file.to_owned(),
            kind,
        }
    }

    /// The cause in words, without the token.
    fn reason(&self, error: &ApiError) -> String {
        let reason = match error {
            ApiError::InvalidResume => format!(
                "an earlier, partial download in {} is damaged; delete its `.part` files",
                self.settings.cache.display()
            ),
            ApiError::LockAcquisition(path) => format!(
                "another program is downloading it (it holds {})",
                path.display()
            ),
            other => other.to_string(),
        };
        match &self.settings.token {
            Some(token) => reason.replace(token.secret(), "(token)"),
            None => reason,
        }
    }
}

/// Whether a request got no answer from the hub, or only that the hub is down.
fn is_unanswered(error: &ApiError) -> bool {
    match error {
        ApiError::RequestError(_) => status(error).is_none_or(|status| status >= 500),
        ApiError::TooManyRetries(error) => is_unanswered(error),
        _ => false,
    }
}

/// The HTTP status by which a request failed.
pub(super) fn status(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::RequestError(error) => match **error {
            ureq::Error::StatusCode(status) => Some(status),
            _ => None,
        },
        ApiError::TooManyRetries(error) => status(error),
        _ => None,
    }
}
