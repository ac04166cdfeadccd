//! The words of Git's fetch protocol, versions 2 and 0: what we send and how the answers read. No I/O.
//! Source: <https://git-scm.com/docs/protocol-v2>, <https://git-scm.com/docs/pack-protocol>.

use git2::Oid;

use super::GitError;
use super::pkt_line::{Packet, PacketWriter};
use super::remote::RemoteRef;

const AGENT: &str = concat!("agent=aether/", env!("CARGO_PKG_VERSION"));

/// What the server said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Advertisement {
    /// Version 2: refs are asked for.
    V2,
    /// Version 0: the refs came along.
    V0 {
        /// All of them.
        refs: Vec<RemoteRef>,
        /// What it can do.
        capabilities: Vec<String>,
    },
}

/// What is wanted and what is here already.
#[derive(Debug, Clone)]
pub(super) struct FetchWants {
    pub(super) want: Oid,
    pub(super) haves: Vec<Oid>,
    pub(super) shallow: Vec<Oid>,
}

/// Reads the answer to `GET info/refs`.
pub(super) fn parse_advertisement(packets: &[Packet]) -> Result<Advertisement, GitError> {
    let mut lines = packets.iter().filter_map(Packet::line).peekable();
    if lines.peek().is_some_and(|line| line.starts_with("# service=")) {
        lines.next();
    }
    match lines.peek() {
        Some(&"version 2") => parse_v2_capabilities(lines.skip(1)),
        Some(_) => parse_v0_refs(packets),
        // An empty repository before version 2 may answer with nothing at all.
        None => Ok(Advertisement::V0 {
            refs: Vec::new(),
            capabilities: Vec::new(),
        }),
    }
}

fn parse_v2_capabilities<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Advertisement, GitError> {
    for line in lines {
        if let Some(format) = line
            .strip_prefix("object-format=")
            .filter(|format| *format != "sha1")
        {
            return Err(GitError::Protocol(format!(
                "the repository uses {format} object ids, which are not supported"
            )));
        }
    }
    Ok(Advertisement::V2)
}

fn parse_v0_refs(packets: &[Packet]) -> Result<Advertisement, GitError> {
    let mut refs: Vec<RemoteRef> = Vec::new();
    let mut capabilities = Vec::new();
    for line in packets
        .iter()
        .filter_map(Packet::line)
        .filter(|line| !line.starts_with("# service="))
    {
        if let Some(words) = line.strip_prefix("ERR ") {
            return Err(GitError::Refused(words.to_owned()));
        }
        let (head, tail) = line.split_once('\0').unwrap_or((line, ""));
        if !tail.is_empty() {
            capabilities = tail.split_ascii_whitespace().map(str::to_owned).collect();
        }
        let (oid, name) = head.split_once(' ').ok_or_else(|| malformed("a ref"))?;
        let oid = parse_oid(oid)?;
        match name.strip_suffix("^{}") {
            // An empty repository advertises its capabilities on a name that no ref can have.
            Some("capabilities") => {}
            Some(tag) => {
                if let Some(tag) = refs.last_mut().filter(|last| last.name == tag) {
                    tag.commit = oid;
                }
            }
            None => refs.push(RemoteRef {
                name: name.to_owned(),
                commit: oid,
                symref_target: None,
            }),
        }
    }
    let target = capabilities
        .iter()
        .find_map(|capability| capability.strip_prefix("symref=HEAD:"));
    if let (Some(target), Some(head)) = (target, refs.iter_mut().find(|found| found.name == "HEAD")) {
        head.symref_target = Some(target.to_owned());
    }
    Ok(Advertisement::V0 { refs, capabilities })
}

/// Asks for the refs under some prefixes (version 2).
pub(super) fn ls_refs_request(prefixes: &[&str]) -> Vec<u8> {
    let mut writer = PacketWriter::default();
    writer
        .line("command=ls-refs")
        .line(AGENT)
        .delimiter()
        .line("peel")
        .line("symrefs");
    for prefix in prefixes {
        writer.line(&format!("ref-prefix {prefix}"));
    }
    writer.flush().finish()
}

/// One line of the answer to [`ls_refs_request`].
pub(super) fn parse_ls_refs_line(line: &str) -> Result<Option<RemoteRef>, GitError> {
    if let Some(words) = line.strip_prefix("ERR ") {
        return Err(GitError::Refused(words.to_owned()));
    }
    let mut words = line.split(' ');
    let (Some(oid), Some(name)) = (words.next(), words.next()) else {
        return Err(malformed("a ref"));
    };
    if oid == "unborn" {
        return Ok(None);
    }
    let mut found = RemoteRef {
        name: name.to_owned(),
        commit: parse_oid(oid)?,
        symref_target: None,
    };
    for attribute in words {
        if let Some(target) = attribute.strip_prefix("symref-target:") {
            found.symref_target = Some(target.to_owned());
        } else if let Some(peeled) = attribute.strip_prefix("peeled:") {
            found.commit = parse_oid(peeled)?;
        }
    }
    Ok(Some(found))
}

