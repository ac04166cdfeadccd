//! Files that a repository keeps in Git LFS, where a project wants them: the checkout has written pointers, which are
//! replaced by what they stand for.

use uuid::Uuid;

use super::step::StepError;
use super::{BuildLog, Job};
use crate::git::{LfsPointer, RemoteRepository};

/// Replaces the pointers of one tree, which lies in `folder` of the workspace.
pub(super) async fn replace_pointers(
    job: &Job,
    repository: &RemoteRepository,
    owner: Uuid,
    log: &BuildLog,
    folder: &str,
    pointers: &[LfsPointer],
) -> Result<(), StepError> {
    let Some(first) = pointers.first() else {
        return Ok(());
    };
    if !job.claimed.settings.lfs {
        log.say(format!(
            "Warning: {} files are kept in Git LFS ({folder}{} is one) and were left as pointers; switch LFS on in the \
             project's settings",
            pointers.len(),
            first.path
        ));
        return Ok(());
    }
    let say = |line: String| log.say(line);
    job.env
        .git
        .fetch_lfs(
            owner,
            repository,
            &job.workspace().join(folder),
            pointers,
            &say,
            job.stop.token(),
        )
        .await
        .map_err(StepError::git(repository.url.as_str()))
}
