//! The routes of `/api/v1`, the document that describes them and who may call them, all made from one list.
//!
//! The document is recorded in `dashboards/src/api/openapi.json`, from which the dashboard's types are generated; a
//! test compares the two.

use axum::extract::DefaultBodyLimit;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::routes;

use crate::access::need::{ADMINISTER, Access, OPERATE, READ, UPLOAD, WORK};
use crate::routes::Routes;
use crate::{
    access, artifact, backbone, checkpoint, dapt, dataset, events, fleet, grid, lease, run, study, upkeep,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Pedigree", description = "The coordinator's API."),
    components(schemas(pedigree_protocol::event::Change))
)]
struct Document;

/// The largest body of other requests, bytes: room for a long, escaped slice of a log.
const LARGEST_BODY: usize = 16 << 20;

/// Every route below `/api/v1`.
pub(crate) fn routes() -> Routes {
    let api = Routes::new(OpenApi::default())
        .routes(READ, routes!(dataset::http::list))
        .routes(OPERATE, routes!(dataset::http::add))
        .routes(READ, routes!(dataset::http::get))
        .routes(READ, routes!(backbone::http::list))
        .routes(OPERATE, routes!(backbone::http::add))
        .routes(READ, routes!(backbone::http::get))
        .routes(READ, routes!(dapt::http::list))
        .routes(OPERATE, routes!(dapt::http::create))
        .routes(READ, routes!(dapt::http::get))
        .routes(OPERATE, routes!(dapt::http::pause))
        .routes(OPERATE, routes!(dapt::http::resume))
        .routes(OPERATE, routes!(dapt::http::prioritise))
        .routes(OPERATE, routes!(dapt::http::register))
        .routes(READ, routes!(study::http::list))
        .routes(OPERATE, routes!(study::http::create))
        .routes(READ, routes!(study::http::get))
        .routes(OPERATE, routes!(study::http::cancel))
        .routes(OPERATE, routes!(study::http::retry))
        .routes(OPERATE, routes!(study::http::pause))
        .routes(OPERATE, routes!(study::http::resume))
        .routes(OPERATE, routes!(study::http::prioritise))
        .routes(READ, routes!(study::http::runs))
        .routes(OPERATE, routes!(study::http::enqueue))
        .routes(READ, routes!(study::http::replay))
        .routes(READ, routes!(study::http::insight))
        .routes(READ, routes!(grid::http::list))
        .routes(OPERATE, routes!(grid::http::create))
        .routes(READ, routes!(grid::http::get))
        .routes(OPERATE, routes!(grid::http::cancel))
        .routes(OPERATE, routes!(grid::http::pause))
        .routes(OPERATE, routes!(grid::http::resume))
        .routes(OPERATE, routes!(grid::http::prioritise))
        .routes(READ, routes!(run::http::get))
        .routes(READ, routes!(run::http::reports))
        .routes(READ, routes!(run::http::log))
        .routes(OPERATE, routes!(run::http::retry))
        .routes(OPERATE, routes!(run::http::pause))
        .routes(OPERATE, routes!(run::http::resume))
        .routes(OPERATE, routes!(run::http::cancel))
        .routes(WORK, routes!(lease::http::write))
        .routes(WORK, routes!(lease::http::open_test))
        .routes(WORK, routes!(lease::http::claim))
        .routes(READ, routes!(fleet::http::list))
        .routes(WORK, routes!(fleet::http::hello))
        .routes(WORK, routes!(fleet::http::tell_readings))
        .routes(OPERATE, routes!(fleet::http::release))
        .routes(OPERATE, routes!(fleet::http::drain))
        .routes(OPERATE, routes!(fleet::http::resume))
        .routes(READ, routes!(events::http::stream))
        .routes(ADMINISTER, routes!(access::http::list))
        .routes(ADMINISTER, routes!(access::http::create))
        .routes(ADMINISTER, routes!(access::http::revoke))
        .routes(READ, routes!(access::http::create_link))
        .routes(READ, routes!(access::http::get_session))
        .routes(Access::Open, routes!(access::http::end_session))
        .routes(READ, routes!(upkeep::http::diagnose))
        .routes(ADMINISTER, routes!(upkeep::http::make_room))
        .limit(DefaultBodyLimit::max(LARGEST_BODY));
    // An upload is streamed to disk and costs no memory.
    let uploads = Routes::new(OpenApi::default())
        .routes(READ, routes!(artifact::http::get))
        .routes(UPLOAD, routes!(artifact::http::put))
        .routes(READ, routes!(checkpoint::http::get))
        .routes(WORK, routes!(checkpoint::http::put))
        .limit(DefaultBodyLimit::disable());
    Routes::new(Document::openapi()).nest("/api/v1", api).nest("/api/v1", uploads)
}

/// The OpenAPI document of `/api/v1`.
pub fn openapi() -> OpenApi {
    routes().router.into_openapi()
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
