//! Column types: the database's enum types beside the protocol's enums, and ids in a row.
//!
//! Owns the pairing alone; a test reads `pg_enum` and fails when a variant is missing on either side.

use pedigree_protocol::access::Role;
use pedigree_protocol::energy::EnergySource;
use pedigree_protocol::event::Topic;
use pedigree_protocol::fleet::DeviceKind;
use pedigree_protocol::resources::Hold;
use pedigree_protocol::run::{AttemptState, FailureCause, RunKind, RunState};
use pedigree_protocol::study::StudyState;

macro_rules! mirror {
    ($column:ident = $sql:literal mirrors $protocol:ident { $($variant:ident),+ $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
        #[sqlx(type_name = $sql, rename_all = "snake_case")]
        pub(crate) enum $column { $($variant),+ }

        impl From<$protocol> for $column {
            fn from(value: $protocol) -> Self {
                match value { $($protocol::$variant => Self::$variant),+ }
            }
        }

        impl From<$column> for $protocol {
            fn from(value: $column) -> Self {
                match value { $($column::$variant => Self::$variant),+ }
            }
        }

        #[cfg(test)]
        impl tests::Mirror for $column {
            const SQL: &'static str = $sql;

            fn names() -> Vec<String> {
                let all = [$($protocol::$variant),+];
                all.iter().map(|v| serde_json::to_value(v).unwrap().as_str().unwrap().to_owned()).collect()
            }
        }
    };
}

mirror!(StudyStateColumn = "study_state" mirrors StudyState { Searching, Finishing, Completed, Failed, Cancelled });
mirror!(RunKindColumn = "run_kind" mirrors RunKind { Trial, Final, Dapt });
mirror!(RunStateColumn = "run_state" mirrors RunState {
    Waiting, Leased, Running, Completed, Pruned, Failed, Cancelled,
});
mirror!(AttemptStateColumn = "attempt_state" mirrors AttemptState {
    Leased, Running, Completed, Failed, Lost, Released, Cancelled, Pruned,
});
mirror!(FailureCauseColumn = "failure_cause" mirrors FailureCause {
    Oom, Diverged, InvalidInput, Crashed, Lost, Device, InvalidJob, Timeout,
});
mirror!(EnergySourceColumn = "energy_source" mirrors EnergySource { Counter, Sampled, Tdp, Shared });
mirror!(HoldColumn = "hold" mirrors Hold { None, Finish, Now });
mirror!(DeviceKindColumn = "device_kind" mirrors DeviceKind { Gpu, Cpu });
mirror!(RoleColumn = "role" mirrors Role { Viewer, Worker, Operator, Admin });
mirror!(TopicColumn = "topic" mirrors Topic { Dataset, Backbone, Study, Run, Log, Fleet });

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) trait Mirror {
        const SQL: &'static str;
        fn names() -> Vec<String>;
    }

    async fn check<M: Mirror>(pool: &sqlx::PgPool) {
        let labels = sqlx::query_scalar!(
            "SELECT e.enumlabel::text AS \"label!\" FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
             WHERE t.typname = $1 ORDER BY e.enumsortorder",
            M::SQL
        );
        assert_eq!(labels.fetch_all(pool).await.unwrap(), M::names(), "{}", M::SQL);
    }

    #[sqlx::test(migrator = "crate::db::MIGRATOR")]
    async fn the_enum_types_have_the_variants_of_the_protocol(pool: sqlx::PgPool) {
        check::<StudyStateColumn>(&pool).await;
        check::<RunKindColumn>(&pool).await;
        check::<RunStateColumn>(&pool).await;
        check::<AttemptStateColumn>(&pool).await;
        check::<FailureCauseColumn>(&pool).await;
        check::<EnergySourceColumn>(&pool).await;
        check::<HoldColumn>(&pool).await;
        check::<DeviceKindColumn>(&pool).await;
        check::<RoleColumn>(&pool).await;
        check::<TopicColumn>(&pool).await;
    }
}
