//! The database's enum types and the protocol's enums have the same variants.

use std::collections::BTreeSet;
use std::fmt::Debug;

use pedigree_protocol::access::Role;
use pedigree_protocol::energy::EnergySource;
use pedigree_protocol::event::Topic;
use pedigree_protocol::fleet::DeviceKind;
use pedigree_protocol::grid::GridState;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::{AttemptState, FailureCause, RunKind, RunState};
use pedigree_protocol::study::StudyState;
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, Decode, Encode, PgPool, Postgres, Type, TypeInfo};
use utoipa::PartialSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// Every variant of an enum by its name in JSON.
fn variants<E: PartialSchema>() -> BTreeSet<String> {
    let RefOr::T(Schema::Object(schema)) = E::schema() else { panic!("an enum's schema lists its variants") };
    let names = schema.enum_values.expect("an enum's schema lists its variants");
    names.into_iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// Compares the labels, and takes each variant to the database and back. Answers the type's name.
async fn check<E>(pool: &PgPool) -> String
where
    E: PartialSchema + DeserializeOwned + PartialEq + Debug + Copy + Send + Sync + Unpin + 'static,
    E: Type<Postgres> + for<'r> Decode<'r, Postgres> + for<'q> Encode<'q, Postgres>,
{
    let name = E::type_info().name().to_owned();
    let labels = sqlx::query_scalar!(
        "SELECT e.enumlabel::text AS \"label!\" FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
         WHERE t.typname = $1 ORDER BY e.enumsortorder",
        name
    );
    let labels: BTreeSet<String> = labels.fetch_all(pool).await.unwrap().into_iter().collect();
    assert_eq!(labels, variants::<E>(), "{name}");
    for label in labels {
        let value: E = serde_json::from_value(label.as_str().into()).unwrap();
        // One text for each type: a connection keeps the parameters' types of a statement that it knows.
        let round = AssertSqlSafe(format!("SELECT $1::{name}::text, $1::{name}"));
        let round = sqlx::query_as::<_, (String, E)>(round).bind(value);
        assert_eq!(round.fetch_one(pool).await.unwrap(), (label, value), "{name}");
    }
    name
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_enum_types_have_the_variants_of_the_protocol(pool: PgPool) {
    let compared = BTreeSet::from([
        check::<GridState>(&pool).await,
        check::<StudyState>(&pool).await,
        check::<RunKind>(&pool).await,
        check::<RunState>(&pool).await,
        check::<AttemptState>(&pool).await,
        check::<FailureCause>(&pool).await,
        check::<EnergySource>(&pool).await,
        check::<Hold>(&pool).await,
        check::<DeviceKind>(&pool).await,
        check::<Role>(&pool).await,
        check::<Topic>(&pool).await,
    ]);
    let types = sqlx::query_scalar::<_, String>("SELECT typname::text FROM pg_type WHERE typtype = 'e'");
    let types: BTreeSet<String> = types.fetch_all(&pool).await.unwrap().into_iter().collect();
    assert_eq!(types, compared, "every enum type of the database is compared");
}
