//! Who may call each route.
//!
//! Owns the table that the gate reads. A route is registered with its access in one call (`routes`), so that no route
//! is without. Must not know what a route does.

use std::collections::BTreeMap;

use axum::http::Method;
use pedigree_protocol::access::Need;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, with or without credentials.
    Open,
    /// Callers whose role allows this.
    Needs(Need),
}

/// Callers who may read.
pub(crate) const READ: Access = Access::Needs(Need::Read);
/// Workers.
pub(crate) const WORK: Access = Access::Needs(Need::Work);
/// Callers who may upload.
pub(crate) const UPLOAD: Access = Access::Needs(Need::Upload);
/// Operators.
pub(crate) const OPERATE: Access = Access::Needs(Need::Operate);
/// Admins.
pub(crate) const ADMINISTER: Access = Access::Needs(Need::Administer);

impl Access {
    /// Its name in the OpenAPI document.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Needs(Need::Read) => "read",
            Self::Needs(Need::Work) => "work",
            Self::Needs(Need::Upload) => "upload",
            Self::Needs(Need::Operate) => "operate",
            Self::Needs(Need::Administer) => "administer",
        }
    }
}

/// Who may call each route, by the route's pattern and method.
#[derive(Debug, Default)]
pub(crate) struct AccessTable(BTreeMap<String, Vec<(Method, Access)>>);

impl AccessTable {
    /// Adds a route.
    pub(crate) fn add(&mut self, pattern: &str, method: Method, access: Access) {
        self.0.entry(pattern.to_owned()).or_default().push((method, access));
    }

    /// Adds the routes of another table below a prefix.
    pub(crate) fn nest(&mut self, prefix: &str, inner: Self) {
        for (pattern, methods) in inner.0 {
            self.0.entry(format!("{prefix}{pattern}")).or_default().extend(methods);
        }
    }

    /// Who may make this request. `pattern` is that of the route which its path matched.
    pub(crate) fn of(&self, method: &Method, pattern: Option<&str>, path: &str) -> Access {
        // A route that answers GET answers HEAD too.
        let listed = if method == Method::HEAD { &Method::GET } else { method };
        let methods = pattern.and_then(|pattern| self.0.get(pattern));
        let found = methods.and_then(|methods| methods.iter().find(|(method, _)| method == listed));
        found.map_or_else(|| unlisted(listed, path), |&(_, access)| access)
    }

    /// Every route: method, pattern and access.
    #[cfg(test)]
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.0.iter().flat_map(|(pattern, methods)| {
            methods.iter().map(move |(method, access)| {
                format!("{:<10} {:<6} {pattern}", access.name(), method.as_str())
            })
        });
        lines.collect()
    }
}

/// Who may make a request that no route answers. It is refused in any case, but a stranger must not learn which paths
/// the API has. Every other path is a page of the dashboard, which is public.
fn unlisted(method: &Method, path: &str) -> Access {
    match (path.starts_with("/api"), method == Method::GET) {
        (false, _) => Access::Open,
        (true, true) => READ,
        (true, false) => OPERATE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_and_the_pattern_decide() {
        let mut inner = AccessTable::default();
        inner.add("/tokens", Method::GET, ADMINISTER);
        inner.add("/session", Method::DELETE, Access::Open);
        let mut table = AccessTable::default();
        table.nest("/api/v1", inner);
        let of = |line: &str, matched: bool| {
            let (method, path) = line.split_once(' ').unwrap();
            table.of(&method.parse().unwrap(), matched.then_some(path), path)
        };
        assert_eq!(of("GET /api/v1/tokens", true), ADMINISTER);
        assert_eq!(of("HEAD /api/v1/tokens", true), ADMINISTER);
        assert_eq!(of("DELETE /api/v1/session", true), Access::Open);
        assert_eq!(of("PATCH /api/v1/session", true), OPERATE, "no such method");
        assert_eq!(of("GET /api/v2/anything", false), READ);
        assert_eq!(of("DELETE /api/v1/whatever", false), OPERATE);
        assert_eq!(of("GET /studies/mine", false), Access::Open);
    }
}
