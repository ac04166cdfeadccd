//! What planners of compiled and scripted languages share: putting the deciding rule into a draft.

use crate::app::App;
use crate::draft::Draft;
use crate::rules::{self, Rule};

/// Notes the framework of `language`, if one is recognised.
pub(crate) fn apply(app: &App<'_>, language: &str, draft: &mut Draft) -> Option<&'static Rule> {
    let hit = rules::matching(app, language).into_iter().next()?;
    draft.plan.framework = Some(hit.rule.slug.clone());
    draft.at_most(hit.rule.confidence);
    for (file, says) in &hit.evidence {
        draft.say_at(app.folder.path(file), format!("{} ({says})", hit.rule.name));
    }
    draft.cache(&hit.rule.cache);
    draft.plan.port = hit.rule.port;
    Some(hit.rule)
}

/// The line of `text` that begins with `key`, without it and without quotes.
pub(crate) fn value_of_line<'s>(text: &'s str, key: &str) -> Option<&'s str> {
    text.lines().find_map(|line| {
        let value = line.trim_start().strip_prefix(key)?;
        Some(
            value
                .trim()
                .trim_start_matches([':', '='])
                .trim()
                .trim_matches(['"', '\'', ',', ';']),
        )
    })
}

/// What stands between `before` and `after`, the first time.
pub(crate) fn between<'s>(text: &'s str, before: &str, after: &str) -> Option<&'s str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0.trim())
}
