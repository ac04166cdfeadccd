//! Static sites over real sockets: addresses, fallbacks, conditions, ranges, encodings, rules.

use aether_models::{Encoding, PlatformPage};

use crate::support::client::Client;
use crate::support::{TestProxy, TestSite};

const HOST: &str = "site.apps.example";

fn site() -> TestSite {
    TestSite::new()
        .html("index.html", "home")
        .html("about.html", "about")
        .html("docs/index.html", "docs")
        .html("404.html", "nothing here")
        .html("docs/404.html", "no such doc")
        .file(
            "video.bin",
            "application/octet-stream",
            (0..=255).collect::<Vec<u8>>(),
        )
        .full_file(
            "app.abc123.js",
            "text/javascript; charset=utf-8",
            "plain js",
            true,
            &Encoding::ALL,
        )
        .file(".well-known/x", "text/plain", "known")
        .file("a b.txt", "text/plain; charset=utf-8", "spaced")
        .file("empty.txt", "text/plain; charset=utf-8", "")
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_serve_redirect_or_fall_back() {
    let proxy = TestProxy::start().await;
    proxy.site(HOST, &site()).await;
    for (target, status, expected) in [
        ("/", 200, "home"),
        ("/about", 200, "about"),
        ("/docs/", 200, "docs"),
        ("/a%20b.txt", 200, "spaced"),
        ("/empty.txt", 200, ""),
        ("/.well-known/x", 200, "known"),
        ("/nope", 404, "nothing here"),
        ("/docs/nope/x", 404, "no such doc"),
        ("/about.html?q=1", 308, "/about?q=1"),
        ("/docs", 308, "/docs/"),
        ("/index.html", 308, "/"),
        ("/about/", 308, "/about"),
    ] {
        let answer = Client::get(proxy.addr, HOST, target, "").await;
        assert_eq!(answer.status, status, "{target}");
        let got = if status == 308 {
            answer.header("location").unwrap()
        } else {
            answer.text()
        };
        assert_eq!(got, expected, "{target}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_say_type_version_and_how_long() {
    let proxy = TestProxy::start().await;
    proxy.site(HOST, &site()).await;
    let page = Client::get(proxy.addr, HOST, "/about", "").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(
        page.header("cache-control"),
        Some("public, max-age=0, must-revalidate")
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        page.header("last-modified"),
        Some("Tue, 14 Nov 2023 22:13:20 GMT")
    );
    assert!(page.header("etag").unwrap().starts_with('"') && page.header("date").is_some());
    let script = Client::get(proxy.addr, HOST, "/app.abc123.js", "").await;
    assert_eq!(
        script.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    let missing = Client::get(
        proxy.addr,
        HOST,
        "/nope",
        "If-None-Match: *\r\nRange: bytes=0-0\r\n",
    )
    .await;
    assert_eq!((missing.status, missing.header("etag")), (404, None));
    let head = Client::once(
        proxy.addr,
        &format!("HEAD /about HTTP/1.1\r\nHost: {HOST}\r\n\r\n"),
    )
    .await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("5")));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PURGE"] {
        let answer = Client::once(
            proxy.addr,
            &format!("{method} / HTTP/1.1\r\nHost: {HOST}\r\n\r\n"),
        )
        .await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET, HEAD")),
            "{method}"
        );
    }
    proxy.stop().await;
}

