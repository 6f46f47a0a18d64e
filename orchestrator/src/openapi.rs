//! The routes of `/api/v1` and the document that describes them, both made from the same list.
//!
//! The document is recorded in `dashboards/src/api/openapi.json`, from which the dashboard's types are generated; a
//! test compares the two.

use axum::extract::DefaultBodyLimit;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::{
    access, artifact, backbone, checkpoint, dapt, dataset, events, fleet, lease, run, study, upkeep,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Pedigree", description = "The coordinator's API."),
    components(schemas(pedigree_protocol::event::Change))
)]
struct Document;

/// A long log slice, escaped.
const LARGEST_BODY: usize = 16 << 20;

/// Every route below `/api/v1`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    let routes = OpenApiRouter::new()
        .routes(routes!(dataset::http::list, dataset::http::add))
        .routes(routes!(dataset::http::get))
        .routes(routes!(backbone::http::list, backbone::http::add))
        .routes(routes!(backbone::http::get))
        .routes(routes!(dapt::http::list, dapt::http::create))
        .routes(routes!(dapt::http::get))
        .routes(routes!(study::http::list, study::http::create))
        .routes(routes!(study::http::get))
        .routes(routes!(study::http::cancel))
        .routes(routes!(study::http::retry))
        .routes(routes!(study::http::pause))
        .routes(routes!(study::http::resume))
        .routes(routes!(study::http::prioritise))
        .routes(routes!(study::http::runs))
        .routes(routes!(study::http::enqueue))
        .routes(routes!(study::http::replay))
        .routes(routes!(study::http::insight))
        .routes(routes!(run::http::get))
        .routes(routes!(run::http::log))
        .routes(routes!(run::http::retry))
        .routes(routes!(run::http::pause))
        .routes(routes!(run::http::resume))
        .routes(routes!(run::http::cancel))
        .routes(routes!(lease::http::write))
        .routes(routes!(lease::http::open_test))
        .routes(routes!(lease::http::claim))
        .routes(routes!(fleet::http::list, fleet::http::hello))
        .routes(routes!(fleet::http::tell_readings))
        .routes(routes!(fleet::http::release))
        .routes(routes!(fleet::http::drain))
        .routes(routes!(fleet::http::resume))
        .routes(routes!(events::http::stream))
        .routes(routes!(access::http::list, access::http::create))
        .routes(routes!(access::http::revoke))
        .routes(routes!(access::http::create_link))
        .routes(routes!(access::http::get_session, access::http::end_session))
        .routes(routes!(upkeep::http::diagnose))
        .routes(routes!(upkeep::http::make_room))
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    // An upload is streamed to disk, so that its size costs no memory.
    let uploads = OpenApiRouter::new()
        .routes(routes!(artifact::http::get, artifact::http::put))
        .routes(routes!(checkpoint::http::get, checkpoint::http::put))
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", routes.merge(uploads))
}

/// The OpenAPI document of `/api/v1`.
pub fn openapi() -> OpenApi {
    routes().into_openapi()
}

#[cfg(test)]
mod tests {
    const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboards/src/api/openapi.json");

    #[test]
    fn the_recorded_document_is_the_one_that_is_served() {
        let served = serde_json::to_string_pretty(&super::openapi()).unwrap() + "\n";
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(RECORDED, &served).unwrap();
        }
        let recorded = std::fs::read_to_string(RECORDED).unwrap_or_default();
        assert!(
            recorded == served,
            "dashboards/src/api/openapi.json is not what the coordinator serves; rewrite it with\n  \
             UPDATE_OPENAPI=1 cargo test -p pedigree-orchestrator openapi\nand the dashboard's types after it"
        );
    }
}
