//! What a person needs to know once everything runs.

use serde_json::json;

use super::settings::UpSettings;
use crate::output::Output;

/// Prints where everything is. The platform goes on running when nobody reads it.
pub(super) fn running(settings: &UpSettings, set_up_link: Option<&str>, output: &Output) {
    let dashboard = settings.api.public_url.as_str().trim_end_matches('/');
    let apps = &settings.api.apps_url;
    let port = match (apps.scheme.as_str(), apps.port) {
        ("http", 80) | ("https", 443) => String::new(),
        (_, port) => format!(":{port}"),
    };
    let sites = format!("{}://<project>.{}{port}", apps.scheme, settings.api.apps_domain);
    let data = settings.data_dir.display();
    if output.is_json() {
        let told = json!({
            "dashboard": dashboard, "sites": sites, "data_dir": settings.data_dir, "set_up_link": set_up_link,
        });
        let _ = output.json(&told);
        return;
    }
    let mut text =
        format!("Aether is running.\n  dashboard  {dashboard}\n  sites      {sites}\n  data       {data}");
    if let Some(link) = set_up_link {
        text.push_str(&format!(
            "\n\nOpen this link once to make the owner's account:\n  {link}"
        ));
    }
    text.push_str("\n\nCtrl-C stops everything.");
    let _ = output.line(&text);
}
