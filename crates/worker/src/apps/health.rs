//! Is an app ready for visitors? Asked from outside, the way the proxy will reach it: TCP connect, or an HTTP path that
//! answers with 2xx or 3xx.

use std::net::SocketAddr;
use std::time::Duration;

use aether_models::{RuntimeName, UserError};
use aether_store::{Instance, InstanceState};
use http_body_util::Empty;
use hyper::Request;
use hyper::header::{HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;
use crate::pipeline::StepError;
use crate::runtime::AppState;

/// One question.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(5);
/// First pause between questions; it doubles up to [`PAUSE_MAX`], so that fast apps are live fast.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// The engine's proxy tries the app on this machine: that takes no longer.
const PROXY_GIVES_UP: Duration = Duration::from_millis(60);
/// One restart is forgiven (some apps end when a neighbour is not up yet); an app that ends again will go on so.
const RESTARTS_FORGIVEN: u32 = 1;

/// Why an app is not healthy.
#[derive(Debug)]
pub(crate) enum Unhealthy {
    /// The deployment was told to stop.
    Stopped,
    /// The app's own fault.
    Failed(Reason),
    /// This machine's fault.
    Machine(StepError),
}

/// What is wrong with the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Its process ended.
    Exited {
        /// How, in words.
        last_exit: String,
    },
    /// It runs, and nothing listens on its port.
    NotListening {
        /// How long was waited.
        waited: Duration,
    },
    /// It answers its health path with something else than success.
    BadAnswer {
        /// The path.
        path: String,
        /// What came, in words.
        answer: String,
        /// How long was waited.
        waited: Duration,
    },
}

/// Waits until the app answers; marks it healthy. Returns how long that took.
///
/// # Errors
/// [`Unhealthy`].
pub(crate) async fn wait_until_healthy(
    env: &Environment,
    instance: &Instance,
    cancel: &CancellationToken,
) -> Result<Duration, Unhealthy> {
    let patience = Duration::from_secs(u64::from(instance.settings.health_check_timeout_seconds.max(1)));
    let path = instance.settings.health_check_path.as_deref();
    let (started, mut pause, mut last_exit) = (Instant::now(), PAUSE_MIN, None);
    loop {
        let answer = answers(instance, path).await;
        match inspect(env, instance, &mut last_exit).await? {
            // Somebody else may listen on the port of an app that has ended.
            Phase::Runs if answer.is_ok() => break,
            Phase::Runs | Phase::BetweenStarts => {}
            Phase::Ended { last_exit } => return Err(Unhealthy::Failed(Reason::Exited { last_exit })),
        }
        if started.elapsed() >= patience {
            return Err(Unhealthy::Failed(match (answer, path, last_exit) {
                (_, _, Some(last_exit)) => Reason::Exited { last_exit },
                (Err(Question::Answered(answer)), Some(path), None) => Reason::BadAnswer {
                    path: path.to_owned(),
                    answer,
                    waited: patience,
                },
                _ => Reason::NotListening { waited: patience },
            }));
        }
        tokio::select! {
            () = cancel.cancelled() => return Err(Unhealthy::Stopped),
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE_MAX),
        }
    }
    let healthy = InstanceState::Healthy;
    env.store
        .set_instance_state(instance.id, healthy, instance.restarts, None)
        .await
        .map_err(|error| Unhealthy::Machine(error.into()))?;
    Ok(started.elapsed())
}

/// What an app is doing while it should become healthy.
enum Phase {
    Runs,
    BetweenStarts,
    Ended { last_exit: String },
}

async fn inspect(
    env: &Environment,
    instance: &Instance,
    seen: &mut Option<String>,
) -> Result<Phase, Unhealthy> {
    let handle = env
        .runtime
        .inspect_app(instance.id)
        .await
        .map_err(|error| Unhealthy::Machine(error.into()))?;
    let Some(handle) = handle else {
        return Ok(Phase::Ended {
            last_exit: "was stopped".to_owned(),
        });
    };
    Ok(match handle.state {
        AppState::Running => Phase::Runs,
        AppState::BackingOff { last_exit } if handle.restarts < RESTARTS_FORGIVEN => {
            *seen = Some(last_exit);
            Phase::BetweenStarts
        }
        AppState::BackingOff { last_exit } | AppState::CrashLooping { last_exit } => {
            Phase::Ended { last_exit }
        }
        AppState::Stopped => Phase::Ended {
            last_exit: seen.take().unwrap_or_else(|| "ended".to_owned()),
        },
    })
}

/// What a question that was not answered with success led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// Nobody listens.
    Refused,
    /// Something came, in words.
    Answered(String),
}

/// Asks once.
///
/// # Errors
/// [`Question`].
pub(crate) async fn answers(instance: &Instance, path: Option<&str>) -> Result<(), Question> {
    let address = instance.address;
    let ask = async {
        let stream = TcpStream::connect(address).await.map_err(|_| Question::Refused)?;
        match path {
            None if is_behind_engine(instance) => stays_open(&stream).await,
            None => Ok(()),
            Some(path) => get(stream, address, path).await,
        }
    };
    timeout(QUESTION_TIMEOUT, ask).await.unwrap_or_else(|_| {
        Err(Question::Answered(format!(
            "no answer within {} s",
            QUESTION_TIMEOUT.as_secs()
        )))
    })
}

