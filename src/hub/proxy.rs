//! Variables that name a proxy.

/// Where the client looks for a proxy.
const PROXIES: [&str; 6] = [
    "ALL_PROXY",
    "all_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

/// What is wrong with them, if something is.
pub(super) fn fault() -> Option<String> {
    let set = |name: &&str| std::env::var(name).ok();
    let mut faults = PROXIES
        .iter()
        .filter_map(|name| proxy_fault(name, &set(name)?));
    faults.next()
}

/// Why a variable names no proxy, if it does not: the client would pass it over and connect without one.
fn proxy_fault(name: &str, value: &str) -> Option<String> {
    let is_none = !value.is_empty() && ureq::Proxy::new(value).is_err();
    is_none.then(|| {
        format!("the variable {name} is no address of a proxy, such as http://proxy.example:3128; correct it, or unset it")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up must fail its test")]

    use super::*;

    #[test]
    fn a_proxy_that_is_none_is_not_passed_over() {
        for good in [
            "",
            "http://proxy.example:3128",
            "proxy.example:3128",
            "socks5://me:word@proxy.example",
        ] {
            assert_eq!(proxy_fault("ALL_PROXY", good), None, "{good}");
        }
        for bad in [
            "ftp://proxy.example",
            "http://me:word@proxy example:1",
            "://",
        ] {
            let fault = proxy_fault("ALL_PROXY", bad).unwrap();
            assert_eq!(
                fault,
                "the variable ALL_PROXY is no address of a proxy, such as http://proxy.example:3128; correct it, or unset it"
            );
        }
    }
}
