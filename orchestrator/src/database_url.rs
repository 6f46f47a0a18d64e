//! The URL of a database, read as psql reads it: the crate's own reader refuses a user without a host, takes `[::1]` for a
//! name, and ends a password at `#`.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sqlx::postgres::PgConnectOptions;

/// Reads `postgres://[USER[:PASSWORD]@][HOST][:PORT][/DATABASE][?KEY=VALUE&...]`. What is absent comes from the `PG...`
/// variables of the environment, as with psql.
///
/// # Errors
/// A sentence, which never holds the password.
pub(crate) fn read(url: &str) -> Result<PgConnectOptions, String> {
    let rest = ["postgres://", "postgresql://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let rest = rest.ok_or("it does not begin with postgres://")?;
    let mut settings = Settings::default();
    // A password may hold a question mark, but no slash that is not encoded.
    let authority = rest.find('/').unwrap_or(rest.len());
    let (user, rest) = match rest[..authority].rfind('@') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => ("", rest),
    };
    settings.user(user)?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = place.split_once('/').unwrap_or((place, ""));
    settings.host(hosts)?;
    settings.set("dbname", &decoded(database)?);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair:?} has no value"))?;
        match (decoded(key)?.as_str(), decoded(value)?.as_str()) {
            ("ssl", "true") => settings.set("sslmode", "require"),
            (key, value) => settings.set(key, value),
        }
    }
    settings.options()
}

/// What a URL sets, in its order; a later value wins.
#[derive(Default)]
struct Settings(Vec<(String, String)>);

impl Settings {
    /// An empty value is none, as with psql.
    fn set(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.0.push((key.to_owned(), value.to_owned()));
        }
    }

    fn user(&mut self, text: &str) -> Result<(), String> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        self.set("user", &decoded(user)?);
        self.set("password", &decoded(password)?);
        Ok(())
    }

    fn host(&mut self, text: &str) -> Result<(), String> {
        if text.contains(',') {
            return Err(format!("{text:?} names several hosts; name one"));
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) =
                    rest.split_once(']').ok_or_else(|| format!("{text:?} has no closing bracket"))?;
                (address, port.strip_prefix(':').unwrap_or_default())
            }
            None => text.rsplit_once(':').unwrap_or((text, "")),
        };
        self.set("host", &decoded(host)?);
        self.set("port", &decoded(port)?);
        Ok(())
    }

    /// Hands the settings to the crate's reader in the one form that it takes in full.
    fn options(self) -> Result<PgConnectOptions, String> {
        let is_wrong = |(key, value): &&(String, String)| key == "port" && value.parse::<u16>().is_err();
        if let Some((_, port)) = self.0.iter().find(is_wrong) {
            return Err(format!("the port {port:?} is no number from 0 to 65535"));
        }
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> =
            self.0.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
        let url = format!("postgres:///?{}", pairs.join("&"));
        url.parse().map_err(|error: sqlx::Error| error.to_string())
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| "a part of it is not UTF-8 once it is decoded".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User, host or socket folder, port, database.
    fn parts(read: &PgConnectOptions) -> [String; 4] {
        let place = match read.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => read.get_host().to_owned(),
        };
        let database = read.get_database().unwrap_or_default().to_owned();
        [read.get_username().to_owned(), place, read.get_port().to_string(), database]
    }

    #[test]
    fn database_urls_are_read_as_psql_reads_them() {
        for (url, user, password, place) in [
            ("postgres://u:p@h:5433/db", "u", "p", "h"),
            ("postgresql://u:p@[::1]:5433/db", "u", "p", "::1"),
            ("postgres://u:p%40%2F%23%3F@h:5433/db", "u", "p@/#?", "h"),
            ("postgres://u:p#?+%25@h:5433/db", "u", "p#?+%", "h"),
            ("postgres://h:5433/db?user=u&password=p%26+", "u", "p&+", "h"),
            ("postgres://u:p@h/db?port=5433&application_name=a@b/c", "u", "p", "h"),
            ("postgres://ü:p@h:5433/db", "ü", "p", "h"),
            ("postgres://u:p@/db?host=/dir/a+b&port=5433", "u", "p", "/dir/a+b"),
            ("postgres://u:p@:5433/db?host=/dir/a+b", "u", "p", "/dir/a+b"),
            ("postgres://u:p@%2Fdir%2Fa+b:5433/db", "u", "p", "/dir/a+b"),
            ("postgresql:///db?user=u&password=p&host=%2Fdir%2Fa%2Bb&port=5433", "u", "p", "/dir/a+b"),
        ] {
            let read = read(url).unwrap();
            assert_eq!(parts(&read), [user, place, "5433", "db"], "{url}");
            // The options have no way to ask for the password but their debugging output.
            assert!(format!("{read:?}").contains(&format!("password: Some({password:?})")), "{url}");
        }
        let mode = |url| format!("{:?}", read(url).unwrap().get_ssl_mode());
        assert_eq!(mode("postgres://h/db?sslmode=verify-full"), "VerifyFull");
        assert_eq!(mode("postgres://h/db?ssl=true"), "Require");
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_its_password() {
        for wrong in [
            "mysql://u:secret@h/db",
            "u:secret@h",
            "postgres://u:secret@h:port/db",
            "postgres://u:secret@h:70000/db",
            "postgres://u:secret@[::1/db",
            "postgres://u:secret@a,b/db",
            "postgres://u:secret@h/db?sslmode",
            "postgres://u:secret@h/db?sslmode=perhaps",
        ] {
            let sentence = read(wrong).unwrap_err();
            assert!(!sentence.is_empty() && !sentence.contains("secret"), "{wrong}: {sentence}");
        }
    }
}
