//! Every folder of `fixtures` is a small app; what is detected in it is a snapshot. Adding a folder adds a test.

use std::fs;
use std::path::Path;

use aether_detect::{DetectOptions, DiskTree, detect};

#[test]
fn every_fixture_is_planned_as_its_snapshot_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 120, "only {} fixtures", names.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // Without this the folder depends on whether `cargo metadata` works for the whole workspace at this moment.
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    let _bound = settings.bind_to_scope();
    for name in names {
        let tree = DiskTree::open(folder.join(&name)).unwrap();
        let detection = detect(&tree, &DetectOptions::default());
        insta::assert_yaml_snapshot!(name, detection);
    }
}

/// The worker moves cache folders away after the build, so that the next build can start from them.
#[test]
fn no_app_is_started_from_a_cache_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut started = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let tree = DiskTree::open(entry.unwrap().path()).unwrap();
        for plan in detect(&tree, &DetectOptions::default()).candidates {
            let Some(start) = plan.start_command else { continue };
            started += 1;
            let words = start.split([' ', '=']).map(|word| word.trim_start_matches("./"));
            let bundle = start.contains("bundle exec").then_some("vendor/bundle");
            for used in words.chain(bundle) {
                let cached = plan
                    .cache_directories
                    .iter()
                    .find(|cache| Path::new(used).starts_with(cache));
                assert_eq!(cached, None, "{start} in {:?}", plan.name);
            }
        }
    }
    assert!(started > 50, "only {started} fixtures have a start command");
}
