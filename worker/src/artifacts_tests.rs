//! The cache against a coordinator on a real socket.

use super::*;
use crate::scripted_coordinator::{Asked, ScriptedCoordinator, refusal};

const TEXT: &[u8] = b"token\tO\n";

fn file(name: &str, content: &[u8]) -> ArtifactFile {
    ArtifactFile { name: name.into(), sha256: hash_of(content), bytes: content.len().try_into().unwrap() }
}

fn serving(content: &'static [u8]) -> impl Fn(&Asked) -> Option<(u16, Vec<u8>)> {
    move |_| Some((200, content.to_vec()))
}

#[tokio::test]
async fn content_is_fetched_once_however_many_want_it() {
    let coordinator = ScriptedCoordinator::start(serving(TEXT)).await;
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(coordinator.client(), folder.path()).unwrap();
    let sha256 = hash_of(TEXT);
    let (first, second) = tokio::join!(cache.content(&sha256), cache.content(&sha256));
    let path = first.unwrap();
    assert_eq!(path, second.unwrap());
    assert_eq!(fs::read(path).unwrap(), TEXT);
    assert_eq!(coordinator.seen().len(), 1);
}

#[tokio::test]
async fn damaged_content_is_not_kept() {
    let coordinator = ScriptedCoordinator::start(serving(b"something else")).await;
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(coordinator.client(), folder.path()).unwrap();
    let error = cache.content(&hash_of(TEXT)).await.unwrap_err();
    assert!(matches!(error, FetchError::Damaged { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path().join("cache/content")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(folder.path().join("cache/incoming")).unwrap().count(), 0);
    coordinator.follow(serving(TEXT));
    cache.content(&hash_of(TEXT)).await.unwrap();
}

#[tokio::test]
async fn what_a_killed_worker_left_half_done_is_removed() {
    let coordinator = ScriptedCoordinator::start(|_| refusal(404, "not_found")).await;
    let folder = tempfile::tempdir().unwrap();
    let half = folder.path().join("cache/incoming/half");
    fs::create_dir_all(half.parent().unwrap()).unwrap();
    fs::write(&half, "half").unwrap();
    Cache::open(coordinator.client(), folder.path()).unwrap();
    assert!(!half.exists());
}

#[tokio::test]
async fn a_backbone_is_a_folder_of_its_files_and_is_built_once() {
    let coordinator = ScriptedCoordinator::start(serving(TEXT)).await;
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(coordinator.client(), folder.path()).unwrap();
    let files = [file("config.json", TEXT), file("nested/vocab.txt", TEXT)];
    let backbone = cache.folder(&files).await.unwrap();
    assert_eq!(fs::read(backbone.join("config.json")).unwrap(), TEXT);
    assert_eq!(fs::read(backbone.join("nested/vocab.txt")).unwrap(), TEXT);
    let reversed = [files[1].clone(), files[0].clone()];
    assert_eq!(cache.folder(&reversed).await.unwrap(), backbone);
    assert_eq!(coordinator.seen().len(), 1, "two files of one content are one download");
    let renamed = [file("config2.json", TEXT), files[1].clone()];
    assert_ne!(cache.folder(&renamed).await.unwrap(), backbone);
}

#[tokio::test]
async fn a_name_that_leaves_the_folder_is_refused() {
    let coordinator = ScriptedCoordinator::start(serving(TEXT)).await;
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(coordinator.client(), folder.path()).unwrap();
    for name in ["../config.json", "/etc/passwd", "a/../../b", ""] {
        let error = cache.folder(&[file(name, TEXT)]).await.unwrap_err();
        assert!(matches!(error, FetchError::StrayName(_)), "{name}: {error}");
    }
}
