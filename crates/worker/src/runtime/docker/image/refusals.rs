//! What a Dockerfile must not name, and the words in which that is said.

use std::net::IpAddr;

use aether_models::UserError;

use super::instructions::Instruction;

/// Folders of the kernel; a working directory there is a way out of the container (CVE-2024-21626).
const KERNEL_FOLDERS: &[&str] = &["/proc", "/sys", "/dev"];

/// A base image comes from a public registry: the engine fetches it with the machine's own network.
pub(super) fn check_base(line: usize, image: &str) -> Result<(), UserError> {
    if image.is_empty() || image.contains('$') {
        return Err(refused(
            line,
            "The base image cannot be told: an argument has no value.",
        ));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte);
    if !image.bytes().all(plain) {
        return Err(refused(line, "The base image has a name that no image can have."));
    }
    let Some((registry, _)) = image.split_once('/') else {
        return Ok(());
    };
    let is_registry = registry.contains(['.', ':']) || registry == "localhost";
    let is_address = registry.parse::<IpAddr>().is_ok()
        || registry.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let private = registry == "localhost"
        || registry.contains(':')
        || is_address
        || [".local", ".internal", ".localhost", ".lan", ".home.arpa"]
            .iter()
            .any(|end| registry.ends_with(end));
    if is_registry && private {
        return Err(refused(
            line,
            "Base images come from public registries, by name and without a port.",
        ));
    }
    Ok(())
}

/// The engine itself would fetch it.
pub(super) fn remote_add(instruction: &Instruction) -> Result<(), UserError> {
    let words = instruction
        .rest
        .split([' ', '\t', '[', ']', ',', '"'])
        .filter(|word| !word.is_empty());
    let remote = |word: &str| word.contains("://") || word.starts_with("git@");
    // A variable may hold an address.
    let sources: Vec<&str> = words.collect();
    let hidden = sources
        .split_last()
        .is_some_and(|(_, sources)| sources.iter().any(|word| word.contains('$')));
    if hidden || sources.iter().any(|word| remote(word)) {
        return Err(refused(
            instruction.lines.0,
            "ADD of a remote file is fetched with the machine's own network. Use RUN with curl or wget, or COPY.",
        ));
    }
    Ok(())
}

pub(super) fn in_kernel_folder(path: &str) -> bool {
    let path = unquoted(path.trim());
    let clean = path.replace("//", "/");
    KERNEL_FOLDERS
        .iter()
        .any(|folder| clean == *folder || clean.starts_with(&format!("{folder}/")))
        || clean.contains("/../")
}

pub(super) fn volume_of_root(paths: &str) -> bool {
    paths
        .split([' ', '[', ']', ',', '"', '\t'])
        .any(|path| path == "/")
}

pub(super) fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

pub(super) fn refused(line: usize, why: &str) -> UserError {
    let place = if line == 0 {
        String::new()
    } else {
        format!("Line {line}: ")
    };
    UserError::new(
        "dockerfile_refused",
        "The Dockerfile cannot be built here",
        format!("{place}{why}"),
    )
    .hint("Change the Dockerfile and deploy again.")
}
