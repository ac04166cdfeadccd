//! Fuzzing on the stable compiler: mutated inputs for everything that reads what strangers write.
//!
//! A target is a test. By itself it runs for a moment, in `bench/fuzz/run` for minutes (`AETHER_FUZZ_SECONDS`). There is
//! no coverage to be had here; instead a target tells what came out, and inputs with a new outcome join the corpus.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::SmallRng;

use crate::framing::{FrameWatch, Framing};
use crate::pick::host_name;

/// Inputs of a run without a time.
const QUICK: u64 = 20_000;
/// Longest input.
const LENGTH_MAX: usize = 4_096;
/// Largest corpus.
const CORPUS_MAX: usize = 20_000;

/// Calls `target` with mutations of `seeds` and `words`; what it returns is the outcome.
pub(crate) fn fuzz<T: Hash>(name: &str, seeds: &[&str], words: &[&str], target: impl Fn(&[u8]) -> T) {
    let time = std::env::var("AETHER_FUZZ_SECONDS")
        .ok()
        .map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    let mut random: SmallRng = rand::make_rng();
    let mut corpus: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let mut outcomes = HashSet::new();
    let (started, mut runs) = (Instant::now(), 0_u64);
    while time.map_or(runs < QUICK, |time| started.elapsed() < time) {
        for _ in 0..256 {
            let mut input = corpus[random.random_range(0..corpus.len())].clone();
            for _ in 0..random.random_range(1..6) {
                mutate(&mut input, words, &corpus, &mut random);
            }
            input.truncate(LENGTH_MAX);
            let shown = ShownOnPanic(name, &input);
            let mut hasher = DefaultHasher::new();
            target(&input).hash(&mut hasher);
            drop(shown);
            if outcomes.insert(hasher.finish()) && corpus.len() < CORPUS_MAX {
                corpus.push(input);
            }
            runs += 1;
        }
    }
    println!(
        "{name}: {runs} inputs in {:.0} s, {} outcomes, no fault",
        started.elapsed().as_secs_f64(),
        outcomes.len()
    );
}

/// Prints the input that a target could not stand.
struct ShownOnPanic<'i>(&'i str, &'i [u8]);

impl Drop for ShownOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}: {:?}", self.0, String::from_utf8_lossy(self.1));
            println!("{}: {:?}", self.0, self.1);
        }
    }
}

fn mutate(input: &mut Vec<u8>, words: &[&str], corpus: &[Vec<u8>], random: &mut SmallRng) {
    let at = random.random_range(0..=input.len());
    let end = (at + random.random_range(0..16)).min(input.len());
    match random.random_range(0..9) {
        0..3 => {
            let word = words[random.random_range(0..words.len())];
            input.splice(at..at, word.bytes());
        }
        3 => input.insert(at, random.random()),
        4 if at < input.len() => input[at] ^= 1_u8 << random.random_range(0..8_u8),
        5 => drop(input.drain(at..end)),
        6 => {
            let piece = input[at..end].repeat(random.random_range(1..20));
            input.splice(at..at, piece);
        }
        7 => {
            let other = &corpus[random.random_range(0..corpus.len())];
            input.truncate(at);
            input.extend_from_slice(&other[random.random_range(0..=other.len())..]);
        }
        _ => input.truncate(at),
    }
}

#[test]
fn fuzz_host() {
    let words = [
        "example.com",
        ":80",
        "[::1]",
        ".",
        "..",
        "-",
        "_",
        "@",
        ":",
        "65536",
        "\u{e4}",
        "\0",
        " ",
        "a",
    ];
    fuzz(
        "host",
        &["example.com:3005", "[2001:db8::1]:80"],
        &words,
        |bytes| {
            let host = host_name(bytes)?;
            assert!(
                host.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b":.-_".contains(&b))
            );
            // What came out names the same host again.
            if !host.contains(':') && !host.is_empty() && !host.ends_with('.') {
                assert_eq!(host_name(host.as_bytes()).as_deref(), Some(&*host));
            }
            Some((host.len(), host.contains(':'), host.ends_with('.')))
        },
    );
}

#[test]
fn fuzz_framing() {
    let seeds = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\nA: b\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nxyz",
    ];
    let words = [
        "\r\n",
        "\n",
        "\r",
        "\0",
        "Host: a\r\n",
        "Content-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "0\r\n\r\n",
        "Content-Length:",
        " ",
        "\t",
        "chunked",
        "identity",
        "HTTP/1.0",
        "ffffffffffffffff",
        "3\r\nabc\r\n",
        ";",
        ":",
    ];
    fuzz("framing", &seeds, &words, |bytes| {
        let run = |length: usize| {
            let (mut framing, mut passed) = (Framing::new(), Vec::new());
            let outcome = bytes
                .chunks(length)
                .try_for_each(|piece| framing.accept(piece, |bytes| passed.extend_from_slice(bytes)));
            (outcome, passed)
        };
        let (outcome, passed) = run(LENGTH_MAX);
        assert!(
            bytes.starts_with(&passed),
            "only what was sent is passed, in its order"
        );
        assert_eq!(outcome.is_ok(), run(3).0.is_ok(), "how it is cut does not matter");
        (outcome.err().map(|refusal| refusal as u8), passed.len())
    });
}

#[test]
fn fuzz_frames() {
    fuzz(
        "frames",
        &["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0"],
        &[
            "\0\0\0\u{4}\0\0\0\0\0",
            "\0\0\u{8}\u{6}\0\0\0\0\0AAAAAAAA",
            "\0\u{1}",
            "\0\0\0\0\0\0\0\0\u{1}",
        ],
        |bytes| {
            let (mut whole, mut cut) = (FrameWatch::new(0), FrameWatch::new(0));
            let outcome = whole.accept(bytes, 0, 0);
            let same = bytes.chunks(2).try_for_each(|piece| cut.accept(piece, 0, 0));
            assert_eq!(outcome, same);
            (outcome.is_ok(), bytes.len() / 16)
        },
    );
}
