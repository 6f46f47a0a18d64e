//! Registering routes: each with who may call it, in one step, so that no route is without.

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::access::need::{Access, AccessTable};
use crate::app::App;

/// Routes, their document, and who may call them.
pub(crate) struct Routes {
    pub(crate) router: OpenApiRouter<App>,
    pub(crate) access: AccessTable,
}

impl Routes {
    /// No routes yet.
    pub(crate) fn new(document: OpenApi) -> Self {
        Self { router: OpenApiRouter::with_openapi(document), access: AccessTable::default() }
    }

    /// Adds routes of the API, and says in the document who may call them.
    pub(crate) fn routes(mut self, access: Access, mut routes: UtoipaMethodRouter<App>) -> Self {
        for (path, item) in &mut routes.1.paths {
            for (method, operation) in operations(item) {
                operation.extensions.get_or_insert_default().insert("x-access".into(), access.name().into());
                self.access.add(path, method, access);
            }
        }
        Self { router: self.router.routes(routes), ..self }
    }

    /// Adds a route that answers GET and that the document does not describe.
    pub(crate) fn get<H, T>(mut self, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.access.add(path, Method::GET, access);
        Self { router: self.router.route(path, routing::get(handler)), ..self }
    }

    /// Bounds the bodies that the routes so far take.
    pub(crate) fn limit(self, limit: DefaultBodyLimit) -> Self {
        Self { router: self.router.layer(limit), ..self }
    }

    /// Adds routes below a prefix.
    pub(crate) fn nest(mut self, prefix: &str, inner: Self) -> Self {
        self.access.nest(prefix, inner.access);
        Self { router: self.router.nest(prefix, inner.router), ..self }
    }
}

/// The operations of a path by their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    let operations = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::OPTIONS, options),
        (Method::HEAD, head),
        (Method::PATCH, patch),
        (Method::TRACE, trace),
    ];
    operations.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
