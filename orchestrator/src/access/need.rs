//! What a request needs, by method and path. A write that is not named here needs an operator.

use axum::http::Method;
use pedigree_protocol::access::Need;

/// What the request needs; `None` where anybody may call.
pub(crate) fn of(method: &Method, path: &str) -> Option<Need> {
    let Some(route) = path.strip_prefix("/api/v1/") else {
        // Pages of the dashboard, probes and the login itself hold nothing that is not public.
        return (path.starts_with("/api") || path == "/metrics").then_some(Need::Read);
    };
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let first = route.split('/').next().unwrap_or_default();
    match first {
        "openapi.json" => None,
        // Whoever has a session may end it, and whoever may read is told what he may do.
        "session" if !reads => None,
        "tokens" | "retention" => Some(Need::Administer),
        "login-links" => Some(Need::Read),
        _ if reads => Some(Need::Read),
        // A worker is drained by people; it introduces itself alone, and says what its GPUs show.
        "workers" if route.contains('/') && route != "workers/readings" => Some(Need::Operate),
        "workers" | "leases" => Some(Need::Work),
        "runs" if route.split('/').nth(2) == Some("attempts") => Some(Need::Work),
        "artifacts" => Some(Need::Upload),
        _ => Some(Need::Operate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_request_has_its_need() {
        let cases = [
            ("GET /", None),
            ("GET /assets/index-1.js", None),
            ("GET /readyz", None),
            ("GET /login", None),
            ("GET /metrics", Some(Need::Read)),
            ("POST /api/v1/retention", Some(Need::Administer)),
            ("GET /api/v1/openapi.json", None),
            ("DELETE /api/v1/session", None),
            ("GET /api/v1/session", Some(Need::Read)),
            ("GET /api/v2/anything", Some(Need::Read)),
            ("GET /api/v1/studies", Some(Need::Read)),
            ("GET /api/v1/tokens", Some(Need::Administer)),
            ("POST /api/v1/tokens", Some(Need::Administer)),
            ("POST /api/v1/login-links", Some(Need::Read)),
            ("POST /api/v1/workers", Some(Need::Work)),
            ("POST /api/v1/workers/readings", Some(Need::Work)),
            ("POST /api/v1/workers/1/drain", Some(Need::Operate)),
            ("POST /api/v1/devices/GPU-1/release", Some(Need::Operate)),
            ("POST /api/v1/leases", Some(Need::Work)),
            ("POST /api/v1/runs/1/attempts/2", Some(Need::Work)),
            ("POST /api/v1/runs/1/attempts/2/test-split", Some(Need::Work)),
            ("PUT /api/v1/artifacts/abc", Some(Need::Upload)),
            ("POST /api/v1/studies", Some(Need::Operate)),
            ("POST /api/v1/studies/attempts/cancel", Some(Need::Operate)),
            ("POST /api/v1/runs/1/retry", Some(Need::Operate)),
            ("DELETE /api/v1/whatever", Some(Need::Operate)),
        ];
        for (request, need) in cases {
            let (method, path) = request.split_once(' ').unwrap();
            assert_eq!(of(&method.parse().unwrap(), path), need, "{request}");
        }
    }
}
