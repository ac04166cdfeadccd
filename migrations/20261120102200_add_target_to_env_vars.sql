-- A variable is for production, for previews, or for both; one for a single kind of environment goes before one for both.
alter table env_vars
    add column target text not null default 'all'
        constraint env_vars_target_known check (target in ('all', 'production', 'preview')),
    drop constraint env_vars_name_key,
    add constraint env_vars_name_key unique (project_id, name, target);
