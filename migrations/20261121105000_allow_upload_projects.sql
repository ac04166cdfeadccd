-- A project may have no place to fetch its files from: folders are sent to it.
alter table projects
    drop constraint projects_source_known,
    add constraint projects_source_known check (source in ('git', 'template', 'upload'));
