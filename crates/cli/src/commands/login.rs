//! `aether login`: proves who somebody is once and keeps an API token of its own.

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::args::{Login, Server};
use crate::ask;
use crate::client::{Client, typed};
use crate::config::{Config, Target, origin, parse_url};
use crate::output::{Output, Usage};
use crate::text::for_terminal;

#[derive(Deserialize)]
struct SignedIn {
    access_token: SecretString,
}

#[derive(Deserialize)]
struct CreatedToken {
    secret: SecretString,
}

pub(crate) async fn run(server: &Server, options: &Login, output: &Output) -> anyhow::Result<()> {
    let mut config = Config::load(output)?;
    let mut target = config.target(server)?;
    if let Some(address) = &options.address {
        target = Target {
            url: parse_url(address)?,
            token: None,
        };
    }
    let url = target.url.clone();
    let client = Client::new(Target {
        token: None,
        ..target
    })?;
    let token = if options.token_stdin {
        ask::read_stdin("token")?.into()
    } else {
        sign_in(&client, options).await?
    };
    let user = client.with_token(token.clone()).get(&["auth", "me"]).await?;
    let path = config.remember(&url, &token)?;
    if output.is_json() {
        return output.json(&json!({ "url": origin(&url), "user": user }));
    }
    let email = user.get("email").and_then(Value::as_str).unwrap_or_default();
    output.progress(&format!(
        "Logged in to {} as {}",
        origin(&url),
        for_terminal(email, false)
    ));
    output.progress(&output.dim(&format!("The token is in {}", path.display())));
    Ok(())
}

/// A session, then a token of this machine's own, so that the session can end.
async fn sign_in(client: &Client, options: &Login) -> anyhow::Result<SecretString> {
    let email = match &options.email {
        Some(email) => email.clone(),
        None => ask::text("E-mail", "--email")?,
    };
    let password = if options.password_stdin {
        ask::read_stdin("password")?.into()
    } else {
        ask::secret("Password", "--password-stdin")?
    };
    let mut body = json!({ "email": email, "password": password.expose_secret() });
    let path = match &options.setup_token {
        Some(token) => {
            body["setup_token"] = json!(token);
            body["name"] = json!(owner_name(options, &email)?);
            "register"
        }
        None => "login",
    };
    let session: SignedIn = typed(client.post(&["auth", path], body).await?)?;
    let client = client.with_token(session.access_token);
    let name = format!("aether on {}", host_name());
    let body = json!({ "name": name, "scopes": ["read", "deploy", "write"], "expires_at": null });
    let created: CreatedToken = typed(
        client
            .post(&["tokens"], body)
            .await
            .context("making an API token")?,
    )?;
    // The token is kept whether or not the session could be ended.
    let _ = client.post(&["auth", "logout"], json!({})).await;
    Ok(created.secret)
}

fn owner_name(options: &Login, email: &str) -> anyhow::Result<String> {
    let from_email = || {
        email
            .split('@')
            .next()
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
    };
    let name = options.name.clone().or_else(from_email);
    name.ok_or_else(|| Usage("give your name with --name".into()).into())
}

fn host_name() -> String {
    let name = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this machine".to_owned())
}