/// Asks for one commit without its history, as a delta to what is here.
pub(super) fn fetch_request(advertisement: &Advertisement, wants: &FetchWants) -> Vec<u8> {
    let mut writer = PacketWriter::default();
    match advertisement {
        Advertisement::V2 => {
            // Only a thin pack leaves out what the shallow commits here have (`--objects-edge-aggressive` on the server).
            writer
                .line("command=fetch")
                .line(AGENT)
                .delimiter()
                .line("ofs-delta")
                .line("thin-pack");
            writer.line(&format!("want {}", wants.want));
            shallow_lines(&mut writer, wants);
            have_lines(&mut writer, wants);
            writer.line("done").flush().finish()
        }
        Advertisement::V0 { capabilities, .. } => {
            let known = ["side-band-64k", "ofs-delta", "shallow", "thin-pack"];
            let ours = known
                .into_iter()
                .filter(|name| capabilities.iter().any(|have| have == name));
            let ours: Vec<&str> = ours.chain([AGENT]).collect();
            writer.line(&format!("want {} {}", wants.want, ours.join(" ")));
            if capabilities.iter().any(|have| have == "shallow") {
                shallow_lines(&mut writer, wants);
            }
            writer.flush();
            have_lines(&mut writer, wants);
            writer.line("done").finish()
        }
    }
}

fn shallow_lines(writer: &mut PacketWriter, wants: &FetchWants) {
    for oid in &wants.shallow {
        writer.line(&format!("shallow {oid}"));
    }
    writer.line("deepen 1");
}

fn have_lines(writer: &mut PacketWriter, wants: &FetchWants) {
    for oid in &wants.haves {
        writer.line(&format!("have {oid}"));
    }
}

/// What one packet of the answer to [`fetch_request`] means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FetchEvent {
    /// Bytes of the pack.
    Pack(bytes::Bytes),
    /// Words for people.
    Progress(String),
    /// The history ends at this commit.
    Shallow(Oid),
    /// The history does not end there any more.
    Unshallow(Oid),
    /// Nothing of interest.
    Nothing,
}

/// Reads one packet of the answer. Every server we talk to multiplexes: version 2 always does, and a version 0 server
/// without `side-band-64k` was refused before.
pub(super) fn parse_fetch_packet(packet: &Packet) -> Result<FetchEvent, GitError> {
    let Packet::Data(data) = packet else {
        return Ok(FetchEvent::Nothing);
    };
    match data.first() {
        Some(1) => return Ok(FetchEvent::Pack(data.slice(1..))),
        Some(2) => {
            return Ok(FetchEvent::Progress(
                String::from_utf8_lossy(&data[1..]).into_owned(),
            ));
        }
        Some(3) => {
            return Err(GitError::Refused(
                String::from_utf8_lossy(&data[1..]).trim().to_owned(),
            ));
        }
        _ => {}
    }
    let line = packet.line().ok_or_else(|| malformed("a line"))?;
    if let Some(words) = line.strip_prefix("ERR ") {
        return Err(GitError::Refused(words.to_owned()));
    }
    if let Some(oid) = line.strip_prefix("shallow ") {
        return Ok(FetchEvent::Shallow(parse_oid(oid)?));
    }
    if let Some(oid) = line.strip_prefix("unshallow ") {
        return Ok(FetchEvent::Unshallow(parse_oid(oid)?));
    }
    let known = [
        "ACK ",
        "NAK",
        "ready",
        "acknowledgments",
        "shallow-info",
        "packfile",
        "wanted-refs",
    ];
    if known.iter().any(|word| line.starts_with(word)) {
        return Ok(FetchEvent::Nothing);
    }
    Err(malformed("a line"))
}

fn parse_oid(text: &str) -> Result<Oid, GitError> {
    // `Oid::from_str` takes abbreviations; the protocol has none.
    if text.len() != 40 {
        return Err(malformed("an object id"));
    }
    Oid::from_str(text).map_err(|_| malformed("an object id"))
}

fn malformed(what: &str) -> GitError {
    GitError::Protocol(format!("{what} cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::pkt_line::PacketReader;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";

    fn packets(lines: &[&str]) -> Vec<Packet> {
        let mut writer = PacketWriter::default();
        for line in lines {
            writer.line(line);
        }
        let mut reader = PacketReader::default();
        reader.push(&writer.flush().finish());
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    #[test]
    fn an_old_server_names_its_default_branch_among_its_capabilities() {
        let lines = [
            "# service=git-upload-pack".to_owned(),
            format!("{A} HEAD\0shallow side-band-64k symref=HEAD:refs/heads/trunk"),
            format!("{A} refs/heads/trunk"),
            format!("{A} refs/tags/v1"),
            format!("{B} refs/tags/v1^{{}}"),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let Advertisement::V0 { refs, capabilities } = parse_advertisement(&packets(&lines)).unwrap() else {
            panic!("not version 0")
        };
        assert_eq!(refs[0].symref_target.as_deref(), Some("refs/heads/trunk"));
        assert_eq!(
            refs[2].commit.to_string(),
            B,
            "a tag stands for the commit it names"
        );
        assert!(capabilities.contains(&"shallow".to_owned()));
    }

    #[test]
    fn repositories_with_other_object_ids_are_refused_in_words() {
        let error = parse_advertisement(&packets(&["version 2", "object-format=sha256"])).unwrap_err();
        assert!(error.to_string().contains("sha256"), "{error}");
    }

    #[test]
    fn refs_are_read_with_their_targets_and_peeled_commits() {
        let line = format!("{A} refs/tags/v1 peeled:{B}");
        assert_eq!(parse_ls_refs_line(&line).unwrap().unwrap().commit.to_string(), B);
        let line = format!("{A} HEAD symref-target:refs/heads/main");
        assert_eq!(
            parse_ls_refs_line(&line)
                .unwrap()
                .unwrap()
                .symref_target
                .as_deref(),
            Some("refs/heads/main")
        );
        assert!(
            parse_ls_refs_line("1234 refs/heads/x").is_err(),
            "an abbreviated id"
        );
        assert!(parse_ls_refs_line("ERR access denied").is_err());
    }
}
