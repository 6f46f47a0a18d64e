//! The proxy of the environment through which a server is asked, if any.
//!
//! This machine itself is never asked through a proxy: that proxy would see the token, and its loopback address is another
//! machine's.

use std::net::IpAddr;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

/// Where names of this machine stand beside those of others.
const HOSTS: &str = "/etc/hosts";

/// Whether a URL leads to this machine itself: to a loopback address, by number or by name, or to the unspecified one.
pub fn is_this_machine(url: &str) -> bool {
    let names = || std::fs::read_to_string(HOSTS).unwrap_or_default();
    Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(|host| is_local(host, names)))
}

/// The proxy that the environment names for a server, without its credentials.
pub fn proxy_of(server: &str) -> Option<String> {
    // The same reader of the same variables as the HTTP client's own.
    named_by(&Matcher::from_system(), server)
}

fn named_by(environment: &Matcher, server: &str) -> Option<String> {
    if is_this_machine(server) {
        return None;
    }
    let proxy = environment.intercept(&server.parse().ok()?)?;
    Some(proxy.uri().to_string().trim_end_matches('/').to_owned())
}

fn is_local(host: &str, names: impl FnOnce() -> String) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>() {
        return is_local_address(address);
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost") || is_named(&host, &names())
}

fn is_local_address(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}

/// Whether a table of hosts gives this name a loopback address, as Debian does with the host's own name.
fn is_named(host: &str, table: &str) -> bool {
    table.lines().any(|line| {
        let line = line.split_once('#').map_or(line, |(line, _)| line);
        let mut words = line.split_whitespace();
        let address = words.next().and_then(|word| word.parse().ok());
        address.is_some_and(is_local_address) && words.any(|name| name.eq_ignore_ascii_case(host))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "127.0.0.1 localhost\n127.0.1.1 node7.lab node7 # own\n10.0.0.8 db # node9\n::1 ip6-localhost\n";

    #[test]
    fn loopback_is_known_however_it_is_written() {
        for local in [
            "127.0.0.1",
            "127.8.9.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",
            "[::]",
            "localhost",
            "LocalHost.",
            "a.localhost",
            "node7",
            "NODE7.lab",
            "ip6-localhost",
        ] {
            assert!(is_local(local, || TABLE.to_owned()), "{local}");
        }
        for other in ["10.0.0.8", "db", "node9", "node", "localhost.example.org", "128.0.0.1", "[fe80::1]"] {
            assert!(!is_local(other, || TABLE.to_owned()), "{other}");
        }
    }

    #[test]
    fn a_proxy_is_used_for_other_machines_only_and_named_without_its_credentials() {
        let environment =
            Matcher::builder().all("http://user:secret@proxy:3128").no("lab.example, 10.1.0.0/16").build();
        let proxy = |server| named_by(&environment, server);
        let used = Some("http://proxy:3128".to_owned());
        assert_eq!(proxy("http://elsewhere:8765"), used);
        assert_eq!(proxy("https://elsewhere"), used);
        for direct in [
            "http://127.0.0.1:8765",
            "http://localhost:8765",
            "http://[::1]:8765",
            "https://LOCALHOST",
            "http://127.1:1",
            "http://gpu1.lab.example",
            "http://10.1.2.3:8765",
            "not a url",
        ] {
            assert_eq!(proxy(direct), None, "{direct}");
        }
        assert_eq!(named_by(&Matcher::builder().build(), "http://elsewhere"), None);
    }
}
