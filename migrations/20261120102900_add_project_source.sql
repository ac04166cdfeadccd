-- Where a project's files come from: a Git repository, or a template that comes with Aether.
alter table projects
    add column source text not null default 'git' constraint projects_source_known check (source in ('git', 'template')),
    add column template text,
    alter column repo_url drop not null,
    add constraint projects_source_complete check (
        (source <> 'git' or repo_url is not null) and (source <> 'template' or template is not null));
