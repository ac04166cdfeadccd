-- The provider's own id of the repository, learned from the first signed delivery that names the project's address: a
-- renamed repository is still the same one, and another one under the old name is not.
alter table projects
    add column repo_forge text,
    add column repo_external_id text,
    add constraint projects_repo_external_id_whole check ((repo_forge is null) = (repo_external_id is null));
create index projects_repo_external_id on projects (repo_forge, repo_external_id) where deleted_at is null;
