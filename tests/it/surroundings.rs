//! `pedigree up` amid an environment that means other programs: proxies, another database, odd folders, a strict umask.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pedigree_tests::chaos::register_content;
use pedigree_tests::{Surroundings, Up, wait_for};
use sqlx::Connection as _;

/// A server that counts who comes and hangs up.
fn hanging_up() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        listener.incoming().for_each(|_| {
            counted.fetch_add(1, Ordering::SeqCst);
        })
    });
    (address, asked)
}

async fn until_its_worker_is_here(up: &Up) {
    let workers = || async { up.json(&["worker", "list"]) };
    let is_here = |workers: &serde_json::Value| workers[0]["alive"] == true;
    wait_for("the worker", Duration::from_secs(60), workers, is_here).await;
}

/// Nothing of this is meant for `up`, its coordinator, its worker, or the command line that asks them.
#[tokio::test]
async fn up_takes_nothing_from_an_environment_that_means_other_programs() {
    let (proxy, asked) = hanging_up();
    let set = |name, value: &str| (name, Some(value.to_owned()));
    let (hub, hub_asked) = hanging_up();
    let mut variables = vec![
        set("HF_ENDPOINT", &hub),
        set("PGHOST", "/nowhere"),
        set("PGHOSTADDR", "203.0.113.1"),
        set("PGPORT", "1"),
        set("PGUSER", "nobody"),
        set("PGDATABASE", "nothing"),
        set("PGSSLMODE", "verify-full"),
        set("PGSSLROOTCERT", "/nowhere"),
        set("PGOPTIONS", "-c nothing.at=all -c nonsense=1"),
        set("PGPASSFILE", "/nowhere"),
        set("DATABASE_URL", "postgres://somebody@203.0.113.1/theirs"),
        set("LC_ALL", "xx_YY.UTF-8"),
        set("TMPDIR", "/nowhere"),
        ("HOME", None),
        ("NO_PROXY", None),
        ("no_proxy", None),
    ];
    variables.extend(["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"].map(|name| set(name, &proxy)));
    let surroundings = Surroundings { variables, ..Surroundings::default() };
    let mut up = Up::start_amid(surroundings, 1, 3).await;
    until_its_worker_is_here(&up).await;
    let from_hub = up.cli(&["backbone", "add", "mirrored", "hf:org/name"]);
    let said = String::from_utf8_lossy(&from_hub.stderr);
    assert!(said.contains("cannot fetch org/name@main from the Hugging Face hub ("), "{said}");
    assert!(hub_asked.load(Ordering::SeqCst) > 0, "a hub on this machine is asked itself");
    assert_eq!(asked.load(Ordering::SeqCst), 0, "a proxy was asked");
    let elsewhere = up.cli(&["study", "list", "--server", "http://203.0.113.1:9"]);
    let said = String::from_utf8_lossy(&elsewhere.stderr);
    assert!(said.contains(&format!("does not answer through the proxy {proxy}")), "{said}");
    assert!(asked.load(Ordering::SeqCst) > 0, "another machine is asked through the proxy");
    assert!(up.interrupt().await);
}

#[tokio::test]
async fn up_starts_in_a_folder_of_any_name_and_under_any_umask() {
    for (data, umask) in [("a +#&,%25'\"$ ü=?;", "022"), ("strict", "077"), ("group", "027")] {
        let surroundings = Surroundings { data, umask, ..Surroundings::default() };
        let mut up = Up::start_amid(surroundings, 1, 3).await;
        until_its_worker_is_here(&up).await;
        register_content(&up.client()).await.unwrap();
        assert!(up.data().join("postgres/data/PG_VERSION").exists() || umask == "022");
        assert!(up.interrupt().await);
        up.start_again().await;
        assert_eq!(up.json(&["data", "list"]).as_array().unwrap().len(), 1);
    }
}

/// Programs of PostgreSQL of which `initdb` knows no locale C.UTF-8, as on hosts with an old or a bare C library.
fn programs_without_c_utf8(folder: &Path) {
    let installed = std::fs::read_dir("/usr/lib/postgresql").unwrap().flatten();
    let mut found: Vec<_> = installed.map(|version| version.path().join("bin")).collect();
    found.sort();
    let programs = found.pop().unwrap();
    std::fs::create_dir(folder).unwrap();
    for program in std::fs::read_dir(&programs).unwrap().flatten() {
        if program.file_name() != "initdb" {
            std::os::unix::fs::symlink(program.path(), folder.join(program.file_name())).unwrap();
        }
    }
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *C.UTF-8*) echo 'initdb: error: invalid locale name \"C.UTF-8\"' >&2; exit 1;; esac\n\
         exec {}/initdb \"$@\"\n",
        programs.display()
    );
    std::fs::write(folder.join("initdb"), script).unwrap();
    for path in [folder.to_owned(), folder.join("initdb")] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
}

#[tokio::test]
async fn up_starts_on_a_host_without_the_locale_c_utf8() {
    let folder = tempfile::Builder::new().prefix("pedigree-it-").tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let programs = folder.path().join("bin");
    programs_without_c_utf8(&programs);
    let variables = vec![("PG_BIN", Some(programs.display().to_string()))];
    let mut up = Up::start_amid(Surroundings { variables, ..Surroundings::default() }, 1, 3).await;
    register_content(&up.client()).await.unwrap();
    let mut db = sqlx::PgConnection::connect(&up.database_url()).await.unwrap();
    let select = "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()";
    let made: (String, String) = sqlx::query_as(select).fetch_one(&mut db).await.unwrap();
    assert_eq!(made, ("C".to_owned(), "UTF8".to_owned()));
    db.close().await.unwrap();
    assert!(up.interrupt().await);
}