/// A published port is held by the engine's own proxy, which accepts whether the app listens or not.
fn is_behind_engine(instance: &Instance) -> bool {
    instance.runtime == RuntimeName::Docker.as_str() && instance.address.ip().is_loopback()
}

/// The engine's proxy closes a connection at once when nobody listens behind it.
async fn stays_open(stream: &TcpStream) -> Result<(), Question> {
    let mut byte = [0];
    match timeout(PROXY_GIVES_UP, stream.peek(&mut byte)).await {
        Err(_) | Ok(Ok(1..)) => Ok(()),
        Ok(Ok(0) | Err(_)) => Err(Question::Refused),
    }
}

async fn get(stream: TcpStream, address: SocketAddr, path: &str) -> Result<(), Question> {
    let broken = |error: hyper::Error| Question::Answered(format!("no valid answer ({error})"));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let connection = tokio::spawn(connection);
    let request = Request::get(if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    })
    .header(HOST, address.to_string())
    .header(USER_AGENT, "aether-health-check")
    .body(Empty::<bytes::Bytes>::new())
    .map_err(|_| Question::Answered("the path cannot be asked for".to_owned()))?;
    let response = sender.send_request(request).await.map_err(broken);
    connection.abort();
    let status = response?.status();
    if status.is_success() || status.is_redirection() {
        return Ok(());
    }
    Err(Question::Answered(format!("status {}", status.as_u16())))
}

/// The failure as the app's owner reads it.
#[must_use]
pub(crate) fn explain_unhealthy(reason: &Reason, instance: &Instance, last_lines: &[String]) -> UserError {
    let port = instance.address.port();
    let (title, what, hint) = match reason {
        Reason::Exited { last_exit } => (
            "The app ended while it was starting",
            format!("It {last_exit}."),
            "Read its last lines; often a variable is missing or the start command is wrong. The previous release keeps serving.".to_owned(),
        ),
        Reason::NotListening { waited } => (
            "The app did not become healthy",
            format!("It runs, but after {} seconds nothing listens on port {port}.", waited.as_secs()),
            wrong_port_hint(port, last_lines),
        ),
        Reason::BadAnswer { path, answer, waited } => (
            "The app did not become healthy",
            format!("After {} seconds {path} still answers with: {answer}.", waited.as_secs()),
            format!("{path} must answer with a 2xx or 3xx status; change the health check path in Settings if it is the wrong one. The previous release keeps serving."),
        ),
    };
    let quoted = crate::pipeline::quote(last_lines);
    let detail = if quoted.is_empty() {
        what
    } else {
        format!("{what} Its last lines:\n{quoted}")
    };
    UserError::new("app_not_healthy", title, detail).hint(hint)
}

fn wrong_port_hint(port: u16, last_lines: &[String]) -> String {
    let advice = "The app must listen on the port in the variable PORT, on all addresses or 0.0.0.0. The previous release keeps serving.";
    match mentioned_port(port, last_lines) {
        Some(other) => format!("Its log mentions port {other}: it probably listens there. {advice}"),
        None => advice.to_owned(),
    }
}

/// A port in the app's own words ("listening on http://localhost:3000", "port 8080").
fn mentioned_port(expected: u16, last_lines: &[String]) -> Option<u16> {
    let is_port = |number: &str| {
        number
            .parse::<u16>()
            .ok()
            .filter(|port| *port >= 80 && *port != expected)
    };
    for line in last_lines.iter().rev() {
        let lower = line.to_lowercase();
        for (at, _) in lower.match_indices([':', ' ']) {
            let before = &lower[..at];
            let digits: String = lower[at + 1..].chars().take_while(char::is_ascii_digit).collect();
            let is_address =
                lower[at..].starts_with(':') && before.ends_with(|c: char| c.is_alphanumeric() || c == ']');
            let is_named = before.ends_with("port") || before.ends_with("port:");
            let is_clock = digits.len() < 3;
            if (is_address || is_named)
                && !is_clock
                && let Some(port) = is_port(&digits)
            {
                return Some(port);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f26_a_port_in_the_log_is_found() {
        let find = |line: &str| mentioned_port(21_000, &[line.to_owned()]);
        assert_eq!(find("Server listening on http://localhost:3000"), Some(3000));
        assert_eq!(find("Listening on port 8080"), Some(8080));
        assert_eq!(find("ready on 0.0.0.0:5000/"), Some(5000));
        assert_eq!(find("http://[::1]:4000"), Some(4000));
        assert_eq!(find("listening on port 21000"), None);
        assert_eq!(find("12:30:45 started"), None);
        assert_eq!(find("took 3000 ms"), None);
    }
}
