//! Folders that are sent instead of a repository, as a list with files or as an archive.

use std::io::Write;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Answer, Caller, TestApi, send};

const PATH: &str = "/projects/site/uploads";

fn sha(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

fn list(files: &[(&str, &[u8])]) -> Value {
    let entries: Vec<Value> = files
        .iter()
        .map(|(path, content)| json!({"path": path, "type": "file", "sha256": sha(content), "size": content.len()}))
        .collect();
    json!({ "entries": entries })
}

async fn put(owner: &Caller, upload: &str, digest: &str, content: &[u8]) -> Answer {
    let path = format!("{PATH}/{upload}/files/{digest}");
    let request = owner
        .request(Method::PUT, &path)
        .header("content-type", "application/octet-stream");
    send(request.body(content.to_vec())).await
}

async fn archive(owner: &Caller, kind: &str, body: Vec<u8>) -> Answer {
    send(
        owner
            .request(Method::POST, PATH)
            .header("content-type", kind)
            .body(body),
    )
    .await
}

/// One entry of an archive, byte by byte.
struct Raw {
    name: Vec<u8>,
    kind: u8,
    content: Vec<u8>,
    mode: u32,
    link: &'static str,
    size: Option<u64>,
}

fn raw(name: &str, kind: u8, content: &str) -> Raw {
    Raw {
        name: name.as_bytes().to_vec(),
        kind,
        content: content.as_bytes().to_vec(),
        mode: 0o644,
        link: "",
        size: None,
    }
}

fn link(name: &str, kind: u8, target: &'static str) -> Raw {
    Raw {
        link: target,
        ..raw(name, kind, "")
    }
}

fn tar_without_end(entries: &[Raw]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        let old = header.as_old_mut();
        old.name[..entry.name.len()].copy_from_slice(&entry.name);
        old.linkname[..entry.link.len()].copy_from_slice(entry.link.as_bytes());
        header.set_entry_type(tar::EntryType::new(entry.kind));
        header.set_mode(entry.mode);
        header.set_size(entry.size.unwrap_or(entry.content.len() as u64));
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&entry.content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes
}

fn tar(entries: &[Raw]) -> Vec<u8> {
    let mut bytes = tar_without_end(entries);
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn ready() -> (TestApi, Caller) {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    (api, owner)
}

#[tokio::test]
async fn only_files_that_the_project_lacks_travel_and_an_interrupted_upload_goes_on() {
    let (api, owner) = ready().await;
    let (page, style) = (b"<h1>Hello</h1>".as_slice(), b"h1 {}".as_slice());
    let folder = list(&[("index.html", page), ("copy.html", page), ("css/site.css", style)]);
    let begun = owner
        .post(PATH, folder.clone())
        .await
        .expect(StatusCode::CREATED)
        .json;
    let id = begun["id"].as_str().unwrap();
    assert_eq!(begun["missing"].as_array().unwrap().len(), 2, "each content once");
    put(&owner, id, &sha(page), page)
        .await
        .expect(StatusCode::NO_CONTENT);
    owner
        .post("/projects/site/deployments", json!({"upload": id}))
        .await
        .expect_problem(409, "upload_incomplete");
    // The sender was interrupted and begins again.
    let again = owner
        .post(PATH, folder.clone())
        .await
        .expect(StatusCode::CREATED)
        .json;
    assert_eq!(
        (again["id"].as_str(), &again["missing"]),
        (Some(id), &json!([sha(style)]))
    );
    for _ in 0..2 {
        put(&owner, id, &sha(style), style)
            .await
            .expect(StatusCode::NO_CONTENT);
    }
    let deployment = owner
        .post("/projects/site/deployments", json!({"upload": id}))
        .await
        .expect(StatusCode::ACCEPTED)
        .json;
    assert_eq!(deployment["ref"], "upload");
    let claimed = api.claim().await;
    assert!(claimed.is_upload);
    let entries = api
        .store
        .upload_entries(claimed.lease.deployment_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(entries.len(), 3);
    // Nothing changed, so nothing is sent; one file changed, so one is sent.
    let unchanged = owner.post(PATH, folder).await.json;
    assert_eq!(unchanged["missing"], json!([]));
    let changed = owner
        .post(PATH, list(&[("index.html", b"new"), ("css/site.css", style)]))
        .await
        .json;
    assert_eq!(changed["missing"], json!([sha(b"new")]));
}

#[tokio::test]
async fn a_project_without_a_repository_is_deployed_by_what_is_sent_to_it_and_by_nothing_else() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let wrong = [
        json!({"source": "upload"}),
        json!({"source": "upload", "name": "a", "branch": "main"}),
        json!({"source": "upload", "name": "a", "repo_url": "https://git.example.com/a/b"}),
        json!({"source": "git", "name": "a"}),
        json!({"source": "folder", "name": "a"}),
    ];
    for body in wrong {
        let answer = owner.post("/projects", body.clone()).await;
        assert!(
            [400, 422].contains(&answer.status.as_u16()),
            "{body} {}",
            answer.json
        );
    }
    let made = owner
        .post("/projects", json!({"source": "upload", "name": "Site"}))
        .await
        .expect(StatusCode::CREATED)
        .json;
    assert_eq!(
        (
            &made["source"],
            &made["slug"],
            &made["repo_url"],
            &made["template"]
        ),
        (&json!("upload"), &json!("site"), &Value::Null, &Value::Null)
    );
    owner
        .post("/projects/site/deployments", json!({}))
        .await
        .expect_problem(409, "nothing_to_deploy");
    owner
        .post("/projects/site/deployments", json!({"ref": "main"}))
        .await
        .expect(StatusCode::UNPROCESSABLE_ENTITY);
    owner
        .post("/projects/site/detect", json!({}))
        .await
        .expect_problem(409, "nothing_to_detect");
    let page = b"<h1>Hello</h1>".as_slice();
    let begun = owner.post(PATH, list(&[("index.html", page)])).await.json;
    let id = begun["id"].as_str().unwrap();
    put(&owner, id, &sha(page), page)
        .await
        .expect(StatusCode::NO_CONTENT);
    owner
        .post("/projects/site/deployments", json!({"upload": id}))
        .await
        .expect(StatusCode::ACCEPTED);
    assert!(api.claim().await.is_upload);
    // With a repository in its place it is a project like others.
    let patch = json!({"repo_url": "https://git.example.com/a/b"});
    let changed = owner
        .patch("/projects/site", patch)
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(changed["source"], "git");
    owner
        .post("/projects/site/deployments", json!({}))
        .await
        .expect(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn input_94_files_that_are_not_what_they_are_said_to_be_are_refused() {
    let (api, owner) = ready().await;
    let begun = owner.post(PATH, list(&[("a", b"right")])).await.json;
    let id = begun["id"].as_str().unwrap();
    put(&owner, id, &sha(b"right"), b"wrong")
        .await
        .expect_problem(422, "invalid");
    put(&owner, id, &sha(b"other"), b"other")
        .await
        .expect_problem(422, "invalid");
    put(&owner, id, "../../x", b"right")
        .await
        .expect_problem(404, "not_found");
    put(&owner, "upl_01h455vb4pex5vsknk084sn02q", &sha(b"right"), b"right")
        .await
        .expect_problem(404, "not_found");
    for entries in [
        json!([]),
        json!([{"path": "../x", "type": "file", "sha256": sha(b""), "size": 0}]),
        json!([{"path": "a", "type": "file", "sha256": "x", "size": 0}]),
        json!([{"path": "a", "type": "link", "target": "/etc/passwd"}]),
    ] {
        owner
            .post(PATH, json!({ "entries": entries }))
            .await
            .expect_problem(422, "invalid");
    }
    let huge = json!([{"path": "a", "type": "file", "sha256": sha(b""), "size": 600_u64 << 20}]);
    owner
        .post(PATH, json!({ "entries": huge }))
        .await
        .expect_problem(413, "upload_too_large");
    owner
        .post("/projects/site/deployments", json!({"upload": id, "ref": "main"}))
        .await
        .expect_problem(422, "invalid");
    assert_eq!(api.count("select count(*) from upload_files").await, 0);
}

#[tokio::test]
async fn a_file_of_one_project_is_not_known_to_another() {
    let (_api, owner) = ready().await;
    owner.project("second").await;
    let folder = list(&[("a", b"secret")]);
    let begun = owner.post(PATH, folder.clone()).await.json;
    put(&owner, begun["id"].as_str().unwrap(), &sha(b"secret"), b"secret")
        .await
        .expect(StatusCode::NO_CONTENT);
    let other = owner.post("/projects/second/uploads", folder).await.json;
    assert_eq!(
        other["missing"],
        json!([sha(b"secret")]),
        "knowing a digest is not having the file"
    );
    owner
        .post("/projects/second/deployments", json!({"upload": begun["id"]}))
        .await
        .expect_problem(409, "upload_gone");
}

#[tokio::test]
async fn a_folder_can_come_as_an_archive() {
    let (api, owner) = ready().await;
    let folder = [
        raw("./", b'5', ""),
        raw("./index.html", b'0', "<h1>Hello</h1>"),
        raw("./bin/", b'5', ""),
        Raw {
            mode: 0o755,
            ..raw("./bin/run", b'0', "#!/bin/sh")
        },
        link("./home", b'2', "index.html"),
        raw("./empty", b'0', ""),
    ];
    let plain = archive(&owner, "application/x-tar", tar(&folder))
        .await
        .expect(StatusCode::CREATED)
        .json;
    let packed = archive(&owner, "application/gzip", gzip(&tar(&folder)))
        .await
        .expect(StatusCode::CREATED)
        .json;
    assert_eq!(plain, packed, "the same folder is the same upload");
    assert_eq!(plain["missing"], json!([]));
    owner
        .post("/projects/site/deployments", json!({"upload": plain["id"]}))
        .await
        .expect(StatusCode::ACCEPTED);
    let entries = api
        .store
        .upload_entries(api.claim().await.lease.deployment_id)
        .await
        .unwrap()
        .unwrap();
    let listed = serde_json::to_value(entries).unwrap();
    let file = |path: &str, content: &[u8], executable: bool| json!({"path": path, "type": "file", "sha256": sha(content), "size": content.len(), "executable": executable});
    assert_eq!(
        listed,
        json!([
            file("bin/run", b"#!/bin/sh", true),
            file("empty", b"", false),
            {"path": "home", "type": "link", "target": "index.html"},
            file("index.html", b"<h1>Hello</h1>", false),
        ])
    );
}

#[tokio::test]
async fn input_92_an_archive_with_anything_odd_in_it_is_refused_as_a_whole() {
    let (api, owner) = ready().await;
    let good = || raw("index.html", b'0', "<h1>Hello</h1>");
    let long_name = |name: &str| Raw {
        ..raw(name, b'L', &"n".repeat(5000))
    };
    let pax = |record: &str| raw("pax", b'x', &format!("{} {record}\n", record.len() + 4));
    let cases: Vec<(&str, Vec<Raw>)> = vec![
        ("climbs", vec![raw("../x", b'0', "x")]),
        ("absolute", vec![raw("/abs", b'0', "x")]),
        ("Git's own", vec![raw(".git/hooks/post-checkout", b'0', "x")]),
        ("link out", vec![link("out", b'2', "../../etc")]),
        (
            "link, then file through it",
            vec![link("d", b'2', "."), raw("d/x", b'0', "x")],
        ),
        (
            "file, then file below it",
            vec![raw("d", b'0', "x"), raw("d/x", b'0', "x")],
        ),
        ("hard link", vec![link("pw", b'1', "/etc/passwd")]),
        ("hard link inside", vec![good(), link("same", b'1', "index.html")]),
        ("character device", vec![raw("null", b'3', "")]),
        ("block device", vec![raw("disk", b'4', "")]),
        ("pipe", vec![raw("pipe", b'6', "")]),
        ("sparse", vec![raw("sparse", b'S', "")]),
        (
            "setuid",
            vec![Raw {
                mode: 0o4755,
                ..raw("su", b'0', "x")
            }],
        ),
        ("twice", vec![raw("a", b'0', "1"), raw("a", b'0', "2")]),
        ("long name", vec![long_name("././@LongLink"), raw("n", b'0', "x")]),
        (
            "two sizes",
            vec![pax("size=3"), raw("a", b'0', "longer than three")],
        ),
        ("newline in a name", vec![raw("a\nb", b'0', "x")]),
        (
            "said to be a terabyte",
            vec![Raw {
                size: Some(1 << 40),
                ..raw("big", b'0', "x")
            }],
        ),
    ];
    for (what, entries) in cases {
        let mut all = vec![good()];
        all.extend(entries);
        // A name that stands alone must not hide behind the good file's.
        let answer = archive(&owner, "application/x-tar", tar(&all)).await;
        assert!(
            matches!(answer.status.as_u16(), 413 | 422),
            "{what}: {} {}",
            answer.status,
            answer.text
        );
    }
    assert_eq!(api.count("select count(*) from uploads").await, 0);
    assert_eq!(api.count("select count(*) from upload_files").await, 0);
}

#[tokio::test]
async fn inputs_93_and_94_what_is_no_whole_archive_is_refused() {
    let (api, owner) = ready().await;
    let good = || [raw("index.html", b'0', "<h1>Hello</h1>")];
    let mut trailing = tar(&good());
    trailing.extend_from_slice(&tar(&good()));
    let whole = tar(&[raw("index.html", b'0', &"x".repeat(4000))]);
    for (what, kind, body, status) in [
        ("nothing", "application/x-tar", Vec::new(), 422),
        ("no entries", "application/x-tar", tar(&[]), 422),
        (
            "cut off in a file",
            "application/x-tar",
            whole[..1500].to_vec(),
            422,
        ),
        (
            "cut off before its end",
            "application/x-tar",
            tar_without_end(&good()),
            422,
        ),
        ("two archives", "application/x-tar", trailing, 422),
        ("gzip as tar", "application/x-tar", gzip(&tar(&good())), 422),
        ("tar as gzip", "application/gzip", tar(&good()), 422),
        (
            "gzip of gzip",
            "application/gzip",
            gzip(&gzip(&tar(&good()))),
            422,
        ),
        (
            "gzip cut off",
            "application/gzip",
            gzip(&whole)[..40].to_vec(),
            422,
        ),
        ("zip", "application/zip", b"PK\x03\x04".to_vec(), 415),
        ("zip as tar", "application/x-tar", b"PK\x03\x04".repeat(300), 422),
        ("zstd", "application/zstd", vec![0x28, 0xb5, 0x2f, 0xfd], 415),
        ("no type", "text/plain", tar(&good()), 415),
    ] {
        let answer = archive(&owner, kind, body).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text);
    }
    // A megabyte of gzip that becomes more than any folder may have.
    let bomb = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut head = tar_without_end(&[Raw {
            size: Some(60 << 20),
            ..raw("zeros", b'0', "")
        }]);
        head.truncate(512);
        for number in 0..10 {
            let mut header = head.clone();
            header[0] = b'a' + number;
            let sum: u32 = header
                .iter()
                .enumerate()
                .map(|(at, byte)| {
                    if (148..156).contains(&at) {
                        32
                    } else {
                        u32::from(*byte)
                    }
                })
                .sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            encoder.write_all(&header).unwrap();
            for _ in 0..60 {
                encoder.write_all(&vec![0; 1 << 20]).unwrap();
            }
        }
        encoder.finish().unwrap()
    };
    archive(&owner, "application/gzip", bomb)
        .await
        .expect_problem(413, "upload_too_large");
    assert_eq!(api.count("select count(*) from uploads").await, 0);
}

#[tokio::test]
async fn uploads_that_nobody_uses_are_removed() {
    let (api, owner) = ready().await;
    let used = archive(&owner, "application/x-tar", tar(&[raw("a", b'0', "used")]))
        .await
        .json;
    archive(&owner, "application/x-tar", tar(&[raw("a", b'0', "unused")]))
        .await
        .expect(StatusCode::CREATED);
    owner
        .post("/projects/site/deployments", json!({"upload": used["id"]}))
        .await
        .expect(StatusCode::ACCEPTED);
    assert_eq!(
        api.store.purge_uploads().await.unwrap(),
        0,
        "an interrupted one may go on"
    );
    api.sql("update uploads set used_at = now() - interval '3 days'")
        .await;
    api.sql("update upload_files set used_at = now() - interval '3 days'")
        .await;
    assert_eq!(api.store.purge_uploads().await.unwrap(), 1);
    assert_eq!(api.count("select count(*) from uploads").await, 1);
}