/// Sizes around the ones from which a file is written, kept or sent in another way.
#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_size_arrive_whole_however_they_are_asked_for() {
    let sizes = [
        7_000, 20_000, 65_535, 65_536, 300_001, 1_048_576, 1_048_577, 3_000_000,
    ];
    let contents = |size: usize| -> Vec<u8> { (0..size).map(|n| ((n * 31 + size) % 251) as u8).collect() };
    let mut site = TestSite::new();
    for size in sizes {
        site = site.file(&size.to_string(), "application/octet-stream", contents(size));
    }
    let proxy = TestProxy::start().await;
    proxy.site(HOST, &site).await;
    let request = |method: &str, size: usize, fields: &str| {
        format!("{method} /{size} HTTP/1.1\r\nHost: {HOST}\r\n{fields}\r\n")
    };
    let mut client = Client::connect(proxy.addr).await;
    // The first answer is made from the disk, the next ones from memory.
    for size in sizes.into_iter().chain(sizes) {
        client.send(request("GET", size, "").as_bytes()).await;
        assert!(
            client.answer("GET").await.unwrap().body == contents(size),
            "{size}"
        );
        client.send(request("HEAD", size, "").as_bytes()).await;
        assert!(client.answer("HEAD").await.unwrap().body.is_empty());
        let range = format!("Range: bytes=1000-{}\r\n", size - 9);
        client.send(request("GET", size, &range).as_bytes()).await;
        let part = client.answer("GET").await.unwrap();
        assert!(
            part.status == 206 && part.body == contents(size)[1000..size - 8],
            "{size}"
        );
    }
    // All at once, to a client that lets them wait: answers are written in pieces, and while one is, the next is made.
    let twice: Vec<usize> = sizes.into_iter().flat_map(|size| [size, size]).collect();
    let all: String = twice.iter().map(|&size| request("GET", size, "")).collect();
    client.send(all.as_bytes()).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    for size in twice {
        let answer = client.answer("GET").await.unwrap();
        assert!(answer.body == contents(size), "{size}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_and_ranges_are_honoured_per_encoding() {
    let proxy = TestProxy::start().await;
    proxy.site(HOST, &site()).await;
    let plain = Client::get(proxy.addr, HOST, "/app.abc123.js", "").await;
    let brotli = Client::get(
        proxy.addr,
        HOST,
        "/app.abc123.js",
        "Accept-Encoding: gzip, deflate, br\r\n",
    )
    .await;
    assert_eq!(brotli.text(), "br:app.abc123.js");
    assert_eq!(brotli.header("content-encoding"), Some("br"));
    assert_eq!(
        (plain.header("vary"), brotli.header("vary")),
        (Some("accept-encoding"), Some("accept-encoding"))
    );
    let (plain_tag, brotli_tag) = (plain.header("etag").unwrap(), brotli.header("etag").unwrap());
    assert_ne!(plain_tag, brotli_tag);
    let again =
        |fields: String| async move { Client::get(proxy.addr, HOST, "/app.abc123.js", &fields).await };
    let known = again(format!("Accept-Encoding: br\r\nIf-None-Match: {brotli_tag}\r\n")).await;
    assert_eq!(
        (known.status, known.header("etag"), known.header("vary")),
        (304, Some(brotli_tag), Some("accept-encoding"))
    );
    assert_eq!(
        again(format!("Accept-Encoding: br\r\nIf-None-Match: {plain_tag}\r\n"))
            .await
            .status,
        200
    );
    assert_eq!(again("If-Match: \"x\"\r\n".to_owned()).await.status, 412);
    let part = again(format!(
        "Accept-Encoding: br\r\nRange: bytes=0-4\r\nIf-Range: {plain_tag}\r\n"
    ))
    .await;
    assert_eq!(
        (part.status, part.text(), part.header("content-range")),
        (206, "plain", Some("bytes 0-4/8"))
    );
    let changed = again("Range: bytes=0-4\r\nIf-Range: \"old\"\r\n".to_owned()).await;
    assert_eq!((changed.status, changed.text()), (200, "plain js"));
}

#[tokio::test(flavor = "multi_thread")]
async fn input_85_ranges_give_206_416_or_the_whole() {
    let proxy = TestProxy::start().await;
    proxy.site(HOST, &site()).await;
    for (range, status, length) in [
        ("bytes=0-0", 206, 1),
        ("bytes=-6", 206, 6),
        ("bytes=250-", 206, 6),
        ("bytes=9999999999-", 416, 0),
        ("bytes=5-1", 200, 256),
        ("lines=1-2", 200, 256),
    ] {
        let answer = Client::get(proxy.addr, HOST, "/video.bin", &format!("Range: {range}\r\n")).await;
        assert_eq!((answer.status, answer.body.len()), (status, length), "{range}");
    }
    let several = Client::get(proxy.addr, HOST, "/video.bin", "Range: bytes=0-1,65-66\r\n").await;
    let boundary = several
        .header("content-type")
        .unwrap()
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let text = String::from_utf8_lossy(&several.body).into_owned();
    assert_eq!((several.status, text.matches(boundary).count()), (206, 3));
    assert!(text.contains("content-range: bytes 65-66/256\r\n\r\nAB\r\n"));
    let bomb = format!(
        "Range: bytes={}\r\nAccept-Encoding: {}\r\n",
        "0-0,".repeat(1000),
        "br,".repeat(3000)
    );
    let answer = Client::get(proxy.addr, HOST, "/video.bin", &bomb).await;
    assert_eq!((answer.status, answer.body.len()), (200, 256));
    proxy.stop().await;
}

/// A part is always one of the plain file: the client can put parts together whatever it accepted at the time. So the tag
/// of an encoded form never fits a range, and a client that holds such a form gets a whole one again.
#[tokio::test(flavor = "multi_thread")]
async fn parts_are_parts_of_the_plain_file_whatever_is_accepted() {
    let proxy = TestProxy::start().await;
    proxy.site(HOST, &site()).await;
    let get = |fields: String| async move { Client::get(proxy.addr, HOST, "/app.abc123.js", &fields).await };
    let brotli = get("Accept-Encoding: br\r\n".to_owned()).await;
    let tag = brotli.header("etag").unwrap();
    for fields in [
        "Range: bytes=0-4\r\n",
        "Accept-Encoding: br, gzip\r\nRange: bytes=0-4\r\n",
    ] {
        let part = get(fields.to_owned()).await;
        assert_eq!((part.status, part.text()), (206, "plain"), "{fields}");
        assert_eq!(
            (part.header("content-encoding"), part.header("content-range")),
            (None, Some("bytes 0-4/8"))
        );
        assert_eq!(part.header("vary"), Some("accept-encoding"));
        assert_ne!(part.header("etag"), Some(tag));
    }
    let whole = get(format!(
        "Accept-Encoding: br\r\nRange: bytes=3-\r\nIf-Range: {tag}\r\n"
    ))
    .await;
    assert_eq!(
        (whole.status, whole.text(), whole.header("content-range")),
        (200, "plain js", None)
    );
    let nothing = get("Accept-Encoding: br\r\nRange: bytes=8-\r\n".to_owned()).await;
    assert_eq!(
        (nothing.status, nothing.header("content-range")),
        (416, Some("bytes */8"))
    );
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_85_ten_parts_are_given_and_eleven_are_the_whole() {
    let proxy = TestProxy::start().await;
    proxy.site(HOST, &site()).await;
    let parts = |count: usize| {
        (0..count)
            .map(|n| format!("{}-{}", 5 * n, 5 * n))
            .collect::<Vec<_>>()
            .join(",")
    };
    for (ranges, status, is_multipart) in [
        (parts(10), 206, true),
        (parts(11), 200, false),
        ("0-200,100-255".to_owned(), 200, false),
        ("900-,901-".to_owned(), 416, false),
        ("3-3,900-".to_owned(), 206, false),
    ] {
        let answer = Client::get(
            proxy.addr,
            HOST,
            "/video.bin",
            &format!("Range: bytes={ranges}\r\n"),
        )
        .await;
        let content_type = answer.header("content-type").unwrap_or_default();
        assert_eq!(
            (answer.status, content_type.starts_with("multipart/")),
            (status, is_multipart),
            "{ranges}"
        );
        assert!(
            answer.body.len() < 256 + 10 * 150,
            "{ranges}: {} bytes",
            answer.body.len()
        );
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_84_paths_stay_inside_and_dot_files_do_not_exist() {
    let proxy = TestProxy::start().await;
    let site = site()
        .file(".env", "text/plain", "SECRET")
        .file(".git/config", "text/plain", "SECRET")
        .spa();
    proxy.site(HOST, &site).await;
    for (target, status) in [
        ("/../etc/passwd", 400),
        ("/%2e%2e/%2e%2e/etc/passwd", 400),
        ("/%00", 400),
        ("/%zz", 400),
        ("/%ff", 400),
        ("/.env", 404),
        ("/%2eenv", 404),
        ("/.git/config", 404),
        ("//.git//config", 404),
        ("/docs/../about", 200),
        ("//about", 200),
        ("/a;b", 200),
        ("/%5c..%5cx", 200),
    ] {
        let answer = Client::get(proxy.addr, HOST, target, "").await;
        assert_eq!(answer.status, status, "{target}");
        assert!(!answer.text().contains("SECRET"), "{target}");
    }
    // A double slash must not become a redirect to another host.
    let answer = Client::get(proxy.addr, HOST, "//docs", "").await;
    assert_eq!((answer.status, answer.header("location")), (308, Some("/docs/")));
    let long = Client::get(proxy.addr, HOST, &format!("/?{}", "q".repeat(64 * 1024)), "").await;
    assert_eq!(long.status, 414);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_page_app_answers_every_path_and_rules_apply() {
    let proxy = TestProxy::start().await;
    let spa = TestSite::new()
        .html("index.html", "app")
        .file("main.js", "text/javascript", "js")
        .spa()
        .rules(
            "/old/* /new/:splat\n/main.js /x 301!",
            "/*\n  X-Frame-Options: DENY\n  Cache-Control: no-store",
        );
    proxy.site(HOST, &spa).await;
    let deep = Client::get(proxy.addr, HOST, "/users/7", "").await;
    assert_eq!(
        (deep.status, deep.text(), deep.header("x-frame-options")),
        (200, "app", Some("DENY"))
    );
    assert_eq!(deep.header("cache-control"), Some("no-store"));
    let old = Client::get(proxy.addr, HOST, "/old/a?b=c", "").await;
    assert_eq!((old.status, old.header("location")), (301, Some("/new/a?b=c")));
    assert_eq!(Client::get(proxy.addr, HOST, "/main.js", "").await.status, 301);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_are_streamed_whole_and_in_part() {
    let proxy = TestProxy::start().await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    proxy
        .site(
            HOST,
            &TestSite::new().file("big", "application/octet-stream", large.clone()),
        )
        .await;
    let whole = Client::get(proxy.addr, HOST, "/big", "").await;
    assert!(whole.body == large);
    let part = Client::get(proxy.addr, HOST, "/big", "Range: bytes=1000000-2999998\r\n").await;
    assert_eq!(part.status, 206);
    assert!(part.body == large[1_000_000..2_999_999]);
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn input_86_pages_of_the_platform_have_their_status_and_no_inside() {
    let proxy = TestProxy::start().await;
    for (host, page, status) in [
        ("new.apps.example", PlatformPage::NotDeployed, 404),
        ("building.apps.example", PlatformPage::Building, 503),
        ("failed.apps.example", PlatformPage::Failed, 503),
        ("stopped.apps.example", PlatformPage::Stopped, 404),
    ] {
        proxy.page(host, page).await;
        let answer = Client::get(proxy.addr, host, "/any", "").await;
        assert_eq!(answer.status, status, "{host}");
        assert!(answer.text().starts_with("<!doctype html>"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let unknown = Client::get(proxy.addr, "unknown.example", "/", "Accept: application/json\r\n").await;
    assert_eq!(
        (unknown.status, unknown.header("content-type")),
        (404, Some("application/problem+json"))
    );
    assert!(unknown.text().contains("\"code\":\"unknown_host\""));
    // A release whose files are gone is nobody's fault but ours.
    let id = proxy.site(HOST, &site()).await;
    let folder = proxy
        .folder
        .path()
        .join("deployments")
        .join(id.uuid().hyphenated().to_string());
    std::fs::remove_dir_all(folder).unwrap();
    let gone = Client::get(proxy.addr, HOST, "/", "").await;
    assert_eq!(gone.status, 503);
    assert!(!gone.text().contains("deployments"));
    proxy.stop().await;
}
