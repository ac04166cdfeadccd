//! Short-lived containers that do one thing for Aether itself in the machine's own network.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{AttachContainerOptionsBuilder, CreateContainerOptionsBuilder};
use futures::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::container::{Disposable, exit_code};
use super::engine::{Engine, EngineError};
use super::labels;
use crate::runtime::RuntimeError;

const LIMIT: Duration = Duration::from_secs(30);
/// The most of its output that is kept.
const OUTPUT_MAX: usize = 4 * 1024 * 1024;

/// Runs `command` of `image` with the right to administer the network, and returns what it printed.
pub(super) async fn run_in_host_network(
    engine: &Engine,
    owner: &str,
    image: &str,
    command: &[&str],
    input: Option<&str>,
) -> Result<String, RuntimeError> {
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        user: Some("0:0".to_owned()),
        entrypoint: Some(command.iter().map(|&word| word.to_owned()).collect()),
        cmd: Some(Vec::new()),
        open_stdin: Some(input.is_some()),
        stdin_once: Some(true),
        attach_stdin: Some(input.is_some()),
        labels: Some(labels::labels(owner, labels::HELPER, &[])),
        host_config: Some(HostConfig {
            network_mode: Some("host".to_owned()),
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(vec!["NET_ADMIN".to_owned(), "NET_RAW".to_owned()]),
            security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
            // iptables keeps its lock there.
            tmpfs: Some([("/run".to_owned(), "rw,nosuid,nodev,noexec,size=1m".to_owned())].into()),
            readonly_rootfs: Some(true),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let name = format!("{owner}-helper-{:08x}", rand::random::<u32>());
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    engine
        .call("making a helper", |docker| {
            docker.create_container(Some(options), body)
        })
        .await?;
    let container = Disposable::new(engine, &name);
    let result = timeout(LIMIT, run(engine, &name, input)).await;
    container.remove().await?;
    let (code, output) = result.map_err(|_| EngineError::Silent {
        context: "running a helper",
    })??;
    if code != 0 {
        return Err(RuntimeError::Protocol(format!(
            "{} failed with code {code}: {}",
            command.join(" "),
            output.trim()
        )));
    }
    Ok(output)
}

async fn run(engine: &Engine, name: &str, input: Option<&str>) -> Result<(i64, String), EngineError> {
    let attach = AttachContainerOptionsBuilder::new()
        .stream(true)
        .stdin(input.is_some())
        .stdout(true)
        .stderr(true)
        .build();
    let mut attached = engine
        .call("attaching to a helper", |docker| {
            docker.attach_container(name, Some(attach))
        })
        .await?;
    engine
        .call("starting a helper", |docker| docker.start_container(name, None))
        .await?;
    if let Some(input) = input {
        let gone = |error: std::io::Error| EngineError::Gone {
            context: "writing to a helper",
            message: error.to_string(),
        };
        attached.input.write_all(input.as_bytes()).await.map_err(gone)?;
        attached.input.shutdown().await.map_err(gone)?;
    }
    let mut output = Vec::new();
    let mut faults = Vec::new();
    while let Some(Ok(part)) = attached.output.next().await {
        let kept = if matches!(part, LogOutput::StdErr { .. }) {
            &mut faults
        } else {
            &mut output
        };
        kept.extend_from_slice(&part.into_bytes());
        kept.truncate(OUTPUT_MAX);
    }
    let code = exit_code(engine, name).await?;
    let kept = if code == 0 { output } else { faults };
    Ok((code, String::from_utf8_lossy(&kept).into_owned()))
}
