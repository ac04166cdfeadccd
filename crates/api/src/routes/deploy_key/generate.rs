//! A new ed25519 key in the two forms that OpenSSH reads.
//!
//! Source: <https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key>, RFC 8709.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::Rng;
use ring::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

const TYPE: &str = "ssh-ed25519";
const COMMENT: &str = "aether";
/// The private part is padded to whole blocks, also when it is not encrypted.
const BLOCK: usize = 8;
/// Characters of base64 on a line.
const LINE: usize = 70;

/// A key.
pub(super) struct DeployKey {
    /// `ssh-ed25519 AAAA… aether`.
    pub(super) public: String,
    /// `-----BEGIN OPENSSH PRIVATE KEY-----…`
    pub(super) private: Zeroizing<String>,
}

impl DeployKey {
    /// A key made of new randomness.
    ///
    /// # Errors
    /// When the library refuses the seed, which it does for none of 32 bytes.
    pub(super) fn generate() -> Result<Self, ring::error::KeyRejected> {
        let mut random = Zeroizing::new([0; 36]);
        rand::rng().fill_bytes(random.as_mut_slice());
        let (seed, check) = random.split_at(32);
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)?;
        let public = pair.public_key().as_ref();
        let blob = [string(TYPE.as_bytes()), string(public)].concat();
        let mut secret = Zeroizing::new([check, check].concat());
        secret.extend_from_slice(&blob);
        secret.extend_from_slice(&string(&Zeroizing::new([seed, public].concat())));
        secret.extend_from_slice(&string(COMMENT.as_bytes()));
        let padding = (BLOCK - secret.len() % BLOCK) % BLOCK;
        secret.extend((1..).take(padding));
        let file = Zeroizing::new(
            [
                b"openssh-key-v1\0".to_vec(),
                // No cipher, no key derivation, one key.
                string(b"none"),
                string(b"none"),
                string(b""),
                1_u32.to_be_bytes().to_vec(),
                string(&blob),
                string(&secret),
            ]
            .concat(),
        );
        Ok(Self {
            public: format!("{TYPE} {} {COMMENT}", STANDARD.encode(&blob)),
            private: armour(&file),
        })
    }
}

/// A length, then the bytes (RFC 4251 section 5).
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [length.to_be_bytes().as_slice(), bytes].concat()
}

fn armour(file: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(file));
    let mut text = Zeroizing::new(String::from("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
    for (position, character) in encoded.chars().enumerate() {
        if position > 0 && position % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END OPENSSH PRIVATE KEY-----\n");
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn openssh_reads_the_private_part_and_finds_the_public_one_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = DeployKey::generate().unwrap();
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .unwrap();
        std::io::Write::write_all(&mut file, key.private.as_bytes()).unwrap();
        let read = Command::new("ssh-keygen")
            .arg("-y")
            .arg("-f")
            .arg(&path)
            .output()
            .unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        assert_eq!(String::from_utf8(read.stdout).unwrap().trim(), key.public);
        assert_ne!(DeployKey::generate().unwrap().public, key.public);
    }
}
