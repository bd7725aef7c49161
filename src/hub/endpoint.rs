//! Addresses, and who may be told a secret: only the endpoint's own origin, by scheme, host and port.

use ureq::http::Uri;

/// Scheme, host and port of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    is_https: bool,
    /// In small letters.
    host: String,
    port: u16,
}

impl Origin {
    fn of(uri: &Uri) -> Result<Self, &'static str> {
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("it begins neither with https:// nor with http://"),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or("it names no host")?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if uri.port_u16().is_none() && !authority.ends_with(host) {
            return Err("what stands behind its host is no port");
        }
        Ok(Self {
            is_https,
            host: host.to_lowercase(),
            port: uri.port_u16().unwrap_or(if is_https { 443 } else { 80 }),
        })
    }

    /// For messages and addresses.
    pub(super) fn shown(&self) -> String {
        let Self { host, port, .. } = self;
        match (self.is_https, *port) {
            (true, 443) => format!("https://{host}"),
            (false, 80) => format!("http://{host}"),
            (true, _) => format!("https://{host}:{port}"),
            (false, _) => format!("http://{host}:{port}"),
        }
    }
}

/// An address, without user name, password and fragment. It may hold a signature that opens what is private, so it is
/// never shown; its origin is.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) origin: Origin,
    /// Path and query; it begins with a slash.
    path: String,
}

impl Address {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let uri: Uri = text.parse().map_err(|_| "it is no address")?;
        Ok(Self {
            origin: Origin::of(&uri)?,
            path: uri
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
        })
    }

    /// The address that a redirect from here leads to.
    ///
    /// # Errors
    /// It leads nowhere, or from an encrypted address to one that is not.
    pub(super) fn redirected(&self, location: &str) -> Result<Self, &'static str> {
        let before = |mark: char| location.find(mark).unwrap_or(location.len());
        let has_scheme = before(':') < before('/').min(before('?')).min(before('#'));
        let folder = self.path.split('?').next().unwrap_or_default();
        let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        let origin = self.origin.shown();
        let scheme = if self.origin.is_https {
            "https"
        } else {
            "http"
        };
        let next = Self::parse(&if has_scheme {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{origin}{location}")
        } else {
            format!("{origin}{folder}/{location}")
        })?;
        if self.origin.is_https && !next.origin.is_https {
            return Err("it leads from an encrypted connection to one that is not");
        }
        Ok(next)
    }

    /// The whole address, for the request alone.
    pub(super) fn secret(&self) -> String {
        format!("{}{}", self.origin.shown(), self.path)
    }
}

/// Where the hub is.
#[derive(Clone)]
pub(super) struct Endpoint {
    address: Address,
    /// `USER:PASSWORD` of the endpoint's own address.
    login: Option<String>,
}

impl Endpoint {
    /// # Errors
    /// Why this is no address of a hub.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains(['?', '#']) {
            return Err(
                "it has a query or a fragment (a `?` or a `#`), which no address of a hub has",
            );
        }
        let uri: Uri = text.parse().map_err(|_| "it is no address")?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let login = authority
            .rsplit_once('@')
            .map(|(login, _)| login.to_owned());
        let mut address = Address::parse(text)?;
        address
            .path
            .truncate(address.path.trim_end_matches('/').len());
        Ok(Self { address, login })
    }

    /// The address of a path, which begins with a slash.
    pub(super) fn at(&self, path: &str) -> Address {
        Address {
            origin: self.address.origin.clone(),
            path: format!("{}{path}", self.address.path),
        }
    }

    /// Whether an address is the hub's own, so that it may be shown who asks.
    pub(super) fn owns(&self, address: &Address) -> bool {
        self.address.origin == address.origin
    }

    /// The whole address of a request: with the endpoint's user name and password where it is the hub's own.
    pub(super) fn secret(&self, address: &Address) -> String {
        let plain = address.secret();
        match (&self.login, plain.split_once("://")) {
            (Some(login), Some((scheme, rest))) if self.owns(address) => {
                format!("{scheme}://{login}@{rest}")
            }
            _ => plain,
        }
    }

    /// Whether the endpoint has a user name and a password of its own, which are then shown instead of a token.
    pub(super) fn has_login(&self) -> bool {
        self.login.is_some()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let hub = Endpoint::parse("https://hub.example").unwrap();
        for (address, own) in [
            ("https://hub.example/x", true),
            ("https://HUB.example:443/x?y", true),
            ("https://user:word@hub.example/", true),
            ("http://hub.example/x", false),
            ("https://hub.example:8443/x", false),
            ("https://cdn.hub.example/x", false),
            ("https://hub.example.evil/x", false),
            ("https://hub.example./x", false),
            ("https://example/x", false),
            ("https://hub.example@evil.example/x", false),
        ] {
            assert_eq!(
                hub.owns(&Address::parse(address).unwrap()),
                own,
                "{address}"
            );
        }
    }

    #[test]
    fn redirects_lead_where_they_say() {
        let from = Address::parse("https://hub.example/a/b?c=/d").unwrap();
        for (location, to) in [
            ("/x?y#z", "https://hub.example/x?y"),
            ("x", "https://hub.example/a/x"),
            ("//other.example/x", "https://other.example/x"),
            ("https://Other.example:443/x", "https://other.example/x"),
            (
                "https://me:word@other.example:8/x",
                "https://other.example:8/x",
            ),
            ("/x:y", "https://hub.example/x:y"),
        ] {
            assert_eq!(
                from.redirected(location).unwrap().secret(),
                to,
                "{location}"
            );
        }
        for location in [
            "http://hub.example/x",
            "file:///etc/passwd",
            "ftp://hub.example/x",
            "javascript:x",
            "data:text/plain,x",
            "//",
            "https://",
            "https:// /",
            "https://other.example:x/",
        ] {
            assert!(from.redirected(location).is_err(), "{location}");
        }
        let plain = Address::parse("http://hub.example/").unwrap();
        assert!(plain.redirected("https://hub.example/").is_ok());
    }

    #[test]
    fn endpoints_are_addresses_with_a_path_at_most() {
        let asked = |text: &str| {
            let endpoint = Endpoint::parse(text).unwrap();
            endpoint.secret(&endpoint.at("/m/resolve/main/f"))
        };
        assert_eq!(
            asked("http://Hub.example:80//"),
            "http://hub.example/m/resolve/main/f"
        );
        assert_eq!(
            asked("https://me:w%40rd@hub.example/artifactory/hub/"),
            "https://me:w%40rd@hub.example/artifactory/hub/m/resolve/main/f"
        );
        let with_login = Endpoint::parse("https://me:word@hub.example").unwrap();
        let elsewhere = Address::parse("https://cdn.example/x").unwrap();
        assert_eq!(with_login.secret(&elsewhere), "https://cdn.example/x");
        for bad in [
            "",
            "hub.example",
            "hub.example:80",
            "//hub.example",
            "ftp://hub.example",
            "https://",
            "https://hub.example?x",
            "https://hub.example/#x",
            "https://hub example",
            "https://hub.example\r\nX: y",
            "https://hub.example:",
            "https://hub.example:99999",
            "https://me:wo/rd@hub.example",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad:?}");
        }
    }
}
